//! States as arrays, and what is refused.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use crate::common::{correlated, run};
use ckpt_train::{
    Config, LinearTrainer, NamedArray, Optimizer, StateError, TrainError, TrainState, Values,
};

fn arrays(optimizer: Optimizer) -> Vec<NamedArray> {
    let config = Config { optimizer, epochs: 3, ..Config::default() };
    run(&correlated::<f64>(30, 2), config).unwrap().pop().unwrap().state.arrays()
}

/// The error after one array was changed.
fn error(name: &str, change: impl FnOnce(&mut NamedArray)) -> StateError {
    let mut arrays = arrays(Optimizer::ADAM);
    change(arrays.iter_mut().find(|array| array.name == name).unwrap());
    TrainState::from_arrays(arrays).unwrap_err()
}

#[test]
fn names_and_shapes_are_pinned() {
    let found: Vec<_> = arrays(Optimizer::ADAM)
        .into_iter()
        .map(|array| format!("{} {} {:?}", array.name, array.values.type_name(), array.shape))
        .collect();
    let expected = [
        "model u64 []",
        "outputs u64 []",
        "optimizer u64 []",
        "epoch u64 []",
        "seed u64 []",
        "rate f64 []",
        "growing u64 []",
        "center f64 [2]",
        "scale f64 [2]",
        "params f64 [3]",
        "first_moment f64 [3]",
        "second_moment f64 [3]",
        "steps u64 []",
    ];
    assert_eq!(found, expected);
    let tail = |optimizer| arrays(optimizer).split_off(10).into_iter().map(|array| array.name);
    assert!(tail(Optimizer::Nesterov).eq(["lookahead", "t"]));
    assert!(tail(Optimizer::MOMENTUM).eq(["velocity"]));
    assert_eq!(tail(Optimizer::Sgd).len(), 0);
}

#[test]
fn any_order_will_do() {
    let mut arrays = arrays(Optimizer::Nesterov);
    let state = TrainState::from_arrays(arrays.clone()).unwrap();
    arrays.reverse();
    assert_eq!(TrainState::from_arrays(arrays).unwrap(), state);
}

#[test]
fn a_missing_array_is_named() {
    for name in ["optimizer", "center", "params", "second_moment", "steps"] {
        let mut arrays = arrays(Optimizer::ADAM);
        arrays.retain(|array| array.name != name);
        assert_eq!(TrainState::from_arrays(arrays), Err(StateError::Missing { name }));
    }
}

#[test]
fn a_strange_array_is_named() {
    let error = error("steps", |array| array.name = "step".into());
    assert_eq!(error, StateError::Missing { name: "steps" });
    let mut more = arrays(Optimizer::Sgd);
    more.push(NamedArray { name: "velocity".into(), shape: vec![1], values: Values::U64(vec![0]) });
    let error = TrainState::from_arrays(more.clone()).unwrap_err();
    assert_eq!(error.to_string(), "the state has an unexpected array 'velocity'");
    more.push(more[0].clone());
    let error = TrainState::from_arrays(more).unwrap_err();
    assert_eq!(error, StateError::Unexpected { name: "model".into() });
}

#[test]
fn a_wrong_shape_is_named() {
    let error = error("params", |array| {
        array.shape = vec![4];
        array.values = Values::F64(vec![0.0; 4]);
    });
    assert_eq!(
        error.to_string(),
        "array 'params' of the state has shape [4] and 4 values, expected [3]"
    );
    for (name, shape) in [("center", vec![1, 2]), ("scale", vec![3]), ("epoch", vec![1])] {
        let error = self::error(name, |array| array.shape = shape);
        assert!(matches!(error, StateError::Shape { name: found, .. } if found == name), "{error}");
    }
    let empty = self::error("center", |array| {
        array.shape = vec![0];
        array.values = Values::F64(Vec::new());
    });
    assert!(matches!(empty, StateError::Shape { name: "center", .. }), "{empty}");
}

#[test]
fn a_wrong_type_is_named() {
    let error = error("params", |array| array.values = Values::F32(vec![0.0; 3]));
    assert_eq!(error.to_string(), "array 'params' of the state holds f32, expected f64");
    let error = self::error("center", |array| array.values = Values::U64(vec![0; 2]));
    assert_eq!(error.to_string(), "array 'center' of the state holds u64, expected f32 or f64");
    let error = self::error("epoch", |array| array.values = Values::F64(vec![0.0]));
    assert!(matches!(error, StateError::Dtype { name: "epoch", .. }), "{error}");
}

#[test]
fn an_impossible_value_is_named() {
    let values = |values: &[f64]| Values::F64(values.to_vec());
    for (name, bad) in [
        ("optimizer", Values::U64(vec![99])),
        ("rate", values(&[0.0])),
        ("rate", values(&[f64::NAN])),
        ("scale", values(&[1.0, 0.0])),
        ("center", values(&[f64::INFINITY, 0.0])),
        ("params", values(&[0.0, 0.0, f64::NAN])),
        ("second_moment", values(&[0.0, -1.0, 0.0])),
    ] {
        let error = error(name, |array| array.values = bad);
        assert!(matches!(error, StateError::Value { name: found, .. } if found == name), "{error}");
    }
}

#[test]
fn a_state_must_fit_the_run() {
    let dataset = correlated::<f64>(30, 2);
    let config = Config { epochs: 3, ..Config::default() };
    let state = run(&dataset, config).unwrap().pop().unwrap().state;
    let message = |result: Result<(), TrainError>| match result {
        Err(TrainError::State(error)) => error.to_string(),
        other => panic!("{other:?}"),
    };
    let with = |config| message(LinearTrainer::resume(&dataset, config, &state).map(drop));
    assert_eq!(
        with(Config { optimizer: Optimizer::ADAM, ..config }),
        "the state was made with optimizer nesterov, but the run uses adam"
    );
    assert_eq!(
        with(Config { seed: 1, ..config }),
        "the state was made with seed 0, but the run uses 1"
    );
    let wider = LinearTrainer::resume(&correlated::<f64>(30, 3), config, &state).map(drop);
    assert_eq!(message(wider), "the state has 2 feature columns, but the data has 3");
    let single = LinearTrainer::resume(&correlated::<f32>(30, 2), config, &state).map(drop);
    assert_eq!(message(single), "the state was made on f64 data, but the data is f32");
}

#[test]
fn gd_and_sgd_states_differ_although_their_arrays_do_not() {
    let state = TrainState::from_arrays(arrays(Optimizer::Gd)).unwrap();
    let config = Config { optimizer: Optimizer::Sgd, ..Config::default() };
    let error = LinearTrainer::resume(&correlated::<f64>(30, 2), config, &state).unwrap_err();
    assert!(matches!(error, TrainError::State(StateError::Optimizer { .. })), "{error}");
}
