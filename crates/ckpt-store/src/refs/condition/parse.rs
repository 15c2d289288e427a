//! From a text to a condition.

use crate::refs::condition::{
    CURRENT, Comparison, Condition, ConditionError, MAX_CONDITION, Operand, Operator, PARENT,
};

/// Most characters of a text that an error repeats.
const SHOWN: usize = 80;

/// A text and how much of it was read.
struct Parser<'a> {
    text: &'a str,
    /// In bytes.
    at: usize,
}

pub(super) fn condition(text: &str) -> Result<Condition, ConditionError> {
    let mut parser = Parser { text, at: 0 };
    if text.len() > MAX_CONDITION {
        return Err(parser.error(&too_long()));
    }
    let mut comparisons = vec![parser.comparison()?];
    while parser.skip_spaces() {
        if !parser.take("&&") {
            return Err(parser.error("&& or the end is expected"));
        }
        comparisons.push(parser.comparison()?);
    }
    bounded(text, Condition { comparisons })
}

fn too_long() -> String {
    format!("a condition has at most {MAX_CONDITION} bytes")
}

pub(super) fn no_worse_than(text: &str) -> Result<Condition, ConditionError> {
    let start = Parser { text, at: 0 };
    let (operator, name) = match text.split_once(':') {
        Some(("max", name)) => (Operator::AtLeast, name),
        Some(("min", name)) => (Operator::AtMost, name),
        _ => return Err(start.error("min: or max: and the name of a metric are expected")),
    };
    let parser = Parser { text, at: text.len() - name.len() };
    if name.is_empty() || name.contains(char::is_control) {
        return Err(parser.error("the name of a metric is expected"));
    }
    let operand = Operand::Current(name.to_owned());
    let comparisons = vec![Comparison { metric: name.to_owned(), operator, operand }];
    bounded(text, Condition { comparisons })
}

/// Refuses a condition that is too long when it is written out, and could not be read again.
fn bounded(text: &str, condition: Condition) -> Result<Condition, ConditionError> {
    match condition.to_string().len() {
        0..=MAX_CONDITION => Ok(condition),
        _ => Err(Parser { text, at: 0 }.error(&too_long())),
    }
}

/// Tells whether a name can stand in a condition without quotes.
pub(super) fn is_bare(name: &str) -> bool {
    let is_word = !name.is_empty() && name.chars().all(is_word_char);
    is_word && !name.starts_with(PARENT) && !name.starts_with(CURRENT) && number(name).is_none()
}

fn is_word_char(char: char) -> bool {
    !char.is_whitespace() && !char.is_control() && !"<>=!&\"".contains(char)
}

/// Reads a decimal number, which may be too large to be finite.
fn number(word: &str) -> Option<f64> {
    // The words inf and nan parse as numbers too, but are names.
    let is_decimal = word.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    word.parse().ok().filter(|_| is_decimal)
}

impl<'a> Parser<'a> {
    fn comparison(&mut self) -> Result<Comparison, ConditionError> {
        self.skip_spaces();
        let metric = self.metric()?;
        self.skip_spaces();
        let operator = self.operator()?;
        self.skip_spaces();
        let operand = self.operand()?;
        Ok(Comparison { metric, operator, operand })
    }

    /// Reads the name on the left side.
    fn metric(&mut self) -> Result<String, ConditionError> {
        if self.rest().starts_with('"') {
            return self.quoted();
        }
        let start = Self { ..*self };
        let word = self.word();
        if word.is_empty() {
            return Err(start.error("the name of a metric is expected"));
        }
        if number(word).is_some() {
            return Err(start.error("a number stands on the right side only"));
        }
        if word.starts_with(PARENT) || word.starts_with(CURRENT) {
            return Err(start.error("parent. and current. stand on the right side only"));
        }
        Ok(word.to_owned())
    }

    fn operator(&mut self) -> Result<Operator, ConditionError> {
        let found = Operator::ALL.into_iter().find(|operator| self.take(operator.text()));
        found.ok_or_else(|| self.error("one of < <= > >= == != is expected"))
    }

    fn operand(&mut self) -> Result<Operand, ConditionError> {
        let start = Self { ..*self };
        for (prefix, operand) in
            [(PARENT, Operand::Parent as fn(String) -> Operand), (CURRENT, Operand::Current)]
        {
            if self.take(prefix) {
                return self.name().map(operand);
            }
        }
        match number(self.word()) {
            Some(number) if number.is_finite() => Ok(Operand::Number(number)),
            Some(_) => Err(start.error("the number is too large")),
            None => Err(start.error("a number, parent.NAME or current.NAME is expected")),
        }
    }

    /// Reads a name after `parent.` or `current.`, which may be any word.
    fn name(&mut self) -> Result<String, ConditionError> {
        if self.rest().starts_with('"') {
            return self.quoted();
        }
        match self.word() {
            "" => Err(self.error("the name of a metric is expected")),
            word => Ok(word.to_owned()),
        }
    }

    fn quoted(&mut self) -> Result<String, ConditionError> {
        let open = Self { ..*self };
        self.at += 1;
        let mut name = String::new();
        let mut is_escaped = false;
        for char in self.rest().chars() {
            match char {
                '"' | '\\' if is_escaped => name.push(char),
                _ if is_escaped => return Err(self.error("\\\" or \\\\ is expected")),
                '\\' => {}
                '"' if name.is_empty() => return Err(open.error("the name is empty")),
                '"' => {
                    self.at += 1;
                    return Ok(name);
                }
                _ if char.is_control() => {
                    return Err(self.error("a name has no control characters"));
                }
                _ => name.push(char),
            }
            is_escaped = char == '\\' && !is_escaped;
            self.at += char.len_utf8();
        }
        Err(open.error("the quote is not closed"))
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let len = rest.find(|char| !is_word_char(char)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    fn take(&mut self, expected: &str) -> bool {
        let is_there = self.rest().starts_with(expected);
        self.at += if is_there { expected.len() } else { 0 };
        is_there
    }

    /// Passes over spaces and tells whether anything is left.
    fn skip_spaces(&mut self) -> bool {
        self.at = self.text.len() - self.rest().trim_start().len();
        !self.rest().is_empty()
    }

    fn error(&self, why: &str) -> ConditionError {
        ConditionError {
            text: self.text.chars().take(SHOWN).collect(),
            position: self.text[..self.at].chars().count() + 1,
            why: why.to_owned(),
        }
    }
}
