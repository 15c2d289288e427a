//! Writes files, and has the medium take what is long while more of it is made.

use std::{
    fs::File,
    io::{self, Write},
    panic::resume_unwind,
    thread::{self, JoinHandle},
};

use crate::disk::WriteFile;

/// Bytes after which the medium is asked to take what is there: its time for so many is long beside
/// the start of a thread.
const AHEAD: usize = 16 << 20;

/// A file being written. The sync at its end has little left to wait for.
pub(super) struct Writing {
    file: File,
    /// Bytes since the medium was last asked to take them.
    since: usize,
    ahead: Option<JoinHandle<io::Result<()>>>,
}

impl Writing {
    pub(super) fn new(file: File) -> Self {
        Self { file, since: 0, ahead: None }
    }

    /// Has the medium take what is there, unless it still takes what was there before.
    fn start(&mut self) -> io::Result<()> {
        if self.ahead.as_ref().is_some_and(|ahead| !ahead.is_finished()) {
            return Ok(());
        }
        self.wait()?;
        let file = self.file.try_clone()?;
        self.ahead = Some(thread::spawn(move || file.sync_data()));
        self.since = 0;
        Ok(())
    }

    /// Waits for the medium. An error that the system tells there, it tells nobody again.
    fn wait(&mut self) -> io::Result<()> {
        let ended = self.ahead.take().map(JoinHandle::join);
        ended.map_or(Ok(()), |ended| ended.unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

impl WriteFile for Writing {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.since += bytes.len();
        if self.since < AHEAD { Ok(()) } else { self.start() }
    }

    #[cfg(unix)]
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(&self.file, bytes, offset)
    }

    #[cfg(windows)]
    fn write_at(&self, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
        // seek_write moves the file's cursor: nobody appends to a file that is written by place.
        while !bytes.is_empty() {
            match std::os::windows::fs::FileExt::seek_write(&self.file, bytes, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    bytes = &bytes[count..];
                    offset += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        self.wait()?;
        self.file.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_arrives_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let mut file = Writing::new(File::create_new(&path).unwrap());
        let piece = vec![7; AHEAD / 4];
        (0..9).for_each(|_| file.write_all(&piece).unwrap());
        file.sync().unwrap();
        assert!(std::fs::read(path).unwrap() == piece.repeat(9));
    }
}
