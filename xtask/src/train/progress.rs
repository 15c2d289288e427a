//! Signs of life while training: a bar on a terminal, some plain lines elsewhere.

use std::io::{IsTerminal, Write};

use ckpt_cli::format;
use ckpt_train::Metrics;
use indicatif::{ProgressBar, ProgressStyle};

/// Plain lines that a run prints, however many epochs it has.
const LINES: u64 = 10;

/// How often the bar moves for epochs that are not versioned: asking for metrics takes a pass.
const BAR_MOVES: u64 = 200;

/// Tells how training goes, on standard error.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    /// Epochs between plain lines; 0 for none.
    step: u64,
    last: u64,
}

impl Progress {
    /// Starts after `done` of `epochs` epochs; `quiet` keeps plain lines away.
    pub(crate) fn new(quiet: bool, epochs: u64, done: u64) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let bar = is_terminal.then(|| {
            let style =
                ProgressStyle::with_template("epoch {pos}/{len} {wide_bar} {msg} {eta} left")
                    .expect("the template is well-formed");
            ProgressBar::new(epochs).with_style(style).with_position(done)
        });
        let step =
            if quiet || is_terminal { 0 } else { epochs.saturating_sub(done).div_ceil(LINES) };
        Self { bar, step, last: epochs }
    }

    /// Tells whether anything would be told of an epoch.
    pub(crate) fn wants(&self, number: u64) -> bool {
        if self.bar.is_some() {
            return number.is_multiple_of(self.last.div_ceil(BAR_MOVES));
        }
        self.step > 0 && (number.is_multiple_of(self.step) || number == self.last)
    }

    /// Tells that an epoch is done.
    pub(crate) fn epoch(&self, number: u64, metrics: &Metrics) {
        let value =
            |name: &str| metrics.get(name).map(|value| format!("{name} {}", format::number(value)));
        let values: Vec<String> = ["loss", "val_mse", "val_cross_entropy", "val_accuracy", "rate"]
            .into_iter()
            .filter_map(value)
            .collect();
        if let Some(bar) = &self.bar {
            bar.set_message(values.join("  "));
            bar.set_position(number);
        } else if self.wants(number) {
            // Nobody is left to tell if standard error is closed.
            let _ =
                writeln!(std::io::stderr(), "epoch {number}/{}  {}", self.last, values.join("  "));
        }
    }
}

impl Drop for Progress {
    /// Takes the bar away.
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
