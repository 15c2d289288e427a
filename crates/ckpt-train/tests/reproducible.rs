//! The same bits when resumed, on any number of threads, and on any machine.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

mod common;

use ckpt_train::{Config, Dataset, Epoch, LinearTrainer, Optimizer, Real, TrainState};
use common::{correlated, run};
use rayon::ThreadPoolBuilder;

const ALL: [(Optimizer, Option<usize>); 8] = [
    (Optimizer::Gd, None),
    (Optimizer::Nesterov, None),
    (Optimizer::Sgd, None),
    (Optimizer::Sgd, Some(7)),
    (Optimizer::MOMENTUM, None),
    (Optimizer::MOMENTUM, Some(16)),
    (Optimizer::ADAM, None),
    (Optimizer::ADAM, Some(16)),
];

fn config(optimizer: Optimizer, batch: Option<usize>) -> Config {
    Config { optimizer, batch, epochs: 12, l2: 0.01, seed: 3, ..Config::default() }
}

/// Bits, so that a zero's sign counts too.
fn model_bits<T: Real>(epoch: &Epoch<T>) -> Vec<u64> {
    let values = epoch.model.weight.iter().chain(&epoch.model.bias);
    values.map(|value| value.to_f64().to_bits()).collect()
}

fn assert_same<T: Real>(found: &[Epoch<T>], expected: &[Epoch<T>]) {
    assert_eq!(found, expected);
    for (a, b) in found.iter().zip(expected) {
        assert_eq!(model_bits(a), model_bits(b));
    }
}

fn resumes_everywhere<T: Real>(dataset: &Dataset<T>) {
    for (optimizer, batch) in ALL {
        let config = config(optimizer, batch);
        let whole = run(dataset, config).unwrap();
        assert_eq!(whole.len(), 12);
        for epoch in &whole {
            let state = TrainState::from_arrays(epoch.state.arrays()).unwrap();
            assert_eq!(state, epoch.state);
            let resumed = LinearTrainer::resume(dataset, config, &state).unwrap();
            let rest: Vec<_> = resumed.map(Result::unwrap).collect();
            assert_same(&rest, &whole[epoch.number as usize..]);
        }
    }
}

#[test]
fn resuming_at_any_epoch_is_never_having_stopped() {
    resumes_everywhere(&correlated::<f64>(120, 5));
    resumes_everywhere(&correlated::<f32>(120, 19));
}

#[test]
fn a_longer_run_has_the_same_states() {
    let dataset = correlated::<f64>(60, 4);
    for (optimizer, batch) in ALL {
        let short = run(&dataset, config(optimizer, batch)).unwrap();
        let long = run(&dataset, Config { epochs: 20, ..config(optimizer, batch) }).unwrap();
        let states = |epochs: &[Epoch<f64>]| -> Vec<TrainState> {
            epochs.iter().map(|epoch| epoch.state.clone()).collect()
        };
        assert_eq!(states(&short), states(&long[..12]));
    }
}

#[test]
fn a_finished_state_has_no_further_epochs() {
    let dataset = correlated::<f64>(60, 4);
    let config = Config { epochs: 10_000, tolerance: 1e-3, ..Config::default() };
    let last = LinearTrainer::new(&dataset, config).unwrap().last().unwrap().unwrap();
    assert!(last.number < 10_000);
    assert_eq!(LinearTrainer::resume(&dataset, config, &last.state).unwrap().count(), 0);
    let tighter = Config { tolerance: 1e-6, ..config };
    assert!(LinearTrainer::resume(&dataset, tighter, &last.state).unwrap().count() > 0);
    let over = Config { epochs: 2, tolerance: 0.0, ..config };
    assert_eq!(LinearTrainer::resume(&dataset, over, &last.state).unwrap().count(), 0);
}

fn threads_agree<T: Real>(dataset: &Dataset<T>) {
    for (optimizer, batch) in
        [(Optimizer::Nesterov, None), (Optimizer::Sgd, Some(1000)), (Optimizer::ADAM, None)]
    {
        let config = Config { epochs: 3, ..config(optimizer, batch) };
        let on = |threads| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run(dataset, config)).unwrap()
        };
        let single = on(1);
        for threads in [2, 5] {
            assert_same(&on(threads), &single);
        }
    }
}

#[test]
fn threads_change_no_bit() {
    // Over 2 MiB of training rows, so that the pool is used.
    threads_agree(&correlated::<f64>(30_000, 13));
    threads_agree(&correlated::<f32>(60_000, 13));
}

#[test]
fn predictions_are_the_same_for_any_number_of_threads() {
    let dataset = correlated::<f32>(60_000, 13);
    let model = run(&dataset, Config { epochs: 1, ..Config::default() }).unwrap().remove(0).model;
    let on = |threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| model.predict(dataset.x().unwrap())).unwrap()
    };
    assert_eq!(on(5), on(1));
}

#[test]
fn seeds_decide_split_and_order() {
    let dataset = correlated::<f64>(60, 4);
    let last = |seed, val_fraction| {
        let config = Config { seed, val_fraction, ..config(Optimizer::Sgd, Some(8)) };
        run(&dataset, config).unwrap().pop().unwrap().model
    };
    assert_eq!(last(1, 0.2), last(1, 0.2));
    assert_ne!(last(1, 0.2), last(2, 0.2));
    assert_ne!(last(1, 0.0), last(2, 0.0));
}

/// Bits that every machine, compiler and later version must reproduce.
#[test]
fn trained_bits_are_pinned() {
    let mut found = Vec::new();
    for (optimizer, batch) in ALL {
        let last = run(&correlated::<f64>(50, 2), config(optimizer, batch)).unwrap().pop().unwrap();
        found.push([last.model.weight[(0, 0)].to_bits(), last.model.bias[0].to_bits()]);
    }
    let last = run(&correlated::<f32>(50, 2), config(Optimizer::Nesterov, None)).unwrap().pop();
    let model = last.unwrap().model;
    found.push([model.weight[(0, 0)].to_bits().into(), model.bias[0].to_bits().into()]);
    assert_eq!(found, PINNED, "{found:#x?}");
}

/// Recorded when the contract was fixed: bits of the first weight and of the bias.
const PINNED: [[u64; 2]; 9] = [
    [0x4081_46d8_4bc7_d0e0, 0x406a_f648_8a15_ebcf],
    [0x4084_72d1_2867_07a7, 0x406c_24b4_8b12_19ee],
    [0x407f_cd3e_805b_d04d, 0x4066_2d65_b6ba_d6f3],
    [0x4083_4ccb_cb2d_c2eb, 0x406d_a9d8_4b84_9a1b],
    [0x408b_de8b_806b_e547, 0x4074_85f2_cd20_df23],
    [0x4084_753a_c45e_7e03, 0x4068_28f9_d970_fae8],
    [0x407a_4ad6_7654_1f27, 0x4062_c10b_ac40_b717],
    [0x4082_7a55_0fb6_350e, 0x4066_3b33_03fd_8eb0],
    [0x4423_9685, 0x4361_25a4],
];
