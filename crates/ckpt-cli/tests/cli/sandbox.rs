//! A folder to run the program in, cut off from clock, account and environment.

use std::{
    cell::RefCell,
    fs,
    path::PathBuf,
    process::{Command, Output, Stdio},
};

use ckpt_store::{Contents, Draft, RefName, Repository, Role, Signature, Tensor};
use serde_json::Value;
use tempfile::TempDir;

/// The time of the first command, in milliseconds since 1970; every later one comes a minute later.
pub(crate) const START: i64 = 1_700_000_000_000;

pub(crate) struct Sandbox {
    folder: TempDir,
    time: RefCell<i64>,
    /// Ids in the order in which they were printed, to give them short names.
    ids: RefCell<Vec<String>>,
}

impl Sandbox {
    /// Makes an empty folder.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, time: RefCell::new(START), ids: RefCell::default() }
    }

    /// Makes a folder with a repository.
    pub(crate) fn new() -> Self {
        let sandbox = Self::empty();
        Repository::init(&sandbox.path("")).unwrap();
        sandbox
    }

    /// Makes a repository with three versions of a small model.
    pub(crate) fn with_history() -> Self {
        let sandbox = Self::new();
        for epoch in 1..=3_u8 {
            let step = f32::from(epoch);
            sandbox.tensors("model.safetensors", &[("bias", &[2], &[0.5, step])]);
            let loss = 1.0 / f64::from(epoch);
            sandbox.ok(&format!(
                "commit model.safetensors -m 'epoch {epoch}' --metric val_loss={loss} --param lr=0.1"
            ));
        }
        sandbox
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join(path)
    }

    pub(crate) fn repository(&self) -> Repository {
        Repository::open(&self.path("")).unwrap()
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn file(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.path(path)).unwrap()
    }

    /// Lists a folder, sorted.
    pub(crate) fn list(&self, path: &str) -> Vec<String> {
        let name = |entry: std::io::Result<fs::DirEntry>| {
            entry.unwrap().file_name().into_string().unwrap()
        };
        let mut names: Vec<String> = fs::read_dir(self.path(path)).unwrap().map(name).collect();
        names.sort();
        names
    }

    /// Writes a safetensors file of f32 tensors.
    pub(crate) fn tensors(&self, path: &str, tensors: &[(&str, &[u64], &[f32])]) {
        self.file(path, safetensors(tensors));
    }

    /// Commits tensors from memory: weights, and state if there is any.
    pub(crate) fn commit_in_memory(&self, weights: &[f64], state: &[f64]) {
        let mut tensors = vec![Tensor::from_f64("weight", Role::Weights, weights)];
        if !state.is_empty() {
            tensors.push(Tensor::from_f64("momentum", Role::State, state));
        }
        let signature = Signature::new("ada", START);
        let draft = Draft::new(Contents::Tensors(tensors), signature);
        self.repository().commit(&RefName::branch("main").unwrap(), &draft).unwrap();
    }

    /// Prepares the program; the words of a command line are parted by spaces, or in `'quotes'`.
    #[expect(clippy::disallowed_methods, reason = "PATH says where Git is")]
    pub(crate) fn command(&self, line: &str) -> Command {
        let time = self.time.replace_with(|time| *time + 60_000);
        let mut command = Command::new(env!("CARGO_BIN_EXE_ckpt"));
        command.args(words(line)).current_dir(self.path("")).env_clear();
        command.env("CKPT_TIME", time.to_string()).env("CKPT_AUTHOR", "ada");
        // Git is found here, and asks nobody else what its settings are.
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.stdin(Stdio::null());
        command
    }

    pub(crate) fn output(&self, line: &str) -> Output {
        self.command(line).output().unwrap()
    }

    /// Runs a command line and returns what it printed, then its exit code if it is not 0.
    pub(crate) fn run(&self, line: &str) -> String {
        self.transcript(&self.output(line))
    }

    /// Writes down what a command printed, with what differs between runs replaced.
    pub(crate) fn transcript(&self, output: &Output) -> String {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mut all = text(&output.stdout) + &text(&output.stderr);
        match output.status.code().unwrap() {
            0 => {}
            code => all += &format!("[exit code {code}]\n"),
        }
        self.redact(&all)
    }

    /// Runs a command line that succeeds silently on standard error; returns what it printed.
    pub(crate) fn ok(&self, line: &str) -> String {
        let output = self.output(line);
        assert!(output.status.success() && output.stderr.is_empty(), "{line}: {output:?}");
        self.redact(&String::from_utf8(output.stdout).unwrap())
    }

    /// Runs a command line with `--json` and returns the documents that it printed.
    pub(crate) fn documents(&self, line: &str) -> Vec<Value> {
        let output = self.output(&format!("{line} --json"));
        assert!(output.stderr.is_empty(), "{line}: {output:?}");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Runs a command line with `--json` that prints one document.
    pub(crate) fn json(&self, line: &str) -> Value {
        let [document] = self.documents(line).try_into().unwrap();
        document
    }

    /// Lays a document out with one line for each key, and for each item of what these hold.
    pub(crate) fn pretty(&self, document: &Value) -> String {
        self.redact(&lay_out(document, 2))
    }

    /// Replaces the folder, ids, names of packs and sizes in storage by names that never change.
    fn redact(&self, text: &str) -> String {
        let folder = self.folder.path().canonicalize().unwrap();
        let text = text.replace(folder.to_str().unwrap(), "[DIR]");
        let text = replace_between(&text, "packs/", ".pack", "[pack]");
        let text = replace_between(&text, "-> ", " stored", "[size]");
        let text = replace_between(&text, "[size] stored (", " %)", "[part]");
        self.name_ids(&text)
    }

    /// Replaces each id by the same short name, short ids by one of the same length.
    fn name_ids(&self, text: &str) -> String {
        let is_hex = |char: char| matches!(char, '0'..='9' | 'a'..='f');
        let mut named = String::new();
        let mut rest = text;
        while let Some(start) = rest.find(is_hex) {
            let len = rest[start..].find(|char| !is_hex(char)).unwrap_or(rest.len() - start);
            let (before, digits) = rest[..start + len].split_at(start);
            named += before;
            named += &match len {
                12 => format!("{:_<12}", self.name_id(digits)),
                64 => self.name_id(&digits[..12]),
                _ => digits.to_owned(),
            };
            rest = &rest[start + len..];
        }
        named + rest
    }

    fn name_id(&self, short: &str) -> String {
        let mut ids = self.ids.borrow_mut();
        let known = ids.iter().position(|id| id == short);
        let place = known.unwrap_or_else(|| {
            ids.push(short.to_owned());
            ids.len() - 1
        });
        format!("id{}", place + 1)
    }

    /// Changes one byte in the middle of every pack that holds this text.
    pub(crate) fn damage_packs_with(&self, text: &[u8]) {
        for name in self.list(".ckpt/packs") {
            let path = self.path(&format!(".ckpt/packs/{name}"));
            let mut bytes = fs::read(&path).unwrap();
            if let Some(at) = find(&bytes, text) {
                bytes[at] ^= 1;
                fs::write(&path, bytes).unwrap();
            }
        }
    }
}

fn find(bytes: &[u8], text: &[u8]) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text)
}

fn replace_between(text: &str, start: &str, end: &str, by: &str) -> String {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(start) {
        replaced.extend([before, start]);
        rest = after;
        if let Some(at) = after.find(end).filter(|at| !after[..*at].contains('\n')) {
            replaced += by;
            rest = &after[at..];
        }
    }
    replaced + rest
}

/// Parts a command line at spaces outside of single quotes.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<Option<String>> = vec![None];
    for (index, part) in line.split('\'').enumerate() {
        let is_quoted = index % 2 == 1;
        for (index, piece) in part.split(' ').enumerate() {
            if index > 0 && !is_quoted {
                words.push(None);
            }
            if is_quoted || !piece.is_empty() {
                let word = words.last_mut().unwrap().get_or_insert_default();
                if index > 0 && is_quoted {
                    word.push(' ');
                }
                word.push_str(piece);
            }
        }
    }
    words.into_iter().flatten().collect()
}

/// Writes JSON, opening objects and lists of objects down to some depth.
fn lay_out(value: &Value, depth: usize) -> String {
    let indent = |text: String| text.replace('\n', "\n  ");
    let item = |value: &Value| indent(lay_out(value, depth - 1));
    match value {
        Value::Object(map) if depth > 0 && !map.is_empty() => {
            let lines: Vec<String> =
                map.iter().map(|(key, value)| format!("\n  {key:?}: {}", item(value))).collect();
            format!("{{{}\n}}", lines.join(","))
        }
        Value::Array(list) if depth > 0 && list.iter().any(Value::is_object) => {
            let lines: Vec<String> =
                list.iter().map(|value| format!("\n  {}", item(value))).collect();
            format!("[{}\n]", lines.join(","))
        }
        _ => value.to_string(),
    }
}

/// Encodes f32 tensors as a safetensors file.
pub(crate) fn safetensors(tensors: &[(&str, &[u64], &[f32])]) -> Vec<u8> {
    let mut header = serde_json::Map::new();
    let mut data: Vec<u8> = Vec::new();
    for (name, shape, values) in tensors {
        let start = data.len();
        data.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        let offsets = [start, data.len()];
        let entry = serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": offsets});
        header.insert((*name).to_owned(), entry);
    }
    let header = serde_json::to_vec(&header).unwrap();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header);
    file.extend(data);
    file
}
