//! Signs of life on a terminal.

use std::{sync::mpsc, thread, time::Duration};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What ends sooner shows nothing.
const SILENCE: Duration = Duration::from_millis(250);

/// The time between two steps of a spinner.
const TICK: Duration = Duration::from_millis(100);

/// Something that takes long: silent at first, then shown on the terminal, gone when dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    waiting: Option<(mpsc::Sender<()>, thread::JoinHandle<()>)>,
}

impl Progress {
    pub(super) fn new(what: &str, is_shown: bool) -> Self {
        let bar = ProgressBar::hidden();
        bar.set_style(style("{spinner} {msg} {elapsed}"));
        bar.set_message(what.to_owned());
        let waiting = is_shown.then(|| show_later(bar.clone()));
        Self { bar, waiting }
    }

    /// Tells how much is done, of how much.
    pub fn update(&self, done: u64, total: u64) {
        if self.bar.length() != Some(total) {
            self.bar.set_style(style("{msg} {wide_bar} {pos}/{len} {eta}"));
            self.bar.set_length(total);
        }
        self.bar.set_position(done);
    }

    /// Changes what is said to take long.
    pub fn message(&self, what: impl Into<String>) {
        self.bar.set_message(what.into());
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

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the template is well-formed")
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
