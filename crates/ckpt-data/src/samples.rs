//! What a model is trained on.

mod classes;
mod numbers;

use ndarray::{Array1, Array2};

use self::numbers::Numbers;
use crate::{Column, DataError, Float, Problem, Roles, Table, Target, Values};

/// Rows that are gathered at a time, so that what they are gathered into stays in the cache.
const ROWS: usize = 256;

/// Features and target of a regression or a classification: finite numbers, one row per sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Samples<T = f64> {
    /// The names of the columns of `x`.
    pub features: Vec<String>,
    /// The name of the column that `y` is.
    pub target: String,
    /// Rows x features, row-major.
    pub x: Array2<T>,
    /// The target of each row: a number, or the place of its class in `classes`.
    pub y: Array1<T>,
    /// The distinct labels of a target that is classes: at least two, without the spaces around
    /// them, text sorted by its bytes, numbers by value and written in their shortest form.
    pub classes: Option<Vec<String>>,
    /// How much each row counts: no weight is negative, and not all are 0.
    pub weights: Option<Array1<T>>,
}

impl Table {
    /// Splits the table into a target of numbers, by default the last column, and the features:
    /// all other columns, in their order.
    ///
    /// [`samples`](Self::samples) does so for classes, weights and columns to leave out.
    ///
    /// # Errors
    /// No column of that name, no other column, a column that is text, a number that is not
    /// finite.
    pub fn split_target(&self, name: Option<&str>) -> Result<Samples, DataError> {
        let target = name.map(str::to_owned);
        self.samples(&Roles { target, kind: Target::Number, ..Roles::default() })
    }

    /// Makes samples in `f32` or `f64` of the columns in their roles.
    ///
    /// Numbers of another type become the nearest of this one. The samples are a copy: a large
    /// table is best dropped before training.
    ///
    /// # Errors
    /// No column of a name, one column in two roles, no features, a feature that is text, a target
    /// that is not what it is said to be, a label without text, a single class, weights that are
    /// negative or all 0, a number that is not finite or beyond the range of `T`.
    pub fn samples<T: Float>(&self, roles: &Roles) -> Result<Samples<T>, DataError> {
        let columns = self.columns();
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let cast = Cast::new(&names, roles)?;
        let features: Vec<&Column> = cast.features.iter().map(|index| &columns[*index]).collect();
        let (y, classes) = target(&columns[cast.target], roles.kind)?;
        Ok(Samples {
            x: matrix(&features, self.rows())?,
            y,
            classes,
            weights: cast.weights.map(|index| weights(&columns[index])).transpose()?,
            features: features.iter().map(|column| column.name.clone()).collect(),
            target: columns[cast.target].name.clone(),
        })
    }
}

/// The places of the columns in their roles.
pub(crate) struct Cast {
    pub(crate) target: usize,
    pub(crate) weights: Option<usize>,
    pub(crate) features: Vec<usize>,
}

impl Cast {
    pub(crate) fn new(names: &[&str], roles: &Roles) -> Result<Self, Problem> {
        let find = |name: &String| {
            names.iter().position(|other| other == name).ok_or_else(|| Problem::UnknownColumn {
                name: name.clone(),
                columns: names.join(", "),
            })
        };
        let weights = roles.weights.as_ref().map(find).transpose()?;
        let drop = roles.drop.iter().map(find).collect::<Result<Vec<_>, _>>()?;
        let is_free = |column: &usize| weights != Some(*column) && !drop.contains(column);
        let mut free: Vec<usize> = (0..names.len()).filter(is_free).collect();
        let target = match &roles.target {
            Some(name) => find(name)?,
            None => free.last().copied().ok_or(Problem::NoTarget)?,
        };
        if !is_free(&target) {
            return Err(Problem::TwoRoles(names[target].to_owned()));
        }
        free.retain(|column| *column != target);
        if free.is_empty() {
            return Err(Problem::NoFeatures(names[target].to_owned()));
        }
        Ok(Self { target, weights, features: free })
    }
}

/// Returns a column as the target, and the labels if it is classes.
pub(crate) fn target<T: Float>(
    column: &Column,
    kind: Target,
) -> Result<(Array1<T>, Option<Vec<String>>), Problem> {
    let is_classes = match kind {
        Target::Number => false,
        Target::Classes => true,
        Target::Auto => match &column.values {
            Values::Text(cells) => {
                numbers::check_no_stray(column, cells)?;
                true
            }
            Values::Number(_) | Values::Single(_) => false,
        },
    };
    if is_classes {
        let (places, labels) = classes::of(column)?;
        let y = places.into_iter().map(|place| T::from_f64(place as f64)).collect();
        return Ok((y, Some(labels)));
    }
    Ok((Numbers::of::<T>(column, Problem::TextTarget)?.to_array(), None))
}

/// Gathers columns into a row-major matrix.
fn matrix<T: Float>(columns: &[&Column], rows: usize) -> Result<Array2<T>, Problem> {
    let numbers = columns.iter().map(|column| Numbers::of::<T>(column, Problem::TextFeature));
    let numbers = numbers.collect::<Result<Vec<_>, _>>()?;
    let width = numbers.len();
    let mut values = vec![T::default(); rows * width];
    for (block, values) in values.chunks_mut(ROWS * width).enumerate() {
        for (column, numbers) in numbers.iter().enumerate() {
            numbers.spread(block * ROWS, values.iter_mut().skip(column).step_by(width));
        }
    }
    Ok(Array2::from_shape_vec((rows, width), values).expect("as many as the shape takes"))
}

/// Returns a column as weights.
pub(crate) fn weights<T: Float>(column: &Column) -> Result<Array1<T>, Problem> {
    let weights: Array1<T> = Numbers::of::<T>(column, Problem::TextWeights)?.to_array();
    let name = || column.name.clone();
    if let Some(index) = weights.iter().position(|weight| weight.to_f64() < 0.0) {
        let value = weights[index].to_f64();
        return Err(Problem::NegativeWeight { row: index + 1, column: name(), value });
    }
    if weights.iter().all(|weight| weight.to_f64() == 0.0) {
        return Err(Problem::ZeroWeights(name()));
    }
    Ok(weights)
}
