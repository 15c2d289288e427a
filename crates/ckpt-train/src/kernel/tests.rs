//! The kernels against the contract, written one scalar operation at a time.

use rayon::ThreadPoolBuilder;

use super::*;
use crate::real::Real;

struct Problem<T> {
    x: Vec<T>,
    y: Vec<T>,
    width: usize,
    center: Vec<T>,
    weight: Vec<T>,
    bias: T,
}

/// Numbers of both signs and mixed magnitudes, from a multiplicative generator.
fn numbers<T: Real>(count: usize, seed: u64) -> Vec<T> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let unit = (state >> 11) as f64 / (1_u64 << 53) as f64 - 0.5;
            T::from_f64(unit * f64::from(1_u32 << (state >> 60)))
        })
        .collect()
}

impl<T: Real> Problem<T> {
    fn new(rows: usize, width: usize) -> Self {
        let seed = (rows * 1000 + width) as u64;
        Self {
            x: numbers(rows * width, seed),
            y: numbers(rows, seed + 1),
            width,
            center: numbers(width, seed + 2),
            weight: numbers(width, seed + 3),
            bias: T::from_f64(0.3),
        }
    }

    /// Gradient and row sums by the kernels.
    fn kernel(&self) -> (Vec<f64>, [f64; 3]) {
        let (center, weight) =
            (padded(self.center.iter().copied()), padded(self.weight.iter().copied()));
        let bias = [self.bias];
        let point = Point { loss: Loss::Squared, center: &center, weight: &weight, bias: &bias };
        let rows = Rows::new(&self.x, &self.y, self.width);
        let mut workspace = Workspace::new(self.width, Loss::Squared);
        // A first pass over other rows must leave nothing behind.
        workspace.gradient(rows.slice(0..1), point).unwrap();
        let (gradient, sums) = workspace.gradient(rows, point).unwrap();
        let gradient = gradient.to_vec();
        assert_eq!(workspace.losses(rows, point).unwrap(), sums);
        (gradient, [sums.residual, sums.loss, sums.absolute])
    }

    /// The same by the contract's text.
    fn reference(&self) -> (Vec<f64>, [f64; 3]) {
        let rows = self.y.len();
        let block_rows = (65536 / (self.width * size_of::<T>())).max(1);
        let blocks = rows.div_ceil(block_rows);
        let supers = blocks.min(256).min((4_194_304 / self.width).max(1));
        let super_blocks = blocks.div_ceil(supers);
        let mut totals = Vec::new();
        let mut first = 0;
        while first < blocks {
            let mut total = vec![0.0; self.width + 3];
            for block in first..blocks.min(first + super_blocks) {
                let partial = self.block(block * block_rows..rows.min((block + 1) * block_rows));
                for (sum, value) in total.iter_mut().zip(partial) {
                    *sum += value;
                }
            }
            totals.push(total);
            first += super_blocks;
        }
        let total = tree(&totals);
        let (gradient, sums) = total.split_at(self.width);
        (gradient.to_vec(), [sums[0], sums[1], sums[2]])
    }

    /// The partial of a block, then its three row sums.
    fn block(&self, rows: std::ops::Range<usize>) -> Vec<f64> {
        let residuals: Vec<T> = rows.clone().map(|row| self.residual(row)).collect();
        let mut values = Vec::new();
        for column in 0..self.width {
            let mut chain = T::from_f64(0.0);
            for (row, &residual) in rows.clone().zip(&residuals) {
                let centred = self.x[row * self.width + column] - self.center[column];
                let product = residual * centred;
                chain += product;
            }
            values.push(chain.to_f64());
        }
        let lanes = 64 / size_of::<T>();
        let mut sums = [vec![0.0; lanes], vec![0.0; lanes], vec![0.0; lanes]];
        for (row, residual) in residuals.into_iter().enumerate() {
            let square: f64 = (residual * residual).to_f64();
            let residual = residual.to_f64();
            for (sums, value) in sums.iter_mut().zip([residual, square, residual.abs()]) {
                sums[row % lanes] += value;
            }
        }
        for mut sums in sums {
            let mut live = lanes;
            while live > 1 {
                live /= 2;
                for k in 0..live {
                    sums[k] += sums[k + live];
                }
            }
            values.push(sums[0]);
        }
        values
    }

    fn residual(&self, row: usize) -> T {
        let lanes = 64 / size_of::<T>();
        let zero = T::from_f64(0.0);
        let mut sums = vec![zero; lanes];
        for j in 0..self.width.next_multiple_of(lanes) {
            let real = j < self.width;
            let x = if real { self.x[row * self.width + j] } else { zero };
            let center = if real { self.center[j] } else { zero };
            let weight = if real { self.weight[j] } else { zero };
            let centred = x - center;
            let product = centred * weight;
            sums[j % lanes] += product;
        }
        let mut live = lanes;
        while live > 1 {
            live /= 2;
            for k in 0..live {
                sums[k] = sums[k] + sums[k + live];
            }
        }
        let prediction = sums[0] + self.bias;
        prediction - self.y[row]
    }
}

/// The tree from its root: the left part is the largest power of two that leaves a right part.
fn tree(totals: &[Vec<f64>]) -> Vec<f64> {
    if let [total] = totals {
        return total.clone();
    }
    let (left, right) = totals.split_at(totals.len().next_power_of_two() / 2);
    tree(left).iter().zip(tree(right)).map(|(a, b)| a + b).collect()
}

fn check<T: Real>(rows: usize, width: usize) {
    let problem = Problem::<T>::new(rows, width);
    let (gradient, sums) = problem.kernel();
    let (expected_gradient, expected_sums) = problem.reference();
    assert_eq!(bits(&gradient), bits(&expected_gradient), "{} {rows} x {width}", T::TYPE);
    assert_eq!(bits(&sums), bits(&expected_sums), "{} {rows} x {width}", T::TYPE);
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

#[test]
fn every_width_gives_the_contracts_bits() {
    for width in 1..=70 {
        for rows in [1, 2, 3, 4, 5, 8, 31, 130, 600] {
            check::<f32>(rows, width);
            check::<f64>(rows, width);
        }
    }
}

#[test]
fn many_blocks_give_the_contracts_bits() {
    // Narrow rows in full blocks; rows longer than a block; super-blocks of several blocks.
    for (rows, width) in [(40_000, 1), (9, 20_000), (600, 8200)] {
        check::<f32>(rows, width);
        check::<f64>(rows, width);
    }
}

#[test]
fn threads_change_no_bit() {
    // At least 2 MiB, so that the pool is used; the smallest has an uneven number of super-blocks.
    for (rows, width) in [(550_000, 1), (45_000, 13), (9_000, 70)] {
        threads_agree::<f32>(rows, width);
        threads_agree::<f64>(rows / 2, width);
    }
}

fn threads_agree<T: Real>(rows: usize, width: usize) {
    let problem = Problem::<T>::new(rows, width);
    let expected = problem.reference();
    for threads in [1, 2, 3, 5, 8] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let found = pool.install(|| problem.kernel());
        assert_eq!(bits(&found.0), bits(&expected.0), "{} {threads} threads", T::TYPE);
        assert_eq!(bits(&found.1), bits(&expected.1), "{} {threads} threads", T::TYPE);
    }
}

#[test]
fn order_decides_bits_here() {
    // The comparison would be empty if these sums were exact in any order.
    let problem = Problem::<f32>::new(600, 70);
    let (mut reversed, plain) = (Problem::<f32>::new(600, 70), problem.kernel());
    reversed.y.reverse();
    reversed.x = problem.x.chunks(70).rev().flatten().copied().collect();
    assert_ne!(bits(&reversed.kernel().0), bits(&plain.0));
}
