//! A disk that counts what is written to it.

use std::{io, time::Duration};

use ckpt_store::disk::{Disk, FileKind, LockGuard, LockMode, ReadFile, WriteFile};

use crate::ui::Meter;

/// A disk that passes everything on, and counts the bytes of files that are written.
#[derive(Debug)]
pub(crate) struct MeteredDisk<'a> {
    disk: &'a dyn Disk,
    meter: Meter,
}

impl<'a> MeteredDisk<'a> {
    pub(crate) const fn new(disk: &'a dyn Disk, meter: Meter) -> Self {
        Self { disk, meter }
    }
}

impl Disk for MeteredDisk<'_> {
    fn open(&self, path: &str) -> io::Result<Box<dyn ReadFile>> {
        self.disk.open(path)
    }

    fn create(&self, path: &str) -> io::Result<Box<dyn WriteFile>> {
        let file = self.disk.create(path)?;
        Ok(Box::new(MeteredFile { file, meter: self.meter.clone() }))
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        self.disk.list(dir)
    }

    fn kind(&self, path: &str) -> io::Result<Option<FileKind>> {
        self.disk.kind(path)
    }

    fn create_dir(&self, dir: &str) -> io::Result<()> {
        self.disk.create_dir(dir)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, path: &str) -> io::Result<()> {
        self.disk.remove(path)
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        self.disk.sync_dir(dir)
    }

    fn lock(
        &self,
        path: &str,
        mode: LockMode,
        patience: Duration,
    ) -> io::Result<Box<dyn LockGuard>> {
        self.disk.lock(path, mode, patience)
    }

    fn nonce(&self) -> u64 {
        self.disk.nonce()
    }
}

struct MeteredFile {
    file: Box<dyn WriteFile>,
    meter: Meter,
}

impl WriteFile for MeteredFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.meter.add(bytes.len() as u64);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.write_at(offset, bytes)?;
        self.meter.add(bytes.len() as u64);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }
}

#[cfg(test)]
mod tests {
    use ckpt_store::disk::MemDisk;

    use super::*;
    use crate::{environment::Environment, ui::Ui};

    #[test]
    fn bytes_are_counted_once_they_are_written() {
        let progress = Ui::new("ckpt", &Environment::default()).progress("writing");
        let (memory, meter) = (MemDisk::new(), progress.meter(10));
        let disk = MeteredDisk::new(&memory, meter.clone());
        let mut file = disk.create("file").unwrap();
        file.write_all(b"abc").unwrap();
        file.write_at(3, b"de").unwrap();
        assert_eq!(meter.count(), 5);
        assert!(disk.create("file").is_err());
        assert_eq!(disk.kind("file").unwrap(), Some(FileKind::File));
        assert_eq!(meter.count(), 5);
    }
}
