use clap::Args;
use clap_complete::Shell;

use crate::{
    context::{Answer, Context, Outcome, PROGRAM},
    json,
};

/// Prints a script that completes commands in a shell
///
/// It completes commands, flags and the values of flags that take one of a few. Bash looks for it
/// under the program's name in a folder of completions, fish too, zsh for _ckpt along $fpath.
///
/// With --json: shell, script.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ckpt completions bash > ~/.local/share/bash-completion/completions/ckpt
  ckpt completions zsh > ~/.zfunc/_ckpt
  ckpt completions fish > ~/.config/fish/completions/ckpt.fish
")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(crate) fn completions(context: &mut Context, args: &CompletionsArgs) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut (context.grammar)(), PROGRAM, &mut script);
    if context.json {
        let script = String::from_utf8_lossy(&script).into_owned();
        context.ui.json(&json::Completions { shell: args.shell.to_string(), script })?;
    } else {
        context.ui.verbatim(&script)?;
    }
    Ok(Answer::Done)
}
