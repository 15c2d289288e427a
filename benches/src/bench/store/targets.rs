//! What ckpt wants to reach, each relative to the same machine in the same run.

use crate::data::Kind;

/// Something that there is a target for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantity {
    Stored,
    History,
    Merged,
    Commit,
    Session,
    Stall,
    RestoreWhole,
    RestoreDepth2,
    RestoreDeepest,
    Again,
}

/// A durable commit of a tiny checkpoint, against two durable renames.
pub(super) const TINY_COMMIT: f64 = 2.0;

/// 1,000 tiny versions through a session, against one durable commit.
pub(super) const TINY_THOUSAND: f64 = 50.0;

/// The peak memory of a process, whatever the size of the checkpoint.
pub(super) const PEAK_BYTES: u64 = 512 << 20;

impl Quantity {
    /// Returns the target for a kind of sequence, or for files of unknown kind.
    pub(super) fn target(self, kind: Option<Kind>) -> Option<f64> {
        match self {
            Self::Stored => match kind? {
                Kind::DenseF32 => Some(0.72),
                Kind::MlpF32 => Some(0.235),
                Kind::Bf16 => Some(0.20),
                Kind::Frozen => Some(0.055),
                Kind::Adam => Some(0.765),
                Kind::Sparse => Some(0.01),
            },
            Self::History => match kind? {
                Kind::DenseF32 => Some(0.73),
                Kind::MlpF32 => Some(0.31),
                Kind::Bf16 => Some(0.26),
                Kind::Frozen | Kind::Adam | Kind::Sparse => None,
            },
            Self::Merged => match kind? {
                Kind::DenseF32 => Some(0.75),
                Kind::MlpF32 => Some(0.33),
                Kind::Bf16 => Some(0.29),
                Kind::Frozen | Kind::Adam | Kind::Sparse => None,
            },
            Self::Session => match kind? {
                Kind::DenseF32 | Kind::Bf16 => Some(1.2),
                Kind::Sparse => Some(0.9),
                Kind::MlpF32 | Kind::Frozen | Kind::Adam => None,
            },
            Self::Commit => Some(1.8),
            Self::RestoreWhole => Some(1.5),
            Self::RestoreDepth2 => Some(4.0),
            Self::RestoreDeepest => Some(8.0),
            Self::Again | Self::Stall => Some(1.0),
        }
    }
}
