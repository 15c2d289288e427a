//! The kernels against the contract, on every instruction set.

mod gram;
mod reference;
mod vectors;

use rayon::ThreadPoolBuilder;

use super::simd::tests::each;
use super::*;
use crate::real::Real;
use reference::Problem;

const LOSSES: [Loss; 4] = [Loss::Squared, Loss::Logistic, Loss::Softmax(3), Loss::Softmax(21)];

/// Numbers of both signs and mixed magnitudes, from a multiplicative generator.
fn numbers<T: Real>(count: usize, seed: u64) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let unit = (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5;
            T::from_f64(unit * f64::from(1_u32 << (state >> 61)))
        })
        .collect()
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Gradient and row sums by the kernels.
fn passes<T: Real>(problem: &Problem<T>) -> (Vec<f64>, [f64; 3]) {
    let operands = problem.operands();
    let point = operands.point(problem);
    let rows = problem.rows();
    let mut workspace = Workspace::new(problem.width, problem.loss);
    // A first pass over other rows must leave nothing behind.
    workspace.gradient(rows.slice(0..1), point).unwrap();
    let (gradient, sums) = workspace.gradient(rows, point).unwrap();
    let gradient = gradient.to_vec();
    assert_eq!(workspace.losses(rows, point).unwrap(), sums);
    (gradient, [sums.residual, sums.loss, sums.absolute])
}

/// Asserts that passes and margins have the reference's bits.
fn check<T: Real>(problem: &Problem<T>) {
    let (gradient, sums) = problem.reference();
    let expected_margins: Vec<f64> = problem.margins().into_iter().map(T::to_f64).collect();
    each(|isa| {
        let context = format!("{isa:?}, {problem:?}");
        let found = passes(problem);
        assert_eq!(bits(&found.0), bits(&gradient), "gradient: {context}");
        assert_eq!(bits(&found.1), bits(&sums), "sums: {context}");
        let operands = problem.operands();
        let mut margins = vec![T::default(); expected_margins.len()];
        let mut buffer = Vec::new();
        let block = problem.rows().block(0..problem.y.len(), &mut buffer).unwrap();
        T::margins(block, operands.point(problem), &mut margins);
        let margins: Vec<f64> = margins.into_iter().map(T::to_f64).collect();
        assert_eq!(bits(&margins), bits(&expected_margins), "margins: {context}");
    });
}

fn check_both(loss: Loss, rows: usize, width: usize, weighted: bool) {
    check(&Problem::<f32>::new(loss, rows, width, weighted));
    check(&Problem::<f64>::new(loss, rows, width, weighted));
}

#[test]
fn every_width_gives_the_contracts_bits() {
    for width in 1..=70 {
        for rows in [1, 2, 7, 16, 33, 83] {
            check_both(Loss::Squared, rows, width, (width + rows) % 2 == 0);
        }
    }
}

#[test]
fn every_loss_gives_the_contracts_bits() {
    for loss in LOSSES {
        for width in [1, 5, 8, 13, 16, 17, 40, 64, 65, 70, 128, 130] {
            for rows in [1, 9, 50] {
                check_both(loss, rows, width, false);
                check_both(loss, rows, width, true);
            }
        }
    }
}

#[test]
fn every_number_of_classes_gives_the_contracts_bits() {
    for classes in 2..=34 {
        check_both(Loss::Softmax(classes), 20, 6, classes % 2 == 0);
    }
}

#[test]
fn wide_rows_give_the_contracts_bits() {
    for width in [512, 515, 1000, 2049] {
        for rows in [1, 3, 17, 41] {
            check_both(Loss::Squared, rows, width, false);
        }
        check_both(Loss::Logistic, 21, width, true);
        check_both(Loss::Softmax(4), 21, width, true);
    }
}

#[test]
fn many_blocks_give_the_contracts_bits() {
    // Narrow rows in full blocks; rows longer than a block; super-blocks of several blocks.
    for (rows, width) in [(40_000, 1), (5, 20_000), (300, 8200)] {
        check_both(Loss::Squared, rows, width, false);
    }
    check_both(Loss::Softmax(3), 10_000, 4, false);
}

#[test]
fn margins_of_ten_thousand_do_no_harm() {
    for loss in LOSSES {
        for size in [1e2, 1e4, 1e6] {
            check_margins_of::<f32>(loss, size);
            check_margins_of::<f64>(loss, size);
        }
    }
}

fn check_margins_of<T: Real>(loss: Loss, size: f64) {
    let mut problem = Problem::<T>::new(loss, 40, 9, false);
    for weight in &mut problem.weight {
        *weight = *weight * T::from_f64(size);
    }
    check(&problem);
    let (gradient, sums) = passes(&problem);
    assert!(gradient.iter().chain(&sums).all(|value| value.is_finite()), "{loss:?} at {size}");
}

#[test]
fn a_row_does_not_see_the_next() {
    // Full loads reach into the row that follows; what is there must not count.
    for width in [1, 13, 70, 130] {
        let mut problem = Problem::<f32>::new(Loss::Squared, 33, width, false);
        let clean = problem.margins();
        for row in (1..33).step_by(2) {
            problem.x[row * width..(row + 1) * width].fill(f32::NAN);
        }
        each(|isa| {
            let operands = problem.operands();
            let mut buffer = Vec::new();
            let block = problem.rows().block(0..33, &mut buffer).unwrap();
            let mut margins = [0.0; 33];
            f32::margins(block, operands.point(&problem), &mut margins);
            for row in 0..33 {
                let expected = if row % 2 == 0 { clean[row].to_bits() } else { f32::NAN.to_bits() };
                let found = if margins[row].is_nan() { f32::NAN } else { margins[row] };
                assert_eq!(found.to_bits(), expected, "{isa:?} width {width} row {row}");
            }
        });
    }
}

#[test]
fn threads_change_no_bit() {
    // At least 2 MiB, so that the pool is used; the smallest has an uneven number of super-blocks.
    for (loss, rows, width) in [
        (Loss::Squared, 550_000, 1),
        (Loss::Squared, 45_000, 13),
        (Loss::Logistic, 9_000, 70),
        (Loss::Softmax(3), 36_000, 16),
    ] {
        threads_agree::<f32>(loss, rows, width);
        threads_agree::<f64>(loss, rows / 2, width);
    }
}

fn threads_agree<T: Real>(loss: Loss, rows: usize, width: usize) {
    let problem = Problem::<T>::new(loss, rows, width, false);
    let expected = problem.reference();
    for threads in [1, 2, 3, 8] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let found = pool.install(|| passes(&problem));
        assert_eq!(bits(&found.0), bits(&expected.0), "{problem:?}, {threads} threads");
        assert_eq!(bits(&found.1), bits(&expected.1), "{problem:?}, {threads} threads");
    }
}

#[test]
fn order_decides_bits_here() {
    // The comparison would be empty if these sums were exact in any order.
    let mut reversed = Problem::<f32>::new(Loss::Squared, 600, 70, false);
    let plain = passes(&reversed);
    reversed.y.reverse();
    reversed.x = reversed.x.chunks(70).rev().flatten().copied().collect();
    assert_ne!(bits(&passes(&reversed).0), bits(&plain.0));
}
