//! Makes the rows, block after block.

use rayon::prelude::*;

use super::{
    Dtype, design,
    linear::{add_scaled, cholesky, solve_upper},
    random::Draws,
    truth::Truth,
};

/// Rows that are made of one stream of random numbers: part of what the bytes depend on.
const BLOCK: u64 = 1024;

/// Blocks that are made at a time, by all threads, and then written in order.
const AT_A_TIME: u64 = 16;

/// The streams beside those of the blocks, which are 0, 1 and so on.
const TRUTH_STREAM: u64 = u64::MAX;
const DESIGN_STREAM: u64 = u64::MAX - 1;

/// Says which table is made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipe {
    /// At least twice as many as features.
    pub(super) rows: u64,
    pub(super) features: usize,
    /// None for a regression.
    pub(super) classes: Option<usize>,
    pub(super) noise: f64,
    pub(super) condition: f64,
    pub(super) seed: u64,
    pub(super) dtype: Dtype,
}

impl Recipe {
    fn blocks(&self) -> u64 {
        self.rows.div_ceil(BLOCK)
    }

    fn rows_of(&self, block: u64) -> usize {
        BLOCK.min(self.rows - block * BLOCK) as usize
    }

    /// Draws a block of independent normal features.
    fn normals(&self, block: u64) -> (Vec<f64>, Draws) {
        let mut draws = Draws::new(self.seed, block);
        let count = self.rows_of(block) * self.features;
        ((0..count).map(|_| draws.normal()).collect(), draws)
    }
}

/// Returns the name of a feature.
pub(super) fn feature(index: usize) -> String {
    format!("x{index}")
}

/// Some consecutive rows, rounded to the type that is written.
pub(super) struct Block {
    /// Rows x features.
    pub(super) x: Vec<f64>,
    pub(super) y: Vec<f64>,
}

/// Makes the same rows each time.
///
/// Normal numbers are drawn twice: first to measure their means and their covariance, then to be
/// centred, made exactly uncorrelated, and mixed by the [design](design::unit_rows). So the
/// features have mean 0, standard deviation 1 and the condition number asked for in the very rows
/// that are written, up to rounding, and memory holds a few blocks and square matrices.
pub(super) struct Generator {
    recipe: Recipe,
    truth: Truth,
    /// What makes features of normal numbers: features x features, and what is added.
    mix: Vec<f64>,
    offset: Vec<f64>,
}

impl Generator {
    pub(super) fn new(recipe: Recipe) -> Self {
        let Recipe { features: width, classes, noise, condition, seed, .. } = recipe;
        let truth = Truth::draw(width, classes, noise, &mut Draws::new(seed, TRUTH_STREAM));
        let rows = design::unit_rows(width, condition, &mut Draws::new(seed, DESIGN_STREAM));
        let (means, mut covariance) = measure(&recipe);
        cholesky(&mut covariance, width);
        let mut mix: Vec<f64> =
            (0..width * width).map(|at| rows[at % width * width + at / width]).collect();
        solve_upper(&covariance, &mut mix, width);
        let mut offset = vec![0.0; width];
        for (mean, row) in means.iter().zip(mix.chunks_exact(width)) {
            add_scaled(&mut offset, -mean, row);
        }
        Self { recipe, truth, mix, offset }
    }

    pub(super) const fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    pub(super) const fn truth(&self) -> &Truth {
        &self.truth
    }

    /// Makes all rows in order.
    pub(super) fn blocks(&self) -> impl Iterator<Item = Block> {
        in_order(self.recipe.blocks(), |block| self.block(block))
    }

    fn block(&self, block: u64) -> Block {
        let (normals, mut draws) = self.recipe.normals(block);
        let (width, dtype) = (self.recipe.features, self.recipe.dtype);
        let mut x = Vec::with_capacity(normals.len());
        let mut y = Vec::with_capacity(normals.len() / width);
        for normals in normals.chunks_exact(width) {
            let start = x.len();
            x.extend_from_slice(&self.offset);
            let row = &mut x[start..];
            for (normal, mix) in normals.iter().zip(self.mix.chunks_exact(width)) {
                add_scaled(row, *normal, mix);
            }
            row.iter_mut().for_each(|value| *value = dtype.round(*value));
            // From the rounded features, so that without noise the answer fits them.
            y.push(dtype.round(self.truth.target(row, &mut draws)));
        }
        Block { x, y }
    }
}

/// Returns the means and the upper triangle of the covariance of the normal numbers.
fn measure(recipe: &Recipe) -> (Vec<f64>, Vec<f64>) {
    let width = recipe.features;
    let mut sums = vec![0.0; width];
    let mut products = vec![0.0; width * width];
    let sum = |block| {
        let (normals, _) = recipe.normals(block);
        let mut sums = vec![0.0; width];
        let mut products = vec![0.0; width * width];
        for row in normals.chunks_exact(width) {
            add_scaled(&mut sums, 1.0, row);
            for (at, value) in row.iter().enumerate() {
                add_scaled(&mut products[at * width + at..(at + 1) * width], *value, &row[at..]);
            }
        }
        (sums, products)
    };
    for (block_sums, block_products) in in_order(recipe.blocks(), sum) {
        add_scaled(&mut sums, 1.0, &block_sums);
        add_scaled(&mut products, 1.0, &block_products);
    }
    let rows = recipe.rows as f64;
    let means: Vec<f64> = sums.iter().map(|sum| sum / rows).collect();
    for (at, product) in products.iter_mut().enumerate() {
        *product = *product / rows - means[at / width] * means[at % width];
    }
    (means, products)
}

/// Works on blocks in parallel, some at a time, and gives the results in order.
fn in_order<T: Send>(blocks: u64, work: impl Fn(u64) -> T + Sync) -> impl Iterator<Item = T> {
    (0..blocks).step_by(AT_A_TIME as usize).flat_map(move |start| {
        let end = blocks.min(start + AT_A_TIME);
        (start..end).into_par_iter().map(&work).collect::<Vec<T>>()
    })
}

#[cfg(test)]
mod tests {
    use super::{super::linear, *};

    fn recipe() -> Recipe {
        Recipe {
            rows: 3000,
            features: 7,
            classes: None,
            noise: 0.0,
            condition: 1e3,
            seed: 1,
            dtype: Dtype::F64,
        }
    }

    fn all(recipe: Recipe) -> Block {
        let mut all = Block { x: Vec::new(), y: Vec::new() };
        for block in Generator::new(recipe).blocks() {
            all.x.extend(block.x);
            all.y.extend(block.y);
        }
        all
    }

    #[test]
    fn features_are_centred_of_deviation_1_and_have_the_condition_number() {
        let cases = [
            (Recipe { condition: 1e8, ..recipe() }, 1e-6),
            (Recipe { rows: 20, features: 10, ..recipe() }, 1e-9),
            (Recipe { features: 1, condition: 1.0, ..recipe() }, 1e-12),
            (Recipe { condition: 1e4, dtype: Dtype::F32, ..recipe() }, 1e-3),
        ];
        for (recipe, within) in cases {
            let x = all(recipe).x;
            let (width, rows) = (recipe.features, recipe.rows as f64);
            for column in 0..width {
                let values = || x.iter().skip(column).step_by(width);
                let mean = values().sum::<f64>() / rows;
                let square = values().map(|x| x * x).sum::<f64>() / rows;
                assert!(mean.abs() < 1e-7 && (square - 1.0).abs() < 1e-6, "{mean}, {square}");
            }
            let values = linear::tests::singular_values(&x, width);
            let found = values[0] / values[width - 1];
            assert!((found / recipe.condition - 1.0).abs() < within, "{recipe:?}: {found}");
        }
    }

    #[test]
    fn without_noise_the_truth_fits_and_noise_has_the_deviation_asked_for() {
        for noise in [0.0, 2.0] {
            let recipe = Recipe { noise, ..recipe() };
            let (generator, all) = (Generator::new(recipe), all(recipe));
            let truth = generator.truth();
            let residual = |(row, y): (&[f64], &f64)| {
                y - truth.intercepts[0] - linear::dot(row, truth.weights(0))
            };
            let rows = all.x.chunks_exact(7).zip(&all.y);
            let square: f64 = rows.map(residual).map(|r| r * r).sum::<f64>() / 3000.0;
            assert!((square.sqrt() - noise).abs() < 0.15 * noise + 1e-13, "{square}");
        }
    }

    /// The same bits everywhere and for ever: changing them is a breaking change to those who
    /// name a table by its flags.
    #[test]
    fn numbers_are_pinned() {
        let regression = all(Recipe { noise: 0.5, rows: 1025, features: 3, ..recipe() });
        let classes = all(Recipe { classes: Some(3), noise: 1.0, dtype: Dtype::F32, ..recipe() });
        let bits = |values: &[f64]| {
            values.iter().fold(0_u64, |sum, x| sum.rotate_left(5).wrapping_add(x.to_bits()))
        };
        let found = [&regression.x, &regression.y, &classes.x, &classes.y].map(|v| bits(v));
        assert_eq!(found, PINNED, "{found:#x?}");
    }

    const PINNED: [u64; 4] = [
        0x9dc7_0a7f_3954_de2f,
        0x387e_0946_3ec0_e4e2,
        0x78d3_8033_43cf_9e0e,
        0xda72_a42d_a644_b137,
    ];
}
