//! Which files of a crate use which: a scanner of `use` statements and paths.
//!
//! It knows the layout that rustfmt gives, not all of Rust: parts under `#[cfg(test)]` end where a line
//! is a closing brace, or at their semicolon. What a file re-exports counts as the file that it is from.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// A path such as `refs::name::RefName`, in parts.
type Parts = Vec<String>;

/// The modules of a crate, by their paths from its root, whose own path is empty.
#[derive(Debug, Default)]
pub struct Modules {
    files: BTreeMap<Parts, File>,
}

#[derive(Debug, Default)]
struct File {
    /// Names from modules of the crate that are used, absolute.
    used: Vec<Parts>,
    /// Names that are given on, with where they are from.
    exports: BTreeMap<String, Parts>,
}

impl Modules {
    /// Reads the sources of a crate from its folder `src`, without its further binaries.
    ///
    /// # Panics
    /// A folder or a file that cannot be read.
    pub fn read(source: &Path) -> Self {
        let mut modules = Self::default();
        modules.add(source, &[]);
        modules
    }

    fn add(&mut self, folder: &Path, at: &[String]) {
        for entry in fs::read_dir(folder).expect("a folder of sources").flatten() {
            let path = entry.path();
            let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let is_root = at.is_empty() && ["lib", "main"].contains(&stem.as_str());
            let module =
                if is_root { Vec::new() } else { [at, std::slice::from_ref(&stem)].concat() };
            if path.is_dir() {
                if !(at.is_empty() && stem == "bin") {
                    self.add(&path, &module);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                let file = self.files.entry(module.clone()).or_default();
                file.scan(&text, &module);
            }
        }
    }

    /// Returns the modules that each module uses, itself and the root of the crate apart.
    pub fn uses(&self) -> BTreeMap<String, BTreeSet<String>> {
        let uses = |(module, file): (&Parts, &File)| {
            let used = file.used.iter().map(|path| self.home(path, 0));
            let used = used.filter(|used| used != module && !used.is_empty());
            (module.join("::"), used.map(|used| used.join("::")).collect())
        };
        self.files.iter().filter(|(module, _)| !module.is_empty()).map(uses).collect()
    }

    /// Finds the module that what a path names stands in, through what modules give on.
    fn home(&self, path: &[String], depth: usize) -> Parts {
        let is_module = |len: &usize| self.files.contains_key(&path[..*len]);
        let len = (0..=path.len()).rev().find(is_module).unwrap_or(0);
        let Some(name) = path.get(len) else { return path.to_vec() };
        match self.files[&path[..len]].exports.get(name) {
            Some(from) if depth < 8 => self.home(from, depth + 1),
            _ => path[..len].to_vec(),
        }
    }
}

impl File {
    fn scan(&mut self, text: &str, module: &[String]) {
        let text = without_tests_and_comments(text);
        let mut rest = text.as_str();
        let mut outside = String::new();
        while let Some(start) = find_use(rest) {
            let (before, statement) = rest.split_at(start);
            outside.push_str(before);
            let (statement, after) = statement.split_once(';').unwrap_or((statement, ""));
            rest = after;
            let is_given_on = before.trim_end().ends_with("pub")
                || before.trim_end().ends_with(')') && before.contains("pub(");
            for path in paths(statement.trim_start_matches("use ")) {
                let Some(absolute) = absolute(&path.parts, module) else { continue };
                if is_given_on {
                    self.exports.insert(path.name, absolute.clone());
                }
                self.used.push(absolute);
            }
        }
        outside.push_str(rest);
        for (start, _) in outside.match_indices("::") {
            let word = |c: char| c.is_alphanumeric() || c == '_';
            let head = outside[..start].rfind(|c| !word(c)).map_or(0, |at| at + 1);
            let is_path_start = !outside[..head].ends_with("::");
            if is_path_start && ["crate", "super"].contains(&&outside[head..start]) {
                let end = outside[head..].find(|c| !word(c) && c != ':');
                let path = &outside[head..end.map_or(outside.len(), |end| head + end)];
                let parts: Parts = path.split("::").map(str::to_owned).collect();
                self.used.extend(absolute(&parts, module));
            }
        }
    }
}

/// Finds the next `use` statement at the start of a line.
fn find_use(text: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + text[from..].find("use ")?;
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let before = text[line..at].trim();
        if before.is_empty() || before == "pub" || before.starts_with("pub(") {
            return Some(at);
        }
        from = at + 1;
    }
}

/// A path of a `use` tree, and the name that it is known by.
struct UsePath {
    parts: Parts,
    name: String,
}

/// Takes a `use` tree apart.
fn paths(tree: &str) -> Vec<UsePath> {
    fn walk(before: &[String], tree: &str, found: &mut Vec<UsePath>) {
        let tree = tree.trim();
        if let Some((head, body)) = tree.split_once('{') {
            let head = head.split("::").map(str::trim).filter(|part| !part.is_empty());
            let before = [before, &head.map(str::to_owned).collect::<Vec<_>>()].concat();
            let body = body.rsplit_once('}').map_or(body, |(body, _)| body);
            let (mut depth, mut start) = (0, 0);
            for (at, c) in body.char_indices().chain([(body.len(), ',')]) {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' if depth == 0 => {
                        walk(&before, &body[start..at], found);
                        start = at + 1;
                    }
                    _ => {}
                }
            }
        } else if !tree.is_empty() {
            let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(p, a)| (p, Some(a)));
            let mut parts = before.to_vec();
            parts.extend(path.split("::").map(|part| part.trim().to_owned()));
            if parts.len() > 1 && parts.last().is_some_and(|last| last == "self" || last == "*") {
                parts.pop();
            }
            let last = parts.last().cloned().unwrap_or_default();
            let name = alias.map_or(last, |alias| alias.trim().to_owned());
            found.push(UsePath { parts, name });
        }
    }
    let mut found = Vec::new();
    walk(&[], tree, &mut found);
    found
}

/// Makes a path absolute; `None` if it leads out of the crate.
fn absolute(path: &[String], module: &[String]) -> Option<Parts> {
    match path.split_first()? {
        (first, rest) if first == "crate" => Some(rest.to_vec()),
        (first, rest) if first == "self" => Some([module, rest].concat()),
        (first, _) if first == "super" => {
            let up = path.iter().take_while(|part| *part == "super").count();
            let above = &module[..module.len().saturating_sub(up)];
            Some([above, &path[up..]].concat())
        }
        _ => None,
    }
}

/// Leaves out comments and what is there for tests alone.
fn without_tests_and_comments(text: &str) -> String {
    let mut kept = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]" {
            let indent = &line[..line.len() - line.trim_start().len()];
            let first = lines.by_ref().find(|line| !line.trim().starts_with("#["));
            let end = format!("{indent}}}");
            if !first.is_some_and(|first| first.trim_end().ends_with([';', '}'])) {
                let _ = lines.by_ref().find(|line| *line == end || line.trim_end().ends_with("};"));
            }
            continue;
        }
        kept.push_str(line.split("//").next().unwrap_or_default());
        kept.push('\n');
    }
    kept
}

/// Returns the groups of modules that use each other in circles, but for a module and its own children.
pub fn circles(uses: &BTreeMap<String, BTreeSet<String>>) -> Vec<BTreeSet<String>> {
    let is_below = |a: &str, b: &str| a.strip_prefix(b).is_some_and(|rest| rest.starts_with("::"));
    let is_family = |group: &BTreeSet<String>| {
        let is_all = |parent: &String| group.iter().all(|m| m == parent || is_below(m, parent));
        group.iter().any(is_all)
    };
    // Children of one module may not use each other in a circle either, whatever their parent uses.
    let apart = |(module, used): (&String, &BTreeSet<String>)| {
        let apart = used.iter().filter(|used| !is_below(used, module) && !is_below(module, used));
        (module.clone(), apart.cloned().collect())
    };
    let without_families: BTreeMap<_, _> = uses.iter().map(apart).collect();
    let mut found: BTreeSet<BTreeSet<String>> = groups(&without_families);
    found.extend(groups(uses).into_iter().filter(|group| !is_family(group)));
    found.into_iter().collect()
}

/// Returns the largest groups of several modules each of which leads to every other.
fn groups(uses: &BTreeMap<String, BTreeSet<String>>) -> BTreeSet<BTreeSet<String>> {
    let reached = |from: &String| {
        let mut reached = BTreeSet::new();
        let mut next = vec![from];
        while let Some(module) = next.pop() {
            let new = uses.get(module).into_iter().flatten();
            next.extend(new.filter(|used| reached.insert((*used).clone())));
        }
        reached
    };
    let reached: BTreeMap<&String, BTreeSet<String>> =
        uses.keys().map(|module| (module, reached(module))).collect();
    let group = |(module, beyond): (&&String, &BTreeSet<String>)| -> BTreeSet<String> {
        let leads_back = |other: &&String| reached.get(*other).is_some_and(|r| r.contains(*module));
        beyond.iter().filter(leads_back).cloned().collect()
    };
    reached.iter().map(group).filter(|group| group.len() > 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modules(files: &[(&str, &str)]) -> BTreeMap<String, BTreeSet<String>> {
        let mut modules = Modules::default();
        for (module, text) in files {
            let module: Parts =
                module.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect();
            modules.files.entry(module.clone()).or_default().scan(text, &module);
        }
        modules.uses()
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn uses_are_found_in_trees_paths_and_what_is_given_on() {
        let uses = modules(&[
            ("", "pub use crate::{a::Thing, b::Other as Renamed};\n"),
            (
                "a",
                "use std::fmt;\nuse crate::{\n    b::{self, c::D},\n    Renamed, // crate::e\n};\n",
            ),
            ("b", "fn f() { super::e::g(); crate::Thing::new() }\n"),
            ("b::c", "#[cfg(test)]\nmod tests {\n    use crate::e::X;\n}\n\nuse super::Other;\n"),
            ("e", "#[cfg(test)]\nuse crate::a::Thing;\n"),
        ]);
        assert_eq!(uses["a"], set(&["b", "b::c"]));
        assert_eq!(uses["b"], set(&["a", "e"]));
        assert_eq!(uses["b::c"], set(&["b"]));
        assert_eq!(uses["e"], set(&[]));
        assert_eq!(circles(&uses), [set(&["a", "b"]), set(&["a", "b", "b::c"])]);
    }

    #[test]
    fn only_a_module_and_its_children_may_know_each_other() {
        let family = modules(&[("a", "use self::b::B;\n"), ("a::b", "use super::A;\n")]);
        assert!(circles(&family).is_empty());
        let siblings = modules(&[
            ("a", "use self::b::B;\n"),
            ("a::b", "use super::{A, c::C};\n"),
            ("a::c", "use super::b::B;\n"),
        ]);
        assert_eq!(circles(&siblings), [set(&["a::b", "a::c"])]);
    }
}
