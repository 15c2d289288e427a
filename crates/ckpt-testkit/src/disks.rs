//! Disks for tests: one in memory that can show what a crash would leave, and disks around others that
//! fail at the n-th change, count what is asked of them, or let something happen before each step.

mod between;
mod failing;
mod mem;
mod spy;
mod watched;

pub use self::{
    between::BetweenDisk,
    failing::{FailingDisk, Fault},
    mem::{CrashImage, MemDisk},
    spy::{Counts, SpyDisk, counting},
    watched::{Step, Verdict, Watch, WatchedDisk},
};
