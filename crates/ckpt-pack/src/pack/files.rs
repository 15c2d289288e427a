//! Files of packs that stay open between reads.

use std::{collections::HashMap, sync::Arc};

use crate::{
    disk::ReadFile,
    error::Result,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Most files of one folder that stay open: reads go to few packs at a time, and of the some 1,000
/// files that a process may have open the store leaves most to its caller.
const MOST: usize = 64;

/// The files of one folder of packs that were read last.
///
/// A pack never changes, so a file that is open may be read on after others removed the pack.
#[derive(Debug, Default)]
pub(crate) struct OpenFiles {
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    /// By name, with the count of the last use.
    files: HashMap<String, (Arc<dyn ReadFile>, u64)>,
    uses: u64,
}

impl OpenFiles {
    /// Returns the file of a name, which is opened if it is not.
    pub(crate) fn get(
        &self,
        name: &str,
        open: impl FnOnce() -> Result<Box<dyn ReadFile>>,
    ) -> Result<Arc<dyn ReadFile>> {
        if let Some(file) = self.held().touch(name) {
            return Ok(file);
        }
        let file: Arc<dyn ReadFile> = Arc::from(open()?);
        self.held().insert(name, Arc::clone(&file));
        Ok(file)
    }

    /// Closes files, as soon as nobody reads them.
    pub(crate) fn retain(&self, stays: impl Fn(&str) -> bool) {
        self.held().files.retain(|name, _| stays(name));
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn touch(&mut self, name: &str) -> Option<Arc<dyn ReadFile>> {
        self.uses += 1;
        let (file, used) = self.files.get_mut(name)?;
        *used = self.uses;
        Some(Arc::clone(file))
    }

    fn insert(&mut self, name: &str, file: Arc<dyn ReadFile>) {
        if self.files.len() >= MOST {
            let oldest = self.files.iter().min_by_key(|(_, (_, used))| *used);
            let oldest = oldest.map(|(name, _)| name.clone());
            oldest.and_then(|name| self.files.remove(&name));
        }
        self.files.insert(name.to_owned(), (file, self.uses));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> Result<Box<dyn ReadFile>> {
        Ok(Box::new(Vec::new()))
    }

    #[test]
    fn the_files_used_last_stay_open() {
        let files = OpenFiles::default();
        let name = |n: usize| n.to_string();
        for n in 0..2 * MOST {
            files.get(&name(n), open).unwrap();
            files.get("always", open).unwrap();
        }
        assert_eq!(files.held().files.len(), MOST);
        let never = || -> Result<Box<dyn ReadFile>> { panic!("it is open") };
        files.get("always", never).unwrap();
        (MOST + 1..2 * MOST).for_each(|n| drop(files.get(&name(n), never).unwrap()));
        files.retain(|name| name == "always");
        assert_eq!(files.held().files.len(), 1);
    }
}
