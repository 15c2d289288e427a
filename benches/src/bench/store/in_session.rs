//! A session of ckpt as a library: what a training loop has in memory goes in.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use ckpt_formats::{Segment, segment};
use ckpt_store::{
    Contents, FIRST_BRANCH, InputFile, RefName, Repository, Role, Session, SessionOptions, Tensor,
};

use super::{
    keeper::{Keeper, Kept, Stall},
    tiny_commits::draft,
    tool::CHECKPOINT,
};
use crate::place::clock;

/// A session that stays open for a whole sequence.
#[derive(Debug)]
pub(super) struct InSession {
    session: Session,
    folder: PathBuf,
    stall: Option<Stall>,
}

impl InSession {
    /// Starts a session on a repository in a new folder.
    pub(super) fn start(folder: PathBuf) -> anyhow::Result<Self> {
        fs::create_dir_all(&folder)?;
        let branch = RefName::branch(FIRST_BRANCH).map_err(ckpt_store::Error::from)?;
        let repository = Arc::new(Repository::init(&folder)?);
        let session = Session::start(repository, branch, SessionOptions::default())?;
        Ok(Self { session, folder, stall: None })
    }
}

impl Keeper for InSession {
    fn folder(&self) -> &Path {
        &self.folder
    }

    /// Hands the checkpoint over and waits until it is durable.
    fn commit(&mut self, _: usize) -> anyhow::Result<Kept> {
        let bytes = fs::read(self.folder.join(CHECKPOINT))?;
        let start = clock();
        // A copy that is not used would not be made.
        std::hint::black_box(bytes.clone());
        let copy = start.elapsed();
        let draft = draft(contents(bytes)?);
        let start = clock();
        self.session.commit(draft)?;
        self.stall = Some(Stall { wait: start.elapsed(), copy });
        self.session.flush()?;
        let took = start.elapsed();
        let stored = self.session.take_done().iter().map(|commit| commit.stored_bytes).sum();
        Ok(Kept { took, stored: Some(stored) })
    }

    /// What comes back from memory is another file than the one that was read.
    fn restore(&mut self, _: usize) -> anyhow::Result<Option<Duration>> {
        Ok(None)
    }

    fn stores(&self) -> &'static [&'static str] {
        &[".ckpt"]
    }

    fn take_stall(&mut self) -> Option<Stall> {
        self.stall.take()
    }
}

/// Takes the tensors out of a file, as training has them; a file without any stays one.
fn contents(bytes: Vec<u8>) -> anyhow::Result<Contents> {
    let segments = segment(&bytes).context("cannot read the checkpoint")?.segments;
    let tensors = segments.into_iter().filter_map(|segment| match segment {
        Segment::Tensor { name, dtype, shape, offset, len } => {
            let bytes = bytes[offset as usize..(offset + len) as usize].to_vec();
            Some(Tensor::new(name, dtype, shape.dims(), Role::Weights, bytes))
        }
        Segment::Opaque { .. } => None,
    });
    let tensors = tensors.collect::<ckpt_store::Result<Vec<_>>>()?;
    if tensors.is_empty() {
        let file = InputFile::new(CHECKPOINT, Box::new(bytes), None)?;
        return Ok(Contents::Files(vec![file]));
    }
    Ok(Contents::Tensors(tensors))
}

#[cfg(test)]
mod tests {
    use super::{super::keeper, *};

    #[test]
    fn a_session_keeps_the_tensors_of_a_file() {
        let folder = tempfile::tempdir().unwrap();
        let given = folder.path().join("given.safetensors");
        let header = br#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  "#;
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend_from_slice(header);
        file.extend_from_slice(&[7; 8]);
        fs::write(&given, &file).unwrap();
        let mut here = InSession::start(folder.path().join("here")).unwrap();
        keeper::place(&here, &given).unwrap();
        let kept = here.commit(1).unwrap();
        let stall = here.take_stall().unwrap();
        assert!(stall.wait <= kept.took && here.take_stall().is_none());
        assert!(keeper::stored(&here).unwrap() > 0);
        assert!(kept.stored > Some(0));
    }

    #[test]
    fn a_file_without_tensors_stays_a_file() {
        let Contents::Tensors(tensors) = contents(b"opaque".to_vec()).unwrap() else {
            return;
        };
        panic!("{} tensors in text", tensors.len());
    }
}
