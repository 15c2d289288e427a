//! The table of readers of folders: of models whose tensors lie in several files, which an index
//! lists.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use crate::{FormatError, MAX_HEADER, ReadAt, Segment, ShardIndex, segment, shards};

/// The readers, in the order in which they are tried.
static READERS: &[FolderReader] = &[shards::READER];

/// A reader of the folders of one format: a row of the table.
#[derive(Debug)]
pub struct FolderReader {
    pub(crate) name: &'static str,
    /// What the names of its indexes end in.
    pub(crate) endings: &'static [&'static str],
    /// Reads an index.
    pub(crate) parse: fn(&[u8]) -> Result<ShardIndex, FormatError>,
}

/// Why a folder is not what its index says.
#[derive(Debug)]
pub enum FolderError<E> {
    /// The index cannot be read, or is none.
    Index(FormatError),
    /// The caller could not open a file that the index lists.
    Open(E),
    /// A file cannot be read.
    Read {
        /// The file.
        file: String,
        /// What reading gave.
        source: io::Error,
    },
    /// A file lacks a tensor that the index lists in it.
    Lacks {
        /// The tensor.
        tensor: String,
        /// The file.
        file: String,
    },
}

impl FolderReader {
    /// Finds the reader of an index by the index's name, with or without folders before it.
    pub fn of_index(name: &str) -> Option<&'static Self> {
        READERS.iter().find(|reader| reader.endings.iter().any(|end| name.ends_with(end)))
    }

    /// Gives the name of the format.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Reads an index, and checks that each file has the tensors that it lists there, as far as the
    /// file's tensors can be read.
    ///
    /// `open` is given the name of each file in the folder of the index, once, sorted; one file is
    /// open at a time.
    ///
    /// # Errors
    /// An index that is none, what `open` gives, a file that cannot be read or lacks a tensor.
    pub fn read<S: ReadAt, E>(
        &self,
        index: &dyn ReadAt,
        mut open: impl FnMut(&str) -> Result<S, E>,
    ) -> Result<ShardIndex, FolderError<E>> {
        let index = self.index(index).map_err(FolderError::Index)?;
        let mut tensors: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
        for (tensor, file) in &index.tensors {
            tensors.entry(file).or_default().push(tensor);
        }
        for file in &index.files {
            let source = open(file).map_err(FolderError::Open)?;
            let names = names(&source)
                .map_err(|source| FolderError::Read { file: file.clone(), source })?;
            let Some(names) = names else { continue };
            let mut listed = tensors.remove(file.as_str()).into_iter().flatten();
            if let Some(tensor) = listed.find(|tensor| !names.contains(*tensor)) {
                return Err(FolderError::Lacks { tensor: tensor.clone(), file: file.clone() });
            }
        }
        Ok(index)
    }

    fn index(&self, source: &dyn ReadAt) -> Result<ShardIndex, FormatError> {
        let len = source.len()?;
        if len > MAX_HEADER {
            let problem = format!("it has {len} bytes, the most read is {MAX_HEADER}");
            return Err(FormatError::ShardIndex(problem));
        }
        let mut bytes = vec![0; len as usize];
        source.read_at(0, &mut bytes)?;
        (self.parse)(&bytes)
    }
}

/// Lists the tensors of a file; `None` if not all of it could be read.
fn names(source: &dyn ReadAt) -> io::Result<Option<BTreeSet<String>>> {
    let found = segment(source)?;
    let named = found.segments.into_iter().filter_map(|segment| match segment {
        Segment::Tensor { name, .. } => Some(name),
        Segment::Opaque { .. } => None,
    });
    let tied = found.tied.into_iter().map(|tied| tied.name);
    Ok(found.note.is_none().then(|| named.chain(tied).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads an index whose files are arrays, but for `gone`; gives which files were opened.
    fn read(index: &str) -> (Vec<String>, Result<ShardIndex, FolderError<&'static str>>) {
        let mut array = crate::npy_header(ckpt_tensor::Dtype::U8, &[1].into()).expect("a header");
        array.push(7);
        let mut opened = Vec::new();
        let reader = FolderReader::of_index("run/model.safetensors.index.json").expect("a reader");
        let found = reader.read(&index.as_bytes().to_vec(), |file| {
            opened.push(file.to_owned());
            if file == "gone" { Err("no such file") } else { Ok(array.clone()) }
        });
        (opened, found)
    }

    #[test]
    fn each_file_is_opened_once_and_has_its_tensors() {
        let (opened, found) = read(r#"{"weight_map":{"array":"b"}}"#);
        assert_eq!((opened, found.unwrap().tensors["array"].as_str()), (vec!["b".into()], "b"));
        let (opened, found) = read(r#"{"weight_map":{"array":"b","x":"b","y":"a"}}"#);
        assert!(
            matches!(found, Err(FolderError::Lacks { tensor, file }) if (&*tensor, &*file) == ("y", "a"))
        );
        assert_eq!(opened, ["a"]);
        let (opened, found) = read(r#"{"weight_map":{"array":"b","z":"gone"}}"#);
        assert!(matches!(found, Err(FolderError::Open("no such file"))));
        assert_eq!(opened, ["b", "gone"]);
        assert!(matches!(read("{}").1, Err(FolderError::Index(FormatError::ShardIndex(_)))));
    }

    #[test]
    fn other_names_are_no_index() {
        assert!(FolderReader::of_index("model.safetensors").is_none());
        assert!(FolderReader::of_index("index.json").is_none());
    }
}
