//! Writes tables as CSV, NPY and NPZ.

use std::{
    fs::File,
    io::{self, BufWriter, Write},
    path::Path,
};

use zip::{CompressionMethod, DateTime, ZipWriter, result::ZipResult, write::SimpleFileOptions};

use super::{
    Dtype,
    rows::{self, Block, Recipe},
};

/// Formats, by what a file's name ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Csv,
    Npy,
    Npz,
}

impl Format {
    pub(super) fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "csv" => Some(Self::Csv),
            "npy" => Some(Self::Npy),
            "npz" => Some(Self::Npz),
            _ => None,
        }
    }
}

/// Writes a table; only the targets of an NPZ archive are held in memory.
pub(super) fn write(
    path: &Path,
    format: Format,
    recipe: &Recipe,
    blocks: impl Iterator<Item = Block>,
) -> anyhow::Result<()> {
    let mut file = BufWriter::with_capacity(1 << 20, File::create(path)?);
    match format {
        Format::Csv => csv(&mut file, recipe, blocks)?,
        Format::Npy => npy(&mut file, recipe, blocks)?,
        Format::Npz => npz(&mut file, recipe, blocks)?,
    }
    Ok(file.flush()?)
}

fn rows_of<'b>(block: &'b Block, recipe: &Recipe) -> impl Iterator<Item = (&'b [f64], f64)> {
    block.x.chunks_exact(recipe.features).zip(block.y.iter().copied())
}

fn csv(
    file: &mut impl Write,
    recipe: &Recipe,
    blocks: impl Iterator<Item = Block>,
) -> io::Result<()> {
    for index in 0..recipe.features {
        write!(file, "{},", rows::feature(index))?;
    }
    file.write_all(b"y\n")?;
    for block in blocks {
        for (row, y) in rows_of(&block, recipe) {
            for value in row {
                text(file, recipe.dtype, *value)?;
                file.write_all(b",")?;
            }
            text(file, recipe.dtype, y)?;
            file.write_all(b"\n")?;
        }
    }
    Ok(())
}

fn text(file: &mut impl Write, dtype: Dtype, value: f64) -> io::Result<()> {
    match dtype {
        Dtype::F32 => write!(file, "{}", value as f32),
        Dtype::F64 => write!(file, "{value}"),
    }
}

fn npy(
    file: &mut impl Write,
    recipe: &Recipe,
    blocks: impl Iterator<Item = Block>,
) -> io::Result<()> {
    let shape = format!("({}, {})", recipe.rows, recipe.features + 1);
    file.write_all(&header(recipe.dtype, &shape))?;
    for block in blocks {
        for (row, y) in rows_of(&block, recipe) {
            numbers(file, recipe.dtype, row)?;
            numbers(file, recipe.dtype, &[y])?;
        }
    }
    Ok(())
}

fn npz(
    file: &mut BufWriter<File>,
    recipe: &Recipe,
    blocks: impl Iterator<Item = Block>,
) -> ZipResult<()> {
    // A fixed time, so that the same recipe gives the same bytes.
    let options = SimpleFileOptions::default()
        .last_modified_time(DateTime::default())
        .compression_method(CompressionMethod::Stored)
        .large_file(true);
    let mut zip = ZipWriter::new(file);
    zip.start_file("X.npy", options)?;
    zip.write_all(&header(recipe.dtype, &format!("({}, {})", recipe.rows, recipe.features)))?;
    let mut targets = Vec::new();
    for block in blocks {
        numbers(&mut zip, recipe.dtype, &block.x)?;
        numbers(&mut targets, recipe.dtype, &block.y)?;
    }
    zip.start_file("y.npy", options)?;
    zip.write_all(&header(recipe.dtype, &format!("({},)", recipe.rows)))?;
    zip.write_all(&targets)?;
    zip.finish()?;
    Ok(())
}

/// Writes numbers, little-endian.
fn numbers(file: &mut impl Write, dtype: Dtype, values: &[f64]) -> io::Result<()> {
    values.iter().try_for_each(|value| match dtype {
        Dtype::F32 => file.write_all(&(*value as f32).to_le_bytes()),
        Dtype::F64 => file.write_all(&value.to_le_bytes()),
    })
}

/// Makes an NPY header of version 1, padded to 64 bytes as NumPy does.
fn header(dtype: Dtype, shape: &str) -> Vec<u8> {
    let descriptor = match dtype {
        Dtype::F32 => "<f4",
        Dtype::F64 => "<f8",
    };
    let mut text =
        format!("{{'descr': '{descriptor}', 'fortran_order': False, 'shape': {shape}, }}");
    let start = b"\x93NUMPY\x01\0\0\0".len();
    let len = (start + text.len() + 1).next_multiple_of(64) - start;
    text.extend(std::iter::repeat_n(' ', len - text.len() - 1));
    text.push('\n');
    let mut bytes = b"\x93NUMPY\x01\0".to_vec();
    bytes.extend_from_slice(&(len as u16).to_le_bytes());
    bytes.extend_from_slice(text.as_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use ckpt_data::{Roles, Samples, Table};

    use super::{super::rows::Generator, *};

    fn recipe(dtype: Dtype) -> Recipe {
        let (rows, features, classes) = (2100, 4, Some(3));
        Recipe { rows, features, classes, noise: 1.0, condition: 10.0, seed: 9, dtype }
    }

    fn write_as(name: &str, dtype: Dtype, folder: &Path) -> Vec<u8> {
        let path = folder.join(name);
        let format = Format::of(&path).unwrap();
        let generator = Generator::new(recipe(dtype));
        write(&path, format, generator.recipe(), generator.blocks()).unwrap();
        std::fs::read(path).unwrap()
    }

    #[test]
    fn every_format_holds_the_same_table() {
        let folder = tempfile::tempdir().unwrap();
        for dtype in [Dtype::F32, Dtype::F64] {
            let samples = |name: &str| -> Samples<f32> {
                let bytes = write_as(name, dtype, folder.path());
                assert_eq!(bytes, write_as(name, dtype, folder.path()), "{name}");
                let table = Table::read(&folder.path().join(name)).unwrap();
                table.samples(&Roles::default()).unwrap()
            };
            let csv = samples("t.csv");
            assert_eq!(csv.x.dim(), (2100, 4));
            assert_eq!(csv, samples("t.npz"));
            let npy = samples("t.npy");
            assert_eq!((&csv.x, &csv.y), (&npy.x, &npy.y));
            let generator = Generator::new(recipe(dtype));
            let rows = generator.blocks().flat_map(|block| block.y);
            assert!(rows.map(|y| y as f32).eq(csv.y));
        }
    }

    #[test]
    fn headers_are_aligned() {
        let header = header(Dtype::F32, "(2100, 5)");
        assert_eq!(header.len() % 64, 0);
        assert!(header.ends_with(b" \n"));
    }
}
