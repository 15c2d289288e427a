//! Splitting tables into features and target.

use ckpt_data::{Column, Roles, Samples, Table, Values};
use ckpt_hash::TableHasher;
use ndarray::{Array2, array};

fn table(csv: &str) -> Table {
    Table::read_csv(csv.as_bytes(), "t.csv").expect("a table")
}

fn split(csv: &str, target: Option<&str>) -> Result<Samples, String> {
    let samples = table(csv).split_target(target);
    samples.map_err(|error| error.to_string())
}

#[test]
fn the_last_column_is_the_target() {
    let table = table("a,b,c\n1,2,3\n4,5,6\n");
    let samples = table.split_target(None).unwrap();
    assert_eq!(samples.features, ["a", "b"]);
    assert_eq!(samples.target, "c");
    assert_eq!(samples.x, array![[1.0, 2.0], [4.0, 5.0]]);
    assert_eq!(samples.y, array![3.0, 6.0]);
    assert!(samples.x.is_standard_layout());
    let hash = TableHasher::new().matrix(samples.x.view());
    assert_eq!(hash.f64_column(samples.y).finish(), table.id());
}

#[test]
fn any_column_can_be_the_target() {
    let samples = split("a,b,c\n1,2,3\n4,5,6\n", Some("b")).unwrap();
    assert_eq!(samples.features, ["a", "c"]);
    assert_eq!(samples.x, array![[1.0, 3.0], [4.0, 6.0]]);
    assert_eq!(samples.y, array![2.0, 5.0]);
}

#[test]
fn refusals_name_the_column() {
    assert_eq!(
        split("a,b\n1,2\n", Some("c")).unwrap_err(),
        "no column \"c\"; the columns are a, b"
    );
    assert_eq!(split("a\n1\n", None).unwrap_err(), "no columns but the target a");
    let iris = "length,species,width\n1,setosa,2\n1,virginica,2\n";
    assert_eq!(
        split(iris, Some("species")).unwrap_err(),
        "target species is text, and a regression needs numbers; take it as classes"
    );
    assert_eq!(
        split(iris, None).unwrap_err(),
        "column species is text, and a model needs numbers; leave the column out"
    );
}

#[test]
fn a_stray_cell_is_named() {
    assert_eq!(
        split("a,b\n1,1\nNA,2\nNA,3\n", None).unwrap_err(),
        "row 2, column a: \"NA\" is not a number; correct it or remove the row"
    );
    assert_eq!(
        split("a,b\n1,\n1,2\n1,?\n", None).unwrap_err(),
        "row 1, column b: \"\" is not a number; correct it or remove the row"
    );
}

#[test]
fn numbers_must_be_finite() {
    assert_eq!(
        split("a,b\n1,2\n3,nan\n", None).unwrap_err(),
        "row 2, column b: NaN is not a finite number; correct it or remove the row"
    );
    assert_eq!(
        split("a,b\n1,2\n1,3\n-1e999,3\n", None).unwrap_err(),
        "row 3, column a: -inf is not a finite number; correct it or remove the row"
    );
}

#[test]
fn numbers_must_be_finite_in_the_type_that_is_trained_in() {
    let roles = Roles::default();
    let samples = table("a,b\n0.1,2\n").samples::<f32>(&roles).unwrap();
    assert_eq!(samples.x, array![[0.1_f32]]);
    let error = table("a,b\n1,2\n1e39,2\n").samples::<f32>(&roles).unwrap_err();
    assert_eq!(error.to_string(), "row 2, column a: 1e39 is beyond float32; train in float64");
}

#[test]
fn tables_in_memory_are_checked() {
    let column = |name: &str, values: &[f64]| Column {
        name: name.to_owned(),
        values: Values::Number(values.to_vec()),
    };
    let refusal = |columns: &[Column]| Table::new(columns.to_vec()).unwrap_err().to_string();
    assert_eq!(refusal(&[]), "no columns");
    assert_eq!(refusal(&[column("a", &[])]), "no rows");
    assert_eq!(refusal(&[column("", &[1.0])]), "column 1 has no name; name it");
    assert_eq!(
        refusal(&[column("a", &[1.0]), column("b", &[1.0, 2.0])]),
        "column b has 2 rows, column a has 1"
    );
    let twice = [column("a", &[1.0]), column("a", &[1.0])];
    assert_eq!(refusal(&twice), "two columns are named a; rename one");
}

#[test]
fn wide_and_long_tables_are_gathered_row_by_row() {
    let column = |column: usize| Column {
        name: format!("c{column}"),
        values: match column {
            2 => Values::Single((0..1000).map(|row| (1000 * column + row) as f32).collect()),
            _ => Values::Number((0..1000).map(|row| (1000 * column + row) as f64).collect()),
        },
    };
    let table = Table::new((0..5).map(column).collect()).unwrap();
    let samples = table.samples::<f64>(&Roles::default()).unwrap();
    let expected = Array2::from_shape_fn((1000, 4), |(row, column)| (1000 * column + row) as f64);
    assert_eq!(samples.x, expected);
    assert_eq!(table.samples::<f32>(&Roles::default()).unwrap().x, expected.mapv(|x| x as f32));
}
