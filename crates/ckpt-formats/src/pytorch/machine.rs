//! A stack machine that follows a pickle without executing anything.

use std::collections::BTreeMap;

use super::globals;
use super::opcodes::*;
use super::reader::{Reader, broken};
use super::value::{Id, Value, Values};
use super::{MAX_VALUES, reduce};
use crate::message::quoted;
use crate::stop::Stop;

/// The state of a pickle that is read up to a place.
///
/// Each instruction makes at most one value and takes at least one byte, so memory is bounded by
/// the pickle's length, and for long ones by [`MAX_VALUES`].
pub(super) struct Machine<'a> {
    reader: Reader<'a>,
    values: Values<'a>,
    stack: Vec<Id>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: BTreeMap<u32, Id>,
}

impl<'a> Machine<'a> {
    /// Stands before the first instruction. The pickle has less than 2^32 bytes.
    pub(super) fn new(pickle: &'a [u8]) -> Self {
        let values = Values { pickle, all: Vec::new() };
        let (reader, memo) = (Reader::new(pickle), BTreeMap::new());
        Self { reader, values, stack: Vec::new(), marks: Vec::new(), memo }
    }

    /// Follows the pickle to its end; gives all values, and which of them it stands for.
    pub(super) fn run(mut self) -> Result<(Values<'a>, Id), Stop> {
        loop {
            match self.reader.byte()? {
                STOP => break,
                opcode => self.step(opcode)?,
            }
        }
        let root = self.pop()?;
        Ok((self.values, root))
    }

    fn step(&mut self, opcode: u8) -> Result<(), Stop> {
        let kept = self.values.all.len() + self.stack.len() + self.marks.len() + self.memo.len();
        if kept >= MAX_VALUES {
            let why = format!("data.pkl has more than {MAX_VALUES} values, the most read");
            return Err(Stop::Beyond(why));
        }
        match opcode {
            PROTO => self.protocol(),
            FRAME => self.reader.take(8).map(drop),
            MARK => {
                self.marks.push(self.stack.len());
                Ok(())
            }
            POP => self.pop().map(drop),
            POP_MARK => self.pop_mark().map(drop),
            DUP => {
                let top = self.top()?;
                self.stack.push(top);
                Ok(())
            }
            BINPUT | LONG_BINPUT | MEMOIZE | BINGET | LONG_BINGET => self.memory(opcode),
            EMPTY_TUPLE | TUPLE | TUPLE1 | TUPLE2 | TUPLE3 | FROZENSET | EMPTY_LIST
            | EMPTY_DICT | EMPTY_SET => self.container(opcode),
            APPEND | APPENDS | SETITEM | SETITEMS | ADDITEMS => self.fill(opcode),
            GLOBAL | STACK_GLOBAL | REDUCE | BUILD | BINPERSID => self.object(opcode),
            _ => {
                let value = self.scalar(opcode)?;
                self.push(value);
                Ok(())
            }
        }
    }

    fn protocol(&mut self) -> Result<(), Stop> {
        match self.reader.byte()? {
            0..=5 => Ok(()),
            other => Err(Stop::beyond(format!("data.pkl has protocol {other}"))),
        }
    }

    /// Reads a value that is whole with its instruction.
    fn scalar(&mut self, opcode: u8) -> Result<Value, Stop> {
        let value = match opcode {
            NONE | NEWTRUE | NEWFALSE => Value::Plain,
            BININT => Value::Int(i64::from(self.reader.number(4)? as i32)),
            BININT1 => Value::Int(self.reader.number(1)? as i64),
            BININT2 => Value::Int(self.reader.number(2)? as i64),
            LONG1 => long(self.reader.counted(1)?),
            LONG4 => long(self.reader.counted(4)?),
            BINFLOAT => self.reader.take(8).map(|_| Value::Plain)?,
            BINUNICODE => self.text(4)?,
            SHORT_BINUNICODE => self.text(1)?,
            BINUNICODE8 => self.text(8)?,
            BINBYTES => self.reader.counted(4).map(|_| Value::Plain)?,
            SHORT_BINBYTES => self.reader.counted(1).map(|_| Value::Plain)?,
            BINBYTES8 | BYTEARRAY8 => self.reader.counted(8).map(|_| Value::Plain)?,
            _ => {
                let why = format!("data.pkl uses the pickle instruction 0x{opcode:02x}");
                return Err(Stop::Beyond(why));
            }
        };
        Ok(value)
    }

    fn text(&mut self, prefix: u64) -> Result<Value, Stop> {
        let text = self.reader.counted(prefix)?;
        Ok(Value::Text((self.reader.at() - text.len()) as u32, text.len() as u32))
    }

    fn memory(&mut self, opcode: u8) -> Result<(), Stop> {
        let key = match opcode {
            MEMOIZE => self.memo.len() as u32,
            BINPUT | BINGET => self.reader.number(1)? as u32,
            _ => self.reader.number(4)? as u32,
        };
        if matches!(opcode, BINGET | LONG_BINGET) {
            let found = self.memo.get(&key).copied();
            let found = found.ok_or_else(|| self.broken("fetches what was never put aside"))?;
            self.stack.push(found);
        } else {
            let top = self.top()?;
            self.memo.insert(key, top);
        }
        Ok(())
    }

    fn container(&mut self, opcode: u8) -> Result<(), Stop> {
        let value = match opcode {
            EMPTY_LIST => Value::List(Vec::new()),
            EMPTY_DICT => Value::Dict(Vec::new()),
            EMPTY_SET => Value::Plain,
            FROZENSET => self.pop_mark().map(|_| Value::Plain)?,
            TUPLE => Value::Tuple(self.pop_mark()?.into()),
            EMPTY_TUPLE => self.tuple(0)?,
            TUPLE1 => self.tuple(1)?,
            TUPLE2 => self.tuple(2)?,
            _ => self.tuple(3)?,
        };
        self.push(value);
        Ok(())
    }

    fn tuple(&mut self, count: usize) -> Result<Value, Stop> {
        let start = self.stack.len().checked_sub(count).filter(|&start| start >= self.floor());
        let start = start.ok_or_else(|| self.broken("takes from an empty stack"))?;
        Ok(Value::Tuple(self.stack.split_off(start).into()))
    }

    /// Adds items to the container below them.
    fn fill(&mut self, opcode: u8) -> Result<(), Stop> {
        let items = match opcode {
            APPEND => vec![self.pop()?],
            SETITEM => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
            _ => self.pop_mark()?,
        };
        let target = self.top()?;
        let is_dict = matches!(opcode, SETITEM | SETITEMS);
        match self.values.get_mut(target) {
            Value::List(list) if matches!(opcode, APPEND | APPENDS) => list.extend(items),
            Value::Dict(pairs) if is_dict && items.len().is_multiple_of(2) => {
                pairs.extend(items.chunks_exact(2).map(|pair| (pair[0], pair[1])));
            }
            Value::Plain if opcode == ADDITEMS => {}
            _ => return Err(self.broken("adds items to what cannot hold them")),
        }
        Ok(())
    }

    fn object(&mut self, opcode: u8) -> Result<(), Stop> {
        match opcode {
            GLOBAL => {
                let (module, name) = (self.reader.line()?, self.reader.line()?);
                self.global(module, name)
            }
            STACK_GLOBAL => {
                let (name, module) = (self.pop()?, self.pop()?);
                let texts = self.values.text(module).zip(self.values.text(name));
                let (module, name) = texts.ok_or_else(|| self.broken("names no global"))?;
                self.global(module, name)
            }
            BUILD => {
                self.pop()?;
                let target = self.top()?;
                match self.values.get(target) {
                    // Attributes of a dictionary, states of NumPy's numbers and arrays.
                    Value::Dict(_) | Value::Plain | Value::Array => Ok(()),
                    // No version that writes zip archives does, and it could change the view.
                    Value::Tensor(_) => Err(Stop::beyond("data.pkl sets the state of a tensor")),
                    _ => Err(self.broken("sets attributes of what has none")),
                }
            }
            BINPERSID => {
                let id = self.pop()?;
                let storage = reduce::storage(&self.values, id)?;
                self.push(storage);
                Ok(())
            }
            _ => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                match reduce::call(&self.values, function, arguments, self.reader.at())? {
                    reduce::Called::New(value) => self.push(value),
                    reduce::Called::Same(id) => self.stack.push(id),
                }
                Ok(())
            }
        }
    }

    fn global(&mut self, module: &[u8], name: &[u8]) -> Result<(), Stop> {
        match globals::find(module, name) {
            Some(global) => {
                self.push(Value::Global(global));
                Ok(())
            }
            None => {
                let (module, name) = (quoted(module), quoted(name));
                Err(Stop::Beyond(format!("data.pkl uses the global {module}.{name}")))
            }
        }
    }

    fn push(&mut self, value: Value) {
        let id = Id(self.values.all.len() as u32);
        self.values.all.push(value);
        self.stack.push(id);
    }

    /// Gives the height below which the stack belongs to what came before the last mark.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Id, Stop> {
        let top = self.stack[self.floor()..].last().copied();
        top.ok_or_else(|| self.broken("takes from an empty stack"))
    }

    fn pop(&mut self) -> Result<Id, Stop> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// Takes what was put on the stack since the last mark.
    fn pop_mark(&mut self) -> Result<Vec<Id>, Stop> {
        let mark = self.marks.pop().ok_or_else(|| self.broken("returns to a mark never set"))?;
        Ok(self.stack.split_off(mark))
    }

    fn broken(&self, problem: &str) -> Stop {
        broken(self.reader.at(), problem)
    }
}

/// Reads an integer of at most 64 bits; longer ones are plain values.
fn long(bytes: &[u8]) -> Value {
    let sign = if bytes.last().is_some_and(|&byte| byte >= 0x80) { -1 } else { 0 };
    if bytes.len() > 8 {
        return Value::Plain;
    }
    Value::Int(bytes.iter().rfold(sign, |number, &byte| number << 8 | i64::from(byte)))
}
