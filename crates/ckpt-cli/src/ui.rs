//! The one way out: results to standard output, everything else to standard error.

mod progress;
mod sparkline;
mod table;

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use console::Term;
use serde::Serialize;

pub use self::{
    progress::{Meter, Progress},
    sparkline::sparkline,
    table::{Column, Table},
};
use crate::{environment::Environment, failure::Failure};
pub use ckpt_app::text::{Style, Text};

/// Columns of what is not a terminal, unless `COLUMNS` says so.
const PIPE_WIDTH: usize = 80;

/// The fewest columns that anything is laid out for.
const MIN_WIDTH: usize = 40;

/// What a command prints through.
///
/// Results go to standard output, notices, progress and errors to standard error. There are
/// colours only on terminals, and none where `NO_COLOR` is set or the terminal is `dumb`.
#[derive(Debug)]
pub struct Ui {
    program: &'static str,
    out: BufWriter<Stdout>,
    is_out_coloured: bool,
    is_err_coloured: bool,
    is_err_terminal: bool,
    width: usize,
}

impl Ui {
    /// Prints for a program of this name to the streams of the process.
    pub fn new(program: &'static str, environment: &Environment) -> Self {
        let (out, err) = (io::stdout(), io::stderr());
        let size = Term::stdout().size_checked().filter(|_| out.is_terminal());
        let columns = size.map(|(_, columns)| usize::from(columns)).or(environment.columns());
        let columns = columns.unwrap_or(PIPE_WIDTH);
        Self {
            program,
            is_out_coloured: out.is_terminal() && environment.allows_colour(),
            is_err_coloured: err.is_terminal() && environment.allows_colour(),
            is_err_terminal: err.is_terminal(),
            width: columns.max(MIN_WIDTH),
            out: BufWriter::new(out),
        }
    }

    /// Returns what users type to run this program: `ckpt` or `cargo xtask`.
    pub const fn program(&self) -> &'static str {
        self.program
    }

    /// Returns the columns that a line may have.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Tells whether notices and progress go to a terminal.
    pub const fn is_err_terminal(&self) -> bool {
        self.is_err_terminal
    }

    /// Prints a line of a result.
    ///
    /// # Errors
    /// What writing fails with; a closed pipe among it.
    pub fn line(&mut self, text: impl Into<Text>) -> Result<(), Failure> {
        let line = text.into().render(self.is_out_coloured);
        writeln!(self.out, "{line}").map_err(Failure::output)
    }

    /// Prints the rows of a table and takes them out of it.
    ///
    /// # Errors
    /// Those of [`line`](Self::line).
    pub fn table(&mut self, table: &mut Table) -> Result<(), Failure> {
        table.take_lines(self.width).into_iter().try_for_each(|line| self.line(line))
    }

    /// Prints a document of JSON as one line.
    ///
    /// # Errors
    /// Those of [`line`](Self::line).
    pub fn json(&mut self, document: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer(&mut self.out, document)
            .map_err(io::Error::from)
            .and_then(|()| self.out.write_all(b"\n"))
            .map_err(Failure::output)
    }

    /// Prints a text that this program made itself as it is.
    ///
    /// # Errors
    /// Those of [`line`](Self::line).
    pub fn verbatim(&mut self, text: &[u8]) -> Result<(), Failure> {
        self.out.write_all(text).map_err(Failure::output)
    }

    /// Prints a notice to standard error.
    ///
    /// # Errors
    /// Those of [`flush`](Self::flush): what was printed before comes before it.
    pub fn notice(&mut self, text: impl Into<Text>) -> Result<(), Failure> {
        self.flush()?;
        self.complain(text.into());
        Ok(())
    }

    /// Prints why a command failed, and what to do about it.
    pub fn failure(&mut self, failure: &Failure) {
        // If results cannot be printed any more, the failure still can.
        let _ = self.flush();
        self.complain(Text::styled(Style::Bad, "error: ").plain(failure.message()));
        if let Some(hint) = failure.hint() {
            self.complain(Text::styled(Style::Good, "hint: ").plain(hint.text(self.program)));
        }
    }

    /// Shows that something takes long, on a terminal only.
    pub fn progress(&self, what: &str) -> Progress {
        Progress::new(what, self.is_err_terminal)
    }

    /// Writes out what is held back.
    ///
    /// # Errors
    /// What writing fails with; a closed pipe among it.
    pub fn flush(&mut self) -> Result<(), Failure> {
        self.out.flush().map_err(Failure::output)
    }

    fn complain(&self, text: Text) {
        // There is nobody left to tell if standard error is closed.
        let _ = writeln!(io::stderr(), "{}", text.render(self.is_err_coloured));
    }
}
