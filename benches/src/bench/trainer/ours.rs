//! Times the trainer through its public interface, and the machine's reading beside it.

use anyhow::{Context, anyhow};
use ckpt_train::{Dataset, LinearTrainer, Real, closed_form};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{
    super::median::median,
    read::read,
    shape::{Shape, Task},
};
use crate::place::clock;

/// How long something short is repeated, in seconds: much longer than the clock takes, and shorter
/// than what a system gives a process at a time, so that another process is in few of them.
const WINDOW: f64 = 1e-3;

/// How long one measurement goes on, in seconds, and how many windows it has at least; as the peers'.
const ENOUGH: f64 = 0.15;
const WINDOWS: usize = 3;

/// Something that can be timed.
pub(super) trait Subject {
    /// Seconds that the task takes.
    fn task(&mut self) -> anyhow::Result<f64>;

    /// Seconds that reading the features takes.
    fn read(&mut self) -> anyhow::Result<f64>;
}

/// The trainer with rows of a type.
pub(super) struct Ours<T> {
    shape: Shape,
    pool: ThreadPool,
    x: Vec<T>,
    dataset: Dataset<T>,
    /// For epochs, which go on from each other.
    trainer: LinearTrainer<T>,
}

impl<T: Real> Ours<T> {
    pub(super) fn new(shape: Shape, x: Vec<T>, y: Vec<T>) -> anyhow::Result<Self> {
        let pool = ThreadPoolBuilder::new().num_threads(shape.threads).build();
        let pool = pool.context("cannot start threads")?;
        let dataset = shape.dataset(x.clone(), y)?;
        let trainer = pool.install(|| LinearTrainer::new(&dataset, shape.config()))?;
        Ok(Self { shape, pool, x, dataset, trainer })
    }
}

impl<T: Real> Subject for Ours<T> {
    fn task(&mut self) -> anyhow::Result<f64> {
        let Self { shape, pool, dataset, trainer, .. } = self;
        pool.install(|| match shape.task {
            Task::Epoch => {
                time(|| trainer.advance().context("there is no last epoch")?.map_err(Into::into))
            }
            Task::ClosedForm => time(|| {
                closed_form(dataset, 0.0)?;
                Ok(())
            }),
            Task::Fit => time(|| fit(dataset, *shape)),
        })
    }

    fn read(&mut self) -> anyhow::Result<f64> {
        let Self { pool, x, .. } = self;
        pool.install(|| {
            time(|| {
                read(x);
                Ok(())
            })
        })
    }
}

fn fit<T: Real>(dataset: &Dataset<T>, shape: Shape) -> anyhow::Result<()> {
    let mut trainer = LinearTrainer::new(dataset, shape.config())?;
    while let Some(done) = trainer.advance() {
        done?;
    }
    let stop = trainer.stop().filter(|stop| stop.is_converged());
    stop.map(drop).ok_or_else(|| anyhow!("the fit did not converge"))
}

/// Times something: the median of windows, in which it is done again and again if it is short.
fn time(mut run: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    let mut runs = 1;
    let mut windows = Vec::new();
    let all = clock();
    while windows.len() < WINDOWS || all.elapsed().as_secs_f64() < ENOUGH {
        let start = clock();
        for _ in 0..runs {
            run()?;
        }
        let seconds = start.elapsed().as_secs_f64();
        if seconds < WINDOW && windows.is_empty() {
            runs *= 2;
        } else {
            windows.push(seconds / f64::from(runs));
        }
    }
    Ok(median(&windows).unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::{super::shape::Model, super::shape::tests::small, *};

    #[test]
    fn every_task_can_be_timed() {
        for (task, model, batch) in [
            (Task::Epoch, Model::Linear, None),
            (Task::Epoch, Model::Logistic, Some(50)),
            (Task::Epoch, Model::Softmax, None),
            (Task::ClosedForm, Model::Linear, None),
            (Task::Fit, Model::Softmax, None),
        ] {
            let shape = small(task, model, batch);
            let (x, y) = shape.draw::<f64>();
            let mut ours = Ours::new(shape, x, y).unwrap();
            assert!(ours.task().unwrap() > 0.0 && ours.read().unwrap() > 0.0, "{shape:?}");
        }
    }

    #[test]
    fn short_things_are_repeated() {
        let mut runs = 0;
        let seconds = time(|| {
            runs += 1;
            Ok(())
        });
        assert!(runs > 1000 && seconds.unwrap() < WINDOW / 100.0);
    }
}
