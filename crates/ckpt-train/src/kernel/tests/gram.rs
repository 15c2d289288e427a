//! The Gram matrix against a sum of one number per row.

use super::{bits, each, numbers};
use crate::kernel::{Rows, gram, sum_over_rows};

/// Every entry's own sum.
fn expected(rows: Rows<'_, f64>, center: &[f64]) -> Vec<f64> {
    let size = rows.width + 1;
    sum_over_rows(rows, size * size, |sums, row, _, weight| {
        let deviation = |j: usize| if j < row.len() { row[j] - center[j] } else { 1.0 };
        for i in 0..size {
            for j in i..size {
                sums[i * size + j] += weight * (deviation(i) * deviation(j));
            }
        }
    })
    .unwrap()
}

#[test]
fn entries_have_the_contracts_bits() {
    for (rows, width) in
        [(1, 1), (700, 1), (83, 2), (130, 7), (90, 8), (1100, 9), (300, 32), (60, 65), (9, 300)]
    {
        let (x, y) = (numbers::<f64>(rows * width, 3), vec![0.0; rows]);
        let (center, weight) = (numbers::<f64>(width, 4), numbers::<f64>(rows, 5));
        for weight in [None, Some(&weight[..])] {
            let rows = Rows::new(&x, &y, width).weighted(weight);
            let expected = expected(rows, &center);
            each(|isa| {
                let found = gram(rows, &center).unwrap();
                let size = width + 1;
                for i in 0..size {
                    let upper = i * size + i..(i + 1) * size;
                    let context = format!("{isa:?}, {} x {width}, line {i}", y.len());
                    assert_eq!(bits(&found[upper.clone()]), bits(&expected[upper]), "{context}");
                }
            });
        }
    }
}

#[test]
fn threads_change_no_bit() {
    let (x, y) = (numbers::<f64>(30_000 * 10, 3), vec![0.0; 30_000]);
    let center = numbers::<f64>(10, 4);
    let rows = Rows::new(&x, &y, 10);
    let once = gram(rows, &center).unwrap();
    for threads in [1, 2, 3, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let found = pool.install(|| gram(rows, &center)).unwrap();
        assert_eq!(bits(&found), bits(&once), "{threads} threads");
    }
}
