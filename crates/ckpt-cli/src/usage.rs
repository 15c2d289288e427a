//! How failures end the program: one line, a hint, an exit code; arguments that do not parse in the
//! same way.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use clap::error::ErrorKind;

use crate::{
    failure::{Class, Failure},
    ui::Ui,
};

/// The most columns of a help text: longer lines are hard to read.
pub(crate) const WIDTH: usize = 100;

/// Prints a failure and returns its exit code.
pub fn report_failure(ui: &mut Ui, failure: &Failure) -> ExitCode {
    let code = match failure.class() {
        Class::ClosedPipe => return ExitCode::SUCCESS,
        Class::Failed => 1,
        Class::Usage => 2,
        Class::No => 3,
        Class::Conflict => 4,
    };
    ui.failure(failure);
    ExitCode::from(code)
}

/// Prints the help that was asked for, or what is wrong with the arguments.
pub fn report(ui: &mut Ui, error: &clap::Error) -> ExitCode {
    use ErrorKind::{
        DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand as NothingGiven, DisplayVersion,
    };
    match error.kind() {
        NothingGiven => {
            // There is nobody left to tell if standard error is closed.
            let _ = error.print();
            ExitCode::from(error.exit_code() as u8)
        }
        DisplayHelp | DisplayVersion => {
            match error.print().and_then(|()| io::stdout().flush()).map_err(Failure::output) {
                Ok(()) => ExitCode::SUCCESS,
                Err(failure) => report_failure(ui, &failure),
            }
        }
        _ => report_failure(ui, &failure(&error.render().to_string())),
    }
}

/// Takes from clap's paragraphs the message and, as hint, its tip or else the usage.
fn failure(text: &str) -> Failure {
    let mut paragraphs = text.split("\n\n").map(|paragraph| {
        let words: Vec<&str> = paragraph.split_whitespace().collect();
        words.join(" ")
    });
    let first = paragraphs.next().unwrap_or_default();
    let failure = Failure::usage(in_words(first.strip_prefix("error: ").unwrap_or(&first)));
    let rest: Vec<String> = paragraphs.collect();
    let starting = |start: &str| rest.iter().find_map(|text| text.strip_prefix(start));
    // How to pass what looks like a flag as a value is seldom what was meant.
    let tip = starting("tip: ").filter(|tip| !tip.starts_with("to pass "));
    match (tip, starting("Usage: ")) {
        (Some(tip), _) => failure.with_hint(tip),
        (None, Some(usage)) => failure.with_hint(format!("usage: {usage}")),
        (None, None) => failure,
    }
}

/// Says in other words what parsing a number fails with.
fn in_words(message: &str) -> String {
    let words = [
        ("invalid digit found in string", "it is not a whole number"),
        ("cannot parse integer from empty string", "it is not a whole number"),
        ("number would be zero for non-zero type", "it has to be 1 or more"),
        ("number too large to fit in target type", "it is too large"),
    ];
    words.iter().fold(message.to_owned(), |message, (from, to)| message.replace(from, to))
}
