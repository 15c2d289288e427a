//! What a run found out about each metric.

use super::{super::median::median, columns::Columns, subject::Subject};

/// The times of one metric, in seconds.
#[derive(Debug, Default)]
pub(super) struct Samples {
    pub(super) read: Vec<f64>,
    pub(super) ours: Vec<f64>,
    pub(super) peer: Vec<f64>,
    /// The greatest difference of both answers.
    pub(super) difference: f64,
}

/// One metric of the table.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) target: Option<f64>,
    pub(super) bytes: usize,
    pub(super) seconds: Option<f64>,
    /// The time in which the machine reads the columns, against ours.
    pub(super) fraction_of_read: Option<f64>,
    pub(super) peer_seconds: Option<f64>,
    /// How many times as fast as the peer we are.
    pub(super) ratio: Option<f64>,
    pub(super) difference: Option<f64>,
}

impl Row {
    pub(super) fn new(subject: &Subject, columns: &Columns, samples: &Samples) -> Self {
        let (read, seconds) = (median(&samples.read), median(&samples.ours));
        let peer_seconds = median(&samples.peer);
        let quotient = |a: Option<f64>, b: Option<f64>| Some(a? / b?);
        Self {
            name: subject.name,
            target: subject.target,
            bytes: columns.bytes(subject.columns),
            seconds,
            fraction_of_read: quotient(read, seconds),
            peer_seconds,
            ratio: quotient(peer_seconds, seconds),
            difference: peer_seconds.map(|_| samples.difference),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{super::subject::SUBJECTS, *};

    /// A metric of which everything is known.
    pub(in super::super) fn row() -> Row {
        let samples = Samples {
            read: vec![0.003, 0.002, 0.004],
            ours: vec![0.005, 0.004, 0.006],
            peer: vec![1.0, 0.5, 0.6],
            difference: 0.0,
        };
        Row::new(&SUBJECTS[0], &Columns::draw(10), &samples)
    }

    #[test]
    fn medians_are_compared() {
        let row = row();
        assert_eq!((row.bytes, row.seconds, row.peer_seconds), (160, Some(0.005), Some(0.6)));
        assert_eq!((row.ratio, row.fraction_of_read), (Some(120.0), Some(0.6)));
    }

    #[test]
    fn without_a_peer_there_is_no_ratio() {
        let samples = Samples { ours: vec![1.0], ..Samples::default() };
        let row = Row::new(&SUBJECTS[0], &Columns::draw(1), &samples);
        assert_eq!((row.ratio, row.difference, row.fraction_of_read), (None, None, None));
    }
}
