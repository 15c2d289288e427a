//! What the columns of a table are for.

/// Says which column is the target, which holds weights and which are left out; all others are
/// features.
///
/// ```
/// use ckpt_data::{Roles, Table, Target};
///
/// let csv = "name,length,width,species\na,5.1,3.5,setosa\nb,5.9,3.0,virginica\n";
/// let table = Table::read_csv(csv.as_bytes(), "flowers.csv")?;
/// let roles = Roles { kind: Target::Classes, drop: vec!["name".into()], ..Roles::default() };
/// let samples = table.samples::<f32>(&roles)?;
/// assert_eq!(samples.features, ["length", "width"]);
/// assert_eq!(samples.classes.unwrap(), ["setosa", "virginica"]);
/// assert_eq!(samples.y.to_vec(), [0.0, 1.0]);
/// # Ok::<(), ckpt_data::DataError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Roles {
    /// The column to predict; by default the last one that is neither weights nor left out.
    pub target: Option<String>,
    /// What the target is.
    pub kind: Target,
    /// The column of sample weights: how much each row counts.
    pub weights: Option<String>,
    /// Columns that are no features.
    pub drop: Vec<String>,
}

/// What a target is: a quantity or a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Target {
    /// Text is classes, numbers are numbers.
    ///
    /// A column that is text for a few cells among numbers is refused, since it is more often a
    /// damaged quantity than classes.
    #[default]
    Auto,
    /// Numbers; text is refused.
    Number,
    /// Classes: each distinct text or number is one.
    Classes,
}
