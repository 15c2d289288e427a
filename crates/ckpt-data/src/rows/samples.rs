//! Samples whose features stay on the disk.

use std::path::Path;

use ndarray::Array1;

use super::{NpyRows, Width, order};
use crate::{
    Column, DataError, Float, Problem, Roles, Values,
    array::element::Element,
    samples::{Cast, target, weights},
};

/// What a model is trained on, as [`Samples`](crate::Samples), with the features on the disk.
#[derive(Debug)]
pub struct StoredSamples<T> {
    /// The names of the columns of `x`.
    pub features: Vec<String>,
    /// The name of the column that `y` is.
    pub target: String,
    /// The features alone, finite in `T`, in a temporary file.
    pub x: NpyRows,
    /// The target of each row: a number, or the place of its class in `classes`.
    pub y: Array1<T>,
    /// The distinct labels of a target that is classes.
    pub classes: Option<Vec<String>>,
    /// How much each row counts.
    pub weights: Option<Array1<T>>,
}

impl NpyRows {
    /// Makes samples of the columns in their roles, with the rows in another order: row i is what
    /// row `order[i]` is here. The features go to a temporary file in `folder`, as in
    /// [`rearranged`](Self::rearranged); target and weights are held in memory.
    ///
    /// In the order 0, 1, ... the samples are those of [`Table::samples`](crate::Table::samples).
    ///
    /// # Errors
    /// As [`Table::samples`](crate::Table::samples) and [`rearranged`](Self::rearranged); rows in
    /// errors are those of this file.
    ///
    /// # Panics
    /// As [`rearranged`](Self::rearranged).
    pub fn samples<T: Float>(
        &self,
        roles: &Roles,
        order: &[usize],
        folder: &Path,
    ) -> Result<StoredSamples<T>, DataError> {
        let names: Vec<String> = (0..self.columns).map(|index| format!("x{index}")).collect();
        let error = |problem| DataError::file(&self.name, problem);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let cast = Cast::new(&names, roles).map_err(error)?;
        let mut columns = self.held(&[Some(cast.target), cast.weights], &names)?.into_iter();
        let y = columns.next().map(|column| target::<T>(&column, roles.kind)).transpose();
        let (y, classes) = y.map_err(error)?.expect("the target was asked for");
        let weights = columns.next().map(|column| weights::<T>(&column)).transpose();
        let weights = weights.map_err(error)?;
        let in_order = |values: Array1<T>| order.iter().map(|row| values[*row]).collect();
        let check = |first, bytes: &[u8]| self.check_finite::<T>(first, bytes, &cast.features);
        Ok(StoredSamples {
            x: order::rearrange(self, order, &cast.features, folder, order::MEMORY, check)?,
            features: cast.features.iter().map(|index| names[*index].to_owned()).collect(),
            target: names[cast.target].to_owned(),
            y: in_order(y),
            classes,
            weights: weights.map(in_order),
        })
    }

    /// Reads columns into memory.
    fn held(&self, wanted: &[Option<usize>], names: &[&str]) -> Result<Vec<Column>, DataError> {
        let wanted: Vec<usize> = wanted.iter().flatten().copied().collect();
        let values = match self.width {
            Width::F32 => self.held_as::<f32>(&wanted)?,
            Width::F64 => self.held_as::<f64>(&wanted)?,
        };
        let column =
            |(index, values): (&usize, _)| Column { name: names[*index].to_owned(), values };
        Ok(wanted.iter().zip(values).map(column).collect())
    }

    fn held_as<E: Element>(&self, wanted: &[usize]) -> Result<Vec<Values>, DataError> {
        let mut held: Vec<Vec<E::Stored>> =
            wanted.iter().map(|_| Vec::with_capacity(self.rows)).collect();
        self.pieces(0..self.rows, |_, bytes| {
            for (index, values) in wanted.iter().zip(&mut held) {
                values.extend(E::every_from_le(bytes, *index, self.columns).map(E::stored));
            }
            Ok(())
        })?;
        Ok(held.into_iter().map(E::values).collect())
    }

    /// Checks that the features of rows are finite in `T`.
    fn check_finite<T: Float>(
        &self,
        first: usize,
        bytes: &[u8],
        features: &[usize],
    ) -> Result<(), DataError> {
        let is_bad = |value: f64| !T::from_f64(value).is_finite();
        let bad = match self.width {
            Width::F32 => f32::from_le(bytes).map(f64::from).enumerate().find(|(_, v)| is_bad(*v)),
            Width::F64 => f64::from_le(bytes).enumerate().find(|(_, v)| is_bad(*v)),
        };
        bad.map_or(Ok(()), |(index, value)| {
            let row = first + index / features.len() + 1;
            let column = format!("x{}", features[index % features.len()]);
            Err(DataError::file(&self.name, Problem::not_finite::<T>(row, column, value)))
        })
    }
}
