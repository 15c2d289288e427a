//! The tables in the workspace's `fixtures` folder, against figures that Python gave for the data
//! sets of scikit-learn 1.9.1: `math.fsum(column) / rows`.

use std::path::Path;

use ckpt_data::{Roles, Samples, Table, Target, Values};

fn fixture(name: &str) -> Table {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    Table::read(&folder.join(name)).expect("a fixture")
}

fn samples(name: &str) -> Samples {
    fixture(name).split_target(None).expect("numbers")
}

fn assert_mean(name: &str, sum: f64, rows: usize, expected: f64) {
    // Sums of a few hundred positive numbers in f64 are good to 13 digits.
    let relative = (sum / rows as f64 - expected).abs() / expected;
    assert!(relative < 1e-13, "{name} is off by {relative}");
}

fn assert_means(samples: &Samples, features: &[(&str, f64)], target: (&str, f64)) {
    let rows = samples.y.len();
    let names: Vec<&str> = features.iter().map(|(name, _)| *name).collect();
    assert_eq!(samples.features, names);
    for (column, (name, mean)) in samples.x.columns().into_iter().zip(features) {
        assert_mean(name, column.sum(), rows, *mean);
    }
    assert_eq!(samples.target, target.0);
    assert_mean(target.0, samples.y.sum(), rows, target.1);
}

#[test]
fn diabetes_in_raw_units() {
    let samples = samples("diabetes.csv");
    assert_eq!(samples.x.dim(), (442, 10));
    let features = [
        ("age", 48.51809954751131),
        ("sex", 1.4683257918552035),
        ("bmi", 26.37579185520362),
        ("bp", 94.64701357466065),
        ("s1", 189.14027149321268),
        ("s2", 115.43914027149322),
        ("s3", 49.78846153846154),
        ("s4", 4.070248868778281),
        ("s5", 4.641410859728507),
        ("s6", 91.26018099547511),
    ];
    assert_means(&samples, &features, ("progression", 152.13348416289594));
}

#[test]
fn longley_and_norris() {
    let longley = samples("longley.csv");
    assert_eq!(longley.x.dim(), (16, 6));
    let features = [
        ("gnp_deflator", 101.68125),
        ("gnp", 387698.4375),
        ("unemployed", 3193.3125),
        ("armed_forces", 2606.6875),
        ("population", 117424.0),
        ("year", 1954.5),
    ];
    assert_means(&longley, &features, ("y", 65317.0));

    let norris = samples("norris.csv");
    assert_eq!(norris.x.dim(), (36, 1));
    assert_means(&norris, &[("x", 419.1777777777778)], ("y", 419.8027777777778));
}

#[test]
fn pontius_and_wampler_have_powers_of_x() {
    let pontius = samples("pontius.csv");
    assert_eq!(pontius.x.dim(), (40, 2));
    assert_means(&pontius, &[("x", 1575e3), ("x2", 3228750e6)], ("y", 1.14346125));
    let first = 623960.3333333334;
    for (number, mean) in [first, 14.780933333333333, first, first, first].into_iter().enumerate() {
        let set = format!("wampler{}", number + 1);
        let samples = samples(&format!("{set}.csv"));
        assert_eq!(samples.x.dim(), (21, 5), "{set}");
        for (row, powers) in samples.x.rows().into_iter().enumerate() {
            let expected: Vec<f64> = (1..6).map(|power| row.pow(power) as f64).collect();
            assert_eq!(powers.to_vec(), expected, "{set}");
        }
        assert_mean(&set, samples.y.sum(), 21, mean);
    }
}

#[test]
fn certified_coefficients_name_the_columns() {
    let certified = fixture("certified.csv");
    assert_eq!(certified.rows(), 42);
    let texts = |name| match &certified.column(name).unwrap().values {
        Values::Text(cells) => cells.clone(),
        _ => panic!("{name} is numbers"),
    };
    let terms: Vec<(String, String)> = texts("set").into_iter().zip(texts("term")).collect();
    let wampler = ["wampler1", "wampler2", "wampler3", "wampler4", "wampler5"];
    for set in ["norris", "pontius", "longley"].into_iter().chain(wampler) {
        let of_set = terms.iter().filter(|(name, _)| name == set);
        let names: Vec<&str> = of_set.map(|(_, term)| term.as_str()).collect();
        let features = samples(&format!("{set}.csv")).features;
        assert_eq!(names[0], "intercept");
        assert_eq!(names[1..], features);
    }
    let Values::Number(values) = &certified.column("certified").unwrap().values else {
        panic!("coefficients are numbers");
    };
    assert_eq!(values[..2], [-0.262323073774029, 1.00211681802045]);
}

#[test]
fn iris_has_three_species_of_fifty() {
    let iris = fixture("iris.csv");
    assert_eq!((iris.rows(), iris.columns().len()), (150, 5));
    let means = [
        ("sepal_length", 5.843333333333334),
        ("sepal_width", 3.0573333333333337),
        ("petal_length", 3.758),
        ("petal_width", 1.1993333333333334),
    ];
    for (name, mean) in means {
        let Values::Number(values) = &iris.column(name).unwrap().values else {
            panic!("{name} is text");
        };
        assert_mean(name, values.iter().sum(), 150, mean);
    }
    let Values::Text(species) = &iris.columns()[4].values else {
        panic!("species are text");
    };
    for name in ["setosa", "versicolor", "virginica"] {
        assert_eq!(species.iter().filter(|cell| *cell == name).count(), 50);
    }
    let samples: Samples = iris.samples(&Roles::default()).unwrap();
    assert_eq!(samples.classes.unwrap(), ["setosa", "versicolor", "virginica"]);
    assert_eq!(samples.y.sum(), 50.0 + 2.0 * 50.0);
}

#[test]
fn digits_are_8_by_8_pixels() {
    let digits = samples("digits.csv");
    assert_eq!(digits.x.dim(), (1797, 64));
    assert_eq!((digits.features[0].as_str(), digits.features[63].as_str()), ("p00", "p77"));
    assert_eq!(digits.x.sum(), 561718.0);
    assert_eq!(digits.x.column(2).sum(), 9353.0);
    let roles = Roles { kind: Target::Classes, ..Roles::default() };
    let classes = fixture("digits.csv").samples::<f64>(&roles).unwrap();
    assert_eq!(classes.classes.unwrap().concat(), "0123456789");
    assert_eq!(classes.y, digits.y);
    let counts = [178, 182, 177, 183, 181, 182, 181, 179, 174, 180];
    for (digit, expected) in counts.into_iter().enumerate() {
        let of_digit = digits.y.iter().filter(|y| **y == digit as f64);
        assert_eq!(of_digit.count(), expected, "{digit}");
    }
}

#[test]
fn houses_lie_around_their_line() {
    let houses = samples("houses.csv");
    assert_eq!(houses.x.dim(), (100, 1));
    assert_means(&houses, &[("area_m2", 130.99)], ("price", 444478.41));
    let (x, y) = (houses.x.column(0), &houses.y);
    let (dx, dy) = (&x - x.sum() / 100.0, y - y.sum() / 100.0);
    let slope = (&dx * &dy).sum() / (&dx * &dx).sum();
    assert!((slope - 3145.74896712).abs() < 1e-7, "{slope}");
}
