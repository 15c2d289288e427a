//! The names of tensors: where they stand in the structure that was saved.

use std::collections::BTreeSet;
use std::ops::Range;

use super::value::{Id, Value, Values, View};
use crate::message::quoted;
use crate::stop::Stop;
use crate::tile::{MAX_TENSORS, Unread};

/// Keys under which training code keeps the model's state dict.
const WRAPPERS: [&str; 7] =
    ["model", "model_state_dict", "state_dict", "net", "network", "module", "weights"];

/// The name of a tensor that was saved by itself.
const ALONE: &str = "tensor";

/// Why an array is not read.
const ARRAY: &str = "a NumPy array";

/// Most containers in one another. Optimizer states have four.
const MAX_DEPTH: usize = 64;

/// Visits of values and bytes of names and shapes for each byte of the pickle. A tensor takes 80
/// bytes there and a hundred in its name; only a pickle that refers to itself again and again
/// needs more.
const MAX_EXPANSION: usize = 16;

/// Bytes of an extent in a shape.
const EXTENT_LEN: usize = size_of::<u64>();

/// What training code keeps the states of random generators under, at its start.
const RANDOM: &str = "rng";

/// What the state of NumPy's global generator begins with (`numpy.random.get_state`).
const MERSENNE_TWISTER: &[u8] = b"MT19937";

/// Finds the tensors below `root`, each with its name by the rule of
/// [`Format::Pytorch`](crate::Format::Pytorch), and arrays of NumPy, which are not read unless
/// they are the state of a random generator.
pub(super) fn tensors(
    values: &Values<'_>,
    root: Id,
    unread: &mut Unread,
) -> Result<Vec<(String, Id)>, Stop> {
    let mut walk = Walk::new(values, unread);
    match values.get(root) {
        Value::Tensor(_) => walk.found.push((ALONE.to_owned(), root)),
        Value::Array => walk.unread.add(ALONE, ARRAY),
        Value::Dict(pairs) => {
            let wrapped = walk.top(pairs)?;
            if let [(key, range)] = wrapped.as_slice() {
                unwrap(&mut walk.found, key, range.clone());
            }
        }
        _ => walk.visit(root, 0)?,
    }
    let mut names: Vec<&str> = walk.found.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        let name = quoted(pair[0].as_bytes());
        return Err(Stop::Beyond(format!("two tensors would have the name `{name}`")));
    }
    Ok(walk.found)
}

/// Leaves out the outermost key of the names in a range unless that makes two names one.
fn unwrap(found: &mut [(String, Id)], key: &str, range: Range<usize>) {
    let prefix = key.len() + 1;
    let others = found[..range.start].iter().chain(&found[range.end..]);
    let others: BTreeSet<&str> = others.map(|(name, _)| name.as_str()).collect();
    if found[range.clone()].iter().all(|(name, _)| !others.contains(&name[prefix..])) {
        found[range].iter_mut().for_each(|(name, _)| drop(name.drain(..prefix)));
    }
}

/// A walk through the values.
struct Walk<'a> {
    values: &'a Values<'a>,
    found: Vec<(String, Id)>,
    unread: &'a mut Unread,
    /// The name of what is visited.
    path: String,
    /// Visits and bytes of names and shapes that are still allowed.
    budget: usize,
}

impl<'a> Walk<'a> {
    fn new(values: &'a Values<'a>, unread: &'a mut Unread) -> Self {
        let budget = MAX_EXPANSION * values.pickle.len();
        Self { values, found: Vec::new(), unread, path: String::new(), budget }
    }

    /// Visits the outermost dictionary; tells which wrappers lead to tensors, and to which.
    fn top(&mut self, pairs: &[(Id, Id)]) -> Result<Vec<(&'static str, Range<usize>)>, Stop> {
        let mut wrapped = Vec::new();
        for &(key, value) in pairs {
            let start = self.found.len();
            self.entry(key, value, 0)?;
            let text = self.values.text(key);
            let wrapper = WRAPPERS.iter().find(|name| Some(name.as_bytes()) == text);
            let range = start..self.found.len();
            if let (Some(name), Value::Dict(_), false) =
                (wrapper, self.values.get(value), range.is_empty())
            {
                wrapped.push((*name, range));
            }
        }
        Ok(wrapped)
    }

    fn visit(&mut self, id: Id, depth: usize) -> Result<(), Stop> {
        self.spend(1)?;
        if depth > MAX_DEPTH {
            return Err(Stop::beyond("data.pkl nests containers too deeply"));
        }
        let values = self.values;
        match values.get(id) {
            Value::Tensor(view) => self.tensor(id, view),
            Value::Array => self.array(),
            Value::Dict(pairs) => {
                self.spend(pairs.len())?;
                pairs.iter().try_for_each(|&(key, value)| self.entry(key, value, depth))
            }
            Value::List(items) => self.items(items, depth),
            Value::Tuple(items) if self.is_random_state(items) => Ok(()),
            Value::Tuple(items) => self.items(items, depth),
            _ => Ok(()),
        }
    }

    fn tensor(&mut self, id: Id, view: &View) -> Result<(), Stop> {
        if self.found.len() == MAX_TENSORS {
            let why = format!("more than {MAX_TENSORS} tensors, the most read");
            return Err(Stop::Beyond(why));
        }
        let rank = self.values.tuple(view.size).map_or(0, <[Id]>::len);
        self.spend(self.path.len() + rank * EXTENT_LEN)?;
        self.found.push((self.path.clone(), id));
        Ok(())
    }

    fn array(&mut self) -> Result<(), Stop> {
        self.spend(self.path.len())?;
        if !self.path.starts_with(RANDOM) {
            self.unread.add(&self.path, ARRAY);
        }
        Ok(())
    }

    /// Tells whether a tuple is the state of a random generator: its name, an array, numbers.
    fn is_random_state(&self, items: &[Id]) -> bool {
        let [name, array, numbers @ ..] = items else { return false };
        self.values.text(*name) == Some(MERSENNE_TWISTER)
            && matches!(self.values.get(*array), Value::Array)
            && !numbers.iter().any(|&number| self.values.is_container(number))
    }

    fn items(&mut self, items: &[Id], depth: usize) -> Result<(), Stop> {
        self.spend(items.len())?;
        for (place, &item) in items.iter().enumerate() {
            if self.values.is_container(item) {
                self.below(&place.to_string(), item, depth)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, key: Id, value: Id, depth: usize) -> Result<(), Stop> {
        if !self.values.is_container(value) {
            return Ok(());
        }
        let text = self.values.text(key).map(std::str::from_utf8);
        match (text, self.values.get(key)) {
            (Some(Ok(text)), _) => self.below(text, value, depth),
            (_, Value::Int(number)) => self.below(&number.to_string(), value, depth),
            _ => {
                let before = self.found.len();
                self.below("", value, depth)?;
                if self.found.len() == before {
                    return Ok(());
                }
                Err(Stop::beyond("a tensor's key is neither text nor an integer"))
            }
        }
    }

    fn below(&mut self, key: &str, value: Id, depth: usize) -> Result<(), Stop> {
        let len = self.path.len();
        self.spend(key.len())?;
        if depth > 0 {
            self.path.push('.');
        }
        self.path.push_str(key);
        self.visit(value, depth + 1)?;
        self.path.truncate(len);
        Ok(())
    }

    fn spend(&mut self, cost: usize) -> Result<(), Stop> {
        let left = self.budget.checked_sub(cost);
        self.budget = left.ok_or_else(|| Stop::beyond("data.pkl repeats itself too often"))?;
        Ok(())
    }
}
