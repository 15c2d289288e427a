//! The locks that threads share. With `--cfg shuttle` they are those of a checker, which runs tests
//! under many schedules (CONTRIBUTING.md).

#[cfg(shuttle)]
pub(crate) use shuttle::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
#[cfg(not(shuttle))]
pub(crate) use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};
