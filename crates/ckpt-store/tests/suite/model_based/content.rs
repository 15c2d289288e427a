//! Contents that share much and differ in little, as those of one training do.

use ckpt_store::{Contents, InputFile, Role, Tensor};
use ckpt_tensor::Dtype;

/// What a version contains. `seed` says which training it is of, `nudge` how far that went.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Nothing,
    Tensors { size: Size, seed: u8, nudge: u8 },
    Files { size: Size, seed: u8, nudge: u8 },
}

/// How large the weights are.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Size {
    Empty,
    /// One block, too small for a delta.
    Small,
    /// One block of some groups of 256 bytes.
    Groups,
    /// Two leaves, of which the second is short.
    Leaves,
}

impl Size {
    fn elements(self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Small => 20,
            Self::Groups => 1501,
            Self::Leaves => (1 << 18) + 70,
        }
    }
}

/// The weights: those of nudge 1 differ in one element, those of 2 in some, those of 3 in all.
fn weights(size: Size, seed: u8, nudge: u8) -> Vec<u8> {
    let mut random = 0x9e37_79b9_u32 ^ (u32::from(seed) + 1);
    let every = [usize::MAX, usize::MAX, 300, 1][usize::from(nudge)];
    let value = |i: usize| {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        let value = 0.02 + random as f32 / u32::MAX as f32;
        let moved = (nudge > 0 && i == 7) || i % every == every - 1;
        if moved { value * 1.000_1 } else { value }
    };
    (0..size.elements()).map(value).flat_map(f32::to_le_bytes).collect()
}

/// A tensor that never changes.
fn bias() -> Vec<u8> {
    (0..300).flat_map(|i| (i as f32 * 0.125).to_le_bytes()).collect()
}

/// By what it is: of nothing, every nudge is the same.
impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        (self.tensors(), self.files()) == (other.tensors(), other.files())
    }
}

impl Content {
    /// Returns name, role and bytes of its tensors, all of `F32`, sorted by name.
    pub(crate) fn tensors(&self) -> Vec<(&'static str, Role, Vec<u8>)> {
        match *self {
            Self::Nothing => Vec::new(),
            Self::Files { size, seed, nudge } => {
                vec![("w", Role::Weights, weights(size, seed, nudge))]
            }
            Self::Tensors { size, seed, nudge } => vec![
                ("bias", Role::Weights, bias()),
                ("moment", Role::State, vec![nudge, 0, 0, 0x3f]),
                ("w", Role::Weights, weights(size, seed, nudge)),
            ],
        }
    }

    /// Returns path and bytes of its files, sorted by path; none for tensors from memory.
    pub(crate) fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        let Self::Files { size, seed, nudge } = *self else { return Vec::new() };
        let weights = weights(size, seed, nudge);
        let (elements, len) = (weights.len() / 4, weights.len());
        let header =
            format!(r#"{{"w":{{"dtype":"F32","shape":[{elements}],"data_offsets":[0,{len}]}}}}"#);
        let mut model = (header.len() as u64).to_le_bytes().to_vec();
        model.extend(header.as_bytes());
        // What no reader knows, in blocks of its own.
        let mut opaque = weights.clone();
        opaque.push(seed);
        model.extend(weights);
        vec![
            ("config.json", format!("{{\"seed\": {seed}}}\n").into_bytes()),
            ("model.safetensors", model),
            ("sub/opaque", opaque),
        ]
    }

    pub(crate) fn contents(&self) -> Contents {
        match self {
            Self::Nothing => Contents::Nothing,
            Self::Tensors { .. } => {
                let tensor = |(name, role, bytes): (&str, _, Vec<u8>)| {
                    let shape = [bytes.len() as u64 / 4];
                    Tensor::new(name, Dtype::F32, shape, role, bytes).unwrap()
                };
                Contents::Tensors(self.tensors().into_iter().map(tensor).collect())
            }
            Self::Files { .. } => {
                let file = |(path, bytes): (&str, Vec<u8>)| {
                    InputFile::new(path, Box::new(bytes), None).unwrap()
                };
                Contents::Files(self.files().into_iter().map(file).collect())
            }
        }
    }
}
