//! The same bits when resumed, on any number of threads, and on any machine.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic as tests do")]

use crate::common::{correlated, fit_for, fits, run};
use ckpt_train::{
    Config, Dataset, Decay, EarlyStopping, Epoch, FloatType, LinearTrainer, ModelKind, Monitor,
    Optimizer, Rate, Real, Schedule, StopReason, TrainState,
};
use rayon::ThreadPoolBuilder;

/// Everything that a state has to remember: a rate that rises and falls, early stopping (that does
/// not strike), and an order of batches.
fn config(model: ModelKind, optimizer: Optimizer, batch: Option<usize>) -> Config {
    let schedule = match optimizer.kind().has_rate() {
        true => Schedule { warmup: 3, decay: Decay::Cosine { epochs: 6, floor: 0.1 } },
        false => Schedule::default(),
    };
    let monitor = Monitor::usual(model);
    let early_stopping = Some(EarlyStopping { monitor, patience: 11 });
    let common = Config { epochs: 12, l2: 0.01, seed: 3, ..Config::default() };
    Config { model, optimizer, batch, schedule, early_stopping, ..common }
}

/// The data for a model, every third row counting half and every seventh nothing.
fn weighted<T: Real>(model: ModelKind, rows: usize, columns: usize) -> Dataset<T> {
    let weight = |row| match row {
        row if row % 7 == 0 => 0.0,
        row if row % 3 == 0 => 0.5,
        _ => 1.0,
    };
    let weights = (0..rows).map(|row| T::from_f64(weight(row))).collect();
    fit_for(model, rows, columns).weighted(weights).unwrap()
}

/// Bits, so that a zero's sign counts too.
fn model_bits<T: Real>(epoch: &Epoch<T>) -> Vec<u64> {
    let values = epoch.model.weight.iter().chain(&epoch.model.bias);
    values.map(|value| value.to_f64().to_bits()).collect()
}

fn assert_same<T: Real>(what: &str, found: &[Epoch<T>], expected: &[Epoch<T>]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    assert!(found == expected, "{what}: {found:?} is not {expected:?}");
    for (a, b) in found.iter().zip(expected) {
        assert_eq!(model_bits(a), model_bits(b), "{what}");
    }
}

fn resumes_everywhere<T: Real>(rows: usize, columns: usize) {
    for (model, optimizer, batch) in fits() {
        let dataset = weighted::<T>(model, rows, columns);
        let config = config(model, optimizer, batch);
        let whole = run(&dataset, config).unwrap();
        let what = format!("{model} by {optimizer:?} in {}", T::TYPE);
        let expected = if optimizer == Optimizer::Exact { 1 } else { 12 };
        assert_eq!(whole.len(), expected, "{what}");
        for epoch in &whole {
            let mut arrays = epoch.state.arrays();
            arrays.reverse();
            let state = TrainState::from_arrays(arrays).unwrap();
            assert_eq!(state, epoch.state, "{what}");
            let resumed = LinearTrainer::resume(&dataset, config, &state).unwrap();
            let rest: Vec<_> = resumed.map(Result::unwrap).collect();
            assert_same(&what, &rest, &whole[epoch.number as usize..]);
        }
    }
}

#[test]
fn resuming_at_any_epoch_is_never_having_stopped() {
    resumes_everywhere::<f64>(120, 5);
    resumes_everywhere::<f32>(120, 19);
}

#[test]
fn resuming_counts_on_towards_early_stopping() {
    for kind in ModelKind::ALL {
        let dataset = weighted::<f64>(kind, 40, 9);
        let optimizer = Optimizer::ADAM;
        let early = EarlyStopping { monitor: Monitor::usual(kind), patience: 3 };
        let config = Config {
            early_stopping: Some(early),
            epochs: 5000,
            rate: Rate::Fixed(0.5),
            ..Config::default()
        };
        let config = Config { model: kind, optimizer, batch: Some(4), ..config };
        let whole = run(&dataset, config).unwrap();
        assert_eq!(whole.last().unwrap().stop, Some(StopReason::EarlyStopping), "{kind}");
        for epoch in &whole {
            let resumed = LinearTrainer::resume(&dataset, config, &epoch.state).unwrap();
            let rest: Vec<_> = resumed.map(Result::unwrap).collect();
            assert_same(&kind.to_string(), &rest, &whole[epoch.number as usize..]);
        }
    }
}

#[test]
fn resuming_finds_the_same_end() {
    for (model, optimizer, batch) in fits() {
        if batch.is_some() || optimizer == Optimizer::Sgd {
            continue;
        }
        let dataset = weighted::<f64>(model, 50, 2);
        // L-BFGS goes on to the end of the precision.
        let tolerance = if optimizer == Optimizer::LBFGS { 0.0 } else { 1e-2 };
        let config =
            Config { model, optimizer, epochs: 400, tolerance, l2: 0.1, ..Config::default() };
        let whole = run(&dataset, config).unwrap();
        for epoch in &whole {
            let resumed = LinearTrainer::resume(&dataset, config, &epoch.state).unwrap();
            let rest: Vec<_> = resumed.map(Result::unwrap).collect();
            let what = format!("{model} by {optimizer:?} from {} of {}", epoch.number, whole.len());
            assert_same(&what, &rest, &whole[epoch.number as usize..]);
        }
    }
}

#[test]
fn a_longer_run_has_the_same_states() {
    for (model, optimizer, batch) in fits() {
        let dataset = weighted::<f64>(model, 60, 4);
        let config = Config { early_stopping: None, ..config(model, optimizer, batch) };
        let short = run(&dataset, config).unwrap();
        let long = run(&dataset, Config { epochs: 20, ..config }).unwrap();
        let states = |epochs: &[Epoch<f64>]| -> Vec<TrainState> {
            epochs.iter().map(|epoch| epoch.state.clone()).collect()
        };
        assert_eq!(states(&short), states(&long[..short.len()]), "{model} by {optimizer:?}");
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

fn threads_agree<T: Real>(rows: usize) {
    let datasets = ModelKind::ALL.map(|model| (model, weighted::<T>(model, rows, 13)));
    for (model, optimizer, batch) in fits() {
        let (_, dataset) = datasets.iter().find(|(kind, _)| *kind == model).unwrap();
        // The element type decides the kernels, not the optimizer.
        if T::TYPE == FloatType::F32 && optimizer != Optimizer::Nesterov {
            continue;
        }
        // Batches of the usual size are too small to be shared among threads.
        let batch = batch.map(|_| rows / 3);
        let config = Config { epochs: 2, ..config(model, optimizer, batch) };
        let on = |threads| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| run(dataset, config)).unwrap()
        };
        let single = on(1);
        for threads in [2, 3, 8] {
            let what = format!("{model} by {optimizer:?} on {threads} threads");
            assert_same(&what, &on(threads), &single);
        }
    }
}

#[test]
fn threads_change_no_bit() {
    // Over 2 MiB of training rows, so that the pool is used.
    threads_agree::<f64>(25_000);
    threads_agree::<f32>(50_000);
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
        let optimizer = Optimizer::Sgd;
        let config = Config { seed, val_fraction, optimizer, batch: Some(8), ..Config::default() };
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
    for (model, optimizer, batch) in fits() {
        let dataset = weighted::<f64>(model, 50, 2);
        let last = run(&dataset, config(model, optimizer, batch)).unwrap().pop().unwrap();
        found.push([last.model.weight[(0, 0)].to_bits(), last.model.bias[0].to_bits()]);
    }
    for model in ModelKind::ALL {
        let dataset = weighted::<f32>(model, 50, 2);
        let config = config(model, Optimizer::Nesterov, None);
        let model = run(&dataset, config).unwrap().pop().unwrap().model;
        found.push([model.weight[(0, 0)].to_bits().into(), model.bias[0].to_bits().into()]);
    }
    assert_eq!(found, PINNED, "{found:#x?}");
}

/// Recorded when the contract was fixed: bits of the first weight and of the bias, every fit in f64,
/// then one of each model in f32.
const PINNED: [[u64; 2]; 37] = [
    [0x4072_37ae_118d_f1ee, 0x4069_d02b_45d2_b0f9],
    [0x4078_c468_c59d_c426, 0x406b_7275_ed0f_58e4],
    [0x4063_f106_faa1_55f0, 0x4065_fe20_2bb4_45fe],
    [0x407d_38f5_7c5b_e275, 0x406c_6420_d9ac_bd1f],
    [0x408f_4405_324b_0b59, 0x406b_672c_0655_14d0],
    [0x406a_9fef_1c24_fe2d, 0x406e_0c0a_6736_7abc],
    [0x4090_c8f1_ce93_1fa3, 0x4066_469e_366d_72f5],
    [0x4051_3e8b_b691_00dd, 0x405e_e9ff_c678_c104],
    [0x4090_c3d3_1317_ef52, 0x4066_4202_b3ce_4999],
    [0x4051_31c2_70c6_d7bc, 0x405e_e2be_13dc_be1c],
    [0x4083_b7a2_f79c_00e5, 0x406e_39ca_15e7_9d5e],
    [0x4083_b7a2_f79c_0102, 0x406e_39ca_15e7_9d66],
    [0xc00d_7129_b026_d53b, 0x4011_b120_75b1_161a],
    [0x4022_e966_3457_9865, 0x4017_6cdd_49be_711f],
    [0xc020_8254_9615_eee9, 0x400d_c9ac_a492_73f9],
    [0x4010_0025_c16e_bee7, 0x4015_3cdc_00fc_c2c9],
    [0x4041_646c_09d5_3b47, 0x401e_ca25_7d83_2d1b],
    [0xc028_a2c9_759c_c550, 0x4014_196a_21f1_070a],
    [0xc033_2e37_03a3_fd1d, 0x4004_3f7b_2d1a_d34b],
    [0xc030_51f3_f635_0a03, 0x4008_bb56_a8fa_1c10],
    [0xc033_2883_7d53_0c93, 0x4004_39ae_e2ea_7860],
    [0xc030_4a1f_477d_3eb4, 0x4008_ae95_02bd_ccbe],
    [0x4023_1328_15da_12c8, 0x4017_569e_6818_f2cb],
    [0x4017_48f2_c41d_5cc2, 0xc002_babd_7319_0e05],
    [0x3fca_f92e_5cba_8f6b, 0xc008_ec76_57ec_6b2c],
    [0x401d_9baa_e591_844a, 0xbfff_2e65_ae6b_773f],
    [0x4003_24f0_628f_7843, 0xc006_746e_0fe8_ee2e],
    [0xc00d_9a24_e5be_7425, 0xc00f_5428_77d0_8923],
    [0x4025_8d2f_a072_1e15, 0xc004_bc75_dabe_7043],
    [0x4031_bfba_a589_10f2, 0xbffe_3f29_f19c_ba65],
    [0x4022_fc20_b650_b70e, 0xc000_9119_58bc_8d69],
    [0x4031_ba8f_63e3_b27e, 0xbffe_3474_a49b_4234],
    [0x4022_f3c3_9c51_6783, 0xc000_87ea_fc9a_90f3],
    [0x3fe1_281b_cfaa_3afa, 0xc008_7290_8117_c8aa],
    [0x43c6_2339, 0x435b_93ad],
    [0x4117_4b30, 0x40bb_66eb],
    [0x3e57_c986, 0xc047_63b2],
];
