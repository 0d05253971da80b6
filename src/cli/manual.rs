//! What documents say of the command, made from its definition.

use super::args::definition;
use super::{Failure, say_bytes};

/// `wasmvm completions`.
pub(super) fn completions(shell: clap_complete::Shell) -> Result<u8, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut definition(), "wasmvm", &mut script);
    say_bytes(&script);
    Ok(0)
}

/// `wasmvm man`.
pub(super) fn man() -> Result<u8, Failure> {
    let mut page = Vec::new();
    let made = clap_mangen::Man::new(definition()).render(&mut page);
    made.map_err(|error| Failure { code: super::EXIT_LOAD, text: error.to_string() })?;
    say_bytes(&page);
    Ok(0)
}

/// The reference of docs/cli.md: every option and every command.
#[doc(hidden)]
pub fn markdown() -> String {
    let mut definition = definition();
    definition.build();
    let mut text = String::new();
    for heading in ["Guest", "Linking", "Limits", "Engine", "Other"] {
        text += &format!("### {heading}\n\n| option | |\n|---|---|\n");
        for option in definition.get_arguments() {
            if option.get_help_heading() == Some(heading) {
                let help = option.get_long_help().or(option.get_help());
                text += &row(&flags(option), &help.map(ToString::to_string).unwrap_or_default());
            }
        }
        text += "\n";
    }
    text += "### Commands\n\n| command | |\n|---|---|\n";
    for tool in definition.get_subcommands().filter(|tool| tool.get_name() != "help") {
        let about = tool.get_long_about().or(tool.get_about());
        let mut words = vec![format!("wasmvm {}", tool.get_name())];
        let arguments = tool.get_arguments().filter(|argument| argument.get_id() != "help");
        words.extend(arguments.map(|argument| match argument.is_positional() {
            true => argument.to_string(),
            false => format!("[{}]", flags(argument)),
        }));
        text += &row(&words.join(" "), &about.map(ToString::to_string).unwrap_or_default());
    }
    text
}

/// `-e, --extra PATH`.
fn flags(option: &clap::Arg) -> String {
    let short = option.get_short().map(|short| format!("-{short}"));
    let long = option.get_long().map(|long| format!("--{long}"));
    let names: Vec<String> = short.into_iter().chain(long).collect();
    let value = option.get_value_names().filter(|_| option.get_action().takes_values());
    let sign = if option.is_require_equals_set() { "=" } else { " " };
    let value = value.map(|names| format!("{sign}{}", names[0])).unwrap_or_default();
    names.join(", ") + &value
}

/// A row of a table: the first sentence on its own.
fn row(left: &str, help: &str) -> String {
    let (first, rest) = help.split_once("\n\n").unwrap_or((help, ""));
    let (rest, example) = rest.split_once("Example: ").unwrap_or((rest, ""));
    let mut right = format!("{first}.");
    if !rest.trim().is_empty() {
        right += &format!(" {}", rest.trim());
    }
    if !example.is_empty() {
        right += &format!(" `{}`", example.trim());
    }
    // In a table a bar ends a cell, also in code.
    let cell = |text: &str| text.replace('\n', " ").replace('|', "\\|");
    format!("| `{}` | {} |\n", cell(left), cell(&right))
}
