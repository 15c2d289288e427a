//! Signs of life on a terminal.

use std::{
    fmt,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::format;

/// What ends sooner shows nothing.
const SILENCE: Duration = Duration::from_millis(500);

/// The time between two steps of a spinner.
const TICK: Duration = Duration::from_millis(100);

/// Something that takes long: silent at first, then shown on the terminal, gone when dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    waiting: Option<(mpsc::Sender<()>, thread::JoinHandle<()>)>,
}

/// What is counted.
#[derive(Debug, Clone, Copy)]
enum Unit {
    Step,
    Byte,
}

impl Progress {
    pub(super) fn new(what: &str, is_shown: bool) -> Self {
        let bar = ProgressBar::hidden();
        bar.set_style(style("{spinner} {msg} {elapsed}"));
        bar.set_message(what.to_owned());
        let waiting = is_shown.then(|| show_later(bar.clone()));
        Self { bar, waiting }
    }

    /// Tells how many steps are done, of how many.
    pub fn update(&self, done: u64, total: u64) {
        self.expect(Unit::Step, total);
        self.bar.set_position(done);
    }

    /// Tells how many bytes are done, of how many.
    pub fn update_bytes(&self, done: u64, total: u64) {
        self.expect(Unit::Byte, total);
        self.bar.set_position(done);
    }

    /// Tells how many bytes are to be done, and returns what counts them.
    pub fn meter(&self, total: u64) -> Meter {
        self.expect(Unit::Byte, total);
        // What passed before took no part in it.
        self.bar.reset();
        Meter { bar: self.bar.clone() }
    }

    /// Returns a [`meter`](Self::meter) as the application takes one.
    pub(crate) fn counting(&self) -> impl Fn(u64) -> Arc<dyn ckpt_app::files::Meter> + '_ {
        |total| Arc::new(self.meter(total))
    }

    /// Changes what is said to take long.
    pub fn message(&self, what: impl Into<String>) {
        self.bar.set_message(what.into());
    }

    fn expect(&self, unit: Unit, total: u64) {
        if self.bar.length() != Some(total) {
            let write = move |state: &ProgressState, f: &mut dyn fmt::Write| {
                let total = state.len().unwrap_or_default();
                // A line that cannot be written is written again at the next step.
                let _ = f.write_str(&facts(unit, state.pos(), total, state.per_sec()));
            };
            self.bar.set_style(style("{msg} {wide_bar} {facts}").with_key("facts", write));
            self.bar.set_length(total);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((done, thread)) = self.waiting.take() {
            drop(done);
            // A thread that panicked has drawn its last.
            let _ = thread.join();
        }
        self.bar.finish_and_clear();
    }
}

/// Counts bytes that are done; its clones, which any thread may have, count together.
#[derive(Debug, Clone)]
pub struct Meter {
    bar: ProgressBar,
}

impl Meter {
    /// Counts bytes.
    pub fn add(&self, bytes: u64) {
        self.bar.inc(bytes);
    }

    /// Returns how many bytes were counted.
    pub fn count(&self) -> u64 {
        self.bar.position()
    }
}

impl ckpt_app::files::Meter for Meter {
    fn add(&self, bytes: u64) {
        self.bar.inc(bytes);
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is well-formed")
}

/// Writes how much is done, how fast, and how long the rest takes at this rate.
fn facts(unit: Unit, done: u64, total: u64, per_second: f64) -> String {
    // Some bytes may be read twice.
    let done = done.min(total);
    let mut facts = match unit {
        Unit::Step => format!("{done} of {total}"),
        Unit::Byte => format!("{} of {}", format::bytes(done), format::bytes(total)),
    };
    if per_second > 0.0 {
        if let Unit::Byte = unit {
            facts += &format!("  {}", format::rate(per_second));
        }
        let left = ((total - done) as f64 / per_second).ceil();
        facts += &format!("  {} left", format::duration(left as u64));
    }
    facts
}

/// Shows a bar unless the sender is dropped before.
fn show_later(bar: ProgressBar) -> (mpsc::Sender<()>, thread::JoinHandle<()>) {
    let (done, waiting) = mpsc::channel();
    let show = move || {
        if waiting.recv_timeout(SILENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(TICK);
        }
    };
    (done, thread::spawn(show))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_in_units_of_people() {
        let gigabyte = 1_000_000_000;
        let bytes = |done, per_second| facts(Unit::Byte, done, 4 * gigabyte, per_second);
        assert_eq!(bytes(0, 0.0), "0 B of 4.0 GB");
        assert_eq!(bytes(gigabyte, 20e6), "1.0 GB of 4.0 GB  20.0 MB/s  2 min 30 s left");
        assert_eq!(bytes(5 * gigabyte, 1e9), "4.0 GB of 4.0 GB  1.0 GB/s  0 s left");
        assert_eq!(facts(Unit::Step, 12, 340, 41.0), "12 of 340  8 s left");
        assert_eq!(facts(Unit::Step, 0, 0, f64::NAN), "0 of 0");
    }

    #[test]
    fn meters_count_together_and_from_where_they_begin() {
        let progress = Progress::new("testing", false);
        progress.update(3, 4);
        let meter = progress.meter(100);
        let other = meter.clone();
        thread::spawn(move || other.add(30)).join().unwrap();
        meter.add(5);
        assert_eq!(meter.count(), 35);
    }
}
