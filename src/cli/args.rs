//! The command line: which words are ours and which are the guest's, and what ours mean.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{Args, CommandFactory, Parser};

use super::Failure;

/// What to do.
#[derive(Debug)]
pub(super) enum Command {
    Run(Box<RunArgs>),
    Validate(ValidateArgs),
    Inspect(InspectArgs),
}

/// What the command line came to.
#[derive(Debug)]
pub(super) enum Parsed {
    Do(Command),
    /// `--help` or `--version`.
    Say(String),
}

/// Run a WebAssembly module.
#[derive(Debug, Parser)]
#[command(name = "wasmvm", version, disable_version_flag = true, disable_help_flag = true)]
#[command(override_usage = "wasmvm [run] [OPTIONS] [--] MODULE [ARG]...\n       \
    wasmvm validate FILE...\n       wasmvm inspect FILE")]
#[command(after_help = "Options are those before MODULE; everything after it goes to the guest.")]
#[command(after_long_help = AFTER_HELP)]
#[command(next_line_help = false)]
pub(super) struct RunArgs {
    /// The module: WebAssembly, binary or text
    #[arg(value_name = "MODULE", required = true)]
    pub module: PathBuf,

    /// The guest's arguments
    ///
    /// Passed on as they are, also if they look like options. `--args` or `-a` directly after
    /// MODULE is dropped. With --invoke they are the arguments of the function.
    #[arg(value_name = "ARG")]
    pub args: Vec<OsString>,

    #[command(flatten)]
    pub guest: GuestArgs,

    #[command(flatten)]
    pub limits: LimitArgs,

    /// Validate and translate all functions before anything runs
    ///
    /// Otherwise a function is translated when it is first called. Example:
    /// wasmvm --eager app.wasm
    #[arg(long, help_heading = "Engine")]
    pub eager: bool,

    /// Print what the guest does to standard error
    ///
    /// `host`: every call of the host, with its arguments and what it came to. Example:
    /// wasmvm --trace=host app.wasm
    #[arg(long, value_name = "host", require_equals = true, hide_possible_values = true)]
    #[arg(help_heading = "Engine")]
    pub trace: Option<Trace>,

    /// Print times to standard error at the end
    ///
    /// How long it took to load (which includes validation), to link and to run; with --fuel, how
    /// much was used. Example: wasmvm --stats app.wasm
    #[arg(long, help_heading = "Engine")]
    pub stats: bool,

    /// Print help (--help: more of it)
    #[arg(short, long, action = clap::ArgAction::Help, help_heading = "Other")]
    help: Option<bool>,

    /// Print the version
    #[arg(short, long, action = clap::ArgAction::Version, help_heading = "Other")]
    version: Option<bool>,
}

/// What the guest gets of the world.
#[derive(Debug, Args)]
#[command(next_help_heading = "Guest")]
pub(super) struct GuestArgs {
    /// Give the guest a directory
    ///
    /// Under the name GUEST, or under its own; with `:ro` the guest can only read what is in it.
    /// Nothing else of the file system is visible. Example: wasmvm --dir data::/data:ro app.wasm
    #[arg(long = "dir", value_name = "HOST[::GUEST][:ro]", value_parser = parse_dir)]
    pub dirs: Vec<DirArg>,

    /// Give the guest a socket that listens
    ///
    /// ADDR is an address and a port. The first one is the descriptor after those of the
    /// directories: 3 without --dir. With port 0 the system chooses one, which is printed to
    /// standard error. Example: wasmvm --tcplisten 127.0.0.1:8080 server.wasm
    #[arg(long = "tcplisten", value_name = "ADDR")]
    pub listeners: Vec<String>,

    /// Set an environment variable of the guest
    ///
    /// Without `=V` the value is that of this process, if it has one. Example:
    /// wasmvm --env HOME=/ --env LANG app.wasm
    #[arg(long, value_name = "K[=V]")]
    pub env: Vec<OsString>,

    /// Give the guest all environment variables of this process
    ///
    /// Those set by --env have precedence. Example: wasmvm --inherit-env app.wasm
    #[arg(long)]
    pub inherit_env: bool,

    /// What the guest gets as argument 0
    ///
    /// By default MODULE as it was given. Example: wasmvm --argv0 ls coreutils.wasm
    #[arg(long, value_name = "S")]
    pub argv0: Option<OsString>,

    /// Call an exported function
    ///
    /// Its arguments follow MODULE and are read as its signature says: numbers, also in
    /// hexadecimal; a v128 as 0x and 32 digits; a reference as ref.null. Results are printed, one
    /// per line. `_initialize` is called before, if there is one. Example:
    /// wasmvm --invoke add math.wasm 2 3
    #[arg(long, value_name = "FUNC")]
    pub invoke: Option<String>,

    /// What becomes of imports that nobody provides
    ///
    /// With `trap`, calling one is a trap; without this option they are an error before anything
    /// runs. Example: wasmvm --unknown-imports=trap plugin.wasm
    #[arg(long, value_name = "trap", hide_possible_values = true)]
    pub unknown_imports: Option<UnknownImports>,
}

/// How much the guest may use.
#[derive(Debug, Args)]
#[command(next_help_heading = "Limits")]
pub(super) struct LimitArgs {
    /// How much may be executed, in units of about one instruction
    ///
    /// When it is used up the program ends with a trap (exit code 134). Suffixes k, M, G stand
    /// for thousands. Example: wasmvm --fuel 10M app.wasm
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub fuel: Option<u64>,

    /// How large all memories may grow together, in bytes
    ///
    /// Suffixes K, M, G stand for powers of 1024. Example: wasmvm --max-memory 256M app.wasm
    #[arg(long, value_name = "N", value_parser = parse_size)]
    pub max_memory: Option<u64>,

    /// How large the heap of structures, arrays and exceptions may grow, in bytes
    ///
    /// Beyond it the program ends with a trap (exit code 134). Suffixes K, M, G stand for powers of
    /// 1024. Example: wasmvm --max-gc-heap 64M app.wasm
    #[arg(long, value_name = "N", value_parser = parse_size)]
    pub max_gc_heap: Option<u64>,

    /// How large the guest's stack may grow, in bytes
    ///
    /// Beyond it the program ends with a trap (exit code 134). From 4K to 4G; suffixes K, M, G stand
    /// for powers of 1024. Example: wasmvm --max-stack 1M app.wasm
    #[arg(long, value_name = "N", value_parser = parse_stack_size)]
    pub max_stack: Option<u64>,

    /// Do the same on every machine and in every run
    ///
    /// NaNs are canonical, whether memories and tables grow depends on limits only (4 GiB of memory
    /// unless --max-memory says otherwise), and threads are off. Example:
    /// wasmvm --deterministic app.wasm
    #[arg(long)]
    pub deterministic: bool,
}

/// See [`RunArgs::trace`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Trace {
    /// Calls of the host.
    Host,
}

/// See [`GuestArgs::unknown_imports`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum UnknownImports {
    /// Calling one is a trap.
    Trap,
}

/// Say whether files are valid modules: silence and exit code 0 if they are.
#[derive(Debug, Parser)]
#[command(name = "wasmvm validate")]
pub(super) struct ValidateArgs {
    /// The modules
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
}

/// Show what a module consists of: sections, imports, exports.
#[derive(Debug, Parser)]
#[command(name = "wasmvm inspect")]
pub(super) struct InspectArgs {
    /// The module
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// `HOST[::GUEST][:ro]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DirArg {
    pub host: String,
    pub guest: String,
    pub read_only: bool,
}

/// Reads the words after the name of the program.
pub(super) fn parse(mut words: Vec<OsString>) -> Result<Parsed, Failure> {
    match words.first().and_then(|word| word.to_str()) {
        Some("validate") => {
            return from_clap::<ValidateArgs>(&words[1..]).map(|p| p.map(Command::Validate));
        }
        Some("inspect") => {
            return from_clap::<InspectArgs>(&words[1..]).map(|p| p.map(Command::Inspect));
        }
        Some("run") => drop(words.remove(0)),
        Some(_) => {}
        None => {
            let help = RunArgs::command().render_help().to_string();
            return Err(Failure::usage(format!("no module was given\n\n{help}")));
        }
    }
    let words = split(&RunArgs::command(), words)?;
    let boxed = |run| Command::Run(Box::new(run));
    from_clap::<RunArgs>(&words).map(|parsed| parsed.map(boxed))
}

/// Puts a `--` before MODULE, so that everything after it is no option whatever it looks like;
/// drops `--args` behind it.
fn split(command: &clap::Command, mut words: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let word = word.to_string_lossy();
        if word == "--" {
            return Ok(words);
        }
        if !word.starts_with('-') || word == "-" {
            if words.get(at + 1).is_some_and(|next| next == "--args" || next == "-a") {
                words.remove(at + 1);
            }
            words.insert(at, "--".into());
            return Ok(words);
        }
        if word == "--args" || word == "-a" {
            return Err(Failure::usage(format!(
                "`{word}` belongs behind the module: wasmvm [OPTIONS] MODULE {word} ARG..."
            )));
        }
        at += if takes_next(command, &word) { 2 } else { 1 };
    }
    Ok(words)
}

/// Whether the word after an option is its value.
fn takes_next(command: &clap::Command, word: &str) -> bool {
    let mut arguments = command.get_arguments();
    let argument = match word.strip_prefix("--") {
        Some(long) => arguments.find(|a| a.get_long() == Some(long)),
        None => arguments.find(|a| a.get_short() == word.chars().nth(1)),
    };
    let takes = argument.is_some_and(|argument| argument.get_action().takes_values());
    // `-xVALUE` has its value already, and `--x=VALUE` is not found.
    takes && (word.starts_with("--") || word.chars().count() == 2)
}

fn from_clap<P: Parser>(words: &[OsString]) -> Result<FromClap<P>, Failure> {
    let name = OsStr::new("wasmvm");
    let matches = P::command()
        .try_get_matches_from([name].into_iter().chain(words.iter().map(|w| w.as_os_str())));
    match matches.and_then(|matches| P::from_arg_matches(&matches)) {
        Ok(parsed) => Ok(FromClap::Do(parsed)),
        Err(error) if !error.use_stderr() => Ok(FromClap::Say(error.render().to_string())),
        Err(error) => {
            let text = error.render().to_string();
            let text = text.strip_prefix("error: ").unwrap_or(&text);
            Err(Failure::usage(text.trim_end()))
        }
    }
}

enum FromClap<P> {
    Do(P),
    Say(String),
}

impl<P> FromClap<P> {
    fn map(self, command: impl FnOnce(P) -> Command) -> Parsed {
        match self {
            FromClap::Do(parsed) => Parsed::Do(command(parsed)),
            FromClap::Say(text) => Parsed::Say(text),
        }
    }
}

fn parse_dir(text: &str) -> Result<DirArg, String> {
    let (names, read_only) = match text.strip_suffix(":ro") {
        Some(names) => (names, true),
        None => (text, false),
    };
    let (host, guest) = names.split_once("::").unwrap_or((names, names));
    if host.is_empty() {
        return Err("the directory of the host is missing".into());
    }
    Ok(DirArg { host: host.into(), guest: guest.into(), read_only })
}

/// A number of things: suffixes are decimal.
fn parse_count(text: &str) -> Result<u64, String> {
    parse_number(text, 1000)
}

/// A number of bytes: suffixes are binary.
fn parse_size(text: &str) -> Result<u64, String> {
    parse_number(text, 1024)
}

fn parse_stack_size(text: &str) -> Result<u64, String> {
    match parse_size(text)? {
        size @ STACK_MIN_BYTES..=STACK_MAX_BYTES => Ok(size),
        _ => Err("a stack has from 4K to 4G".into()),
    }
}

fn parse_number(text: &str, kilo: u64) -> Result<u64, String> {
    let (digits, factor) = match text.char_indices().last() {
        Some((end, 'k' | 'K')) => (&text[..end], kilo),
        Some((end, 'M')) => (&text[..end], kilo * kilo),
        Some((end, 'G')) => (&text[..end], kilo * kilo * kilo),
        _ => (text, 1),
    };
    let plain = digits.replace('_', "");
    if plain.is_empty() || !plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("not a number like 1_000_000, 64K, 256M or 2G".into());
    }
    let number: Option<u64> = plain.parse().ok();
    number.and_then(|number| number.checked_mul(factor)).ok_or("the number is too large".into())
}

const STACK_MIN_BYTES: u64 = 4 << 10;
const STACK_MAX_BYTES: u64 = 4 << 30;
const AFTER_HELP: &str = "\
Options are those before MODULE; everything after it goes to the guest.

Exit codes:
  that of the guest, if it ends by itself (0 if it just returns)
  1    the module cannot be loaded, is not valid or cannot be linked
  2    the command line is wrong
  134  the guest trapped, threw what nobody caught, ran out of fuel or out of stack

Other commands:
  wasmvm validate FILE...   say whether files are valid modules
  wasmvm inspect FILE       show sections, imports and exports
A module that is called like a command: wasmvm -- run";

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &[&str]) -> Result<RunArgs, Failure> {
        match parse(line.iter().map(OsString::from).collect())? {
            Parsed::Do(Command::Run(run)) => Ok(*run),
            other => panic!("{other:?}"),
        }
    }

    fn guest(line: &[&str]) -> Vec<String> {
        let words = run(line).unwrap().args.into_iter();
        words.map(|word| word.into_string().unwrap()).collect()
    }

    #[test]
    fn the_definition_is_consistent() {
        RunArgs::command().debug_assert();
        ValidateArgs::command().debug_assert();
        InspectArgs::command().debug_assert();
    }

    #[test]
    fn what_follows_the_module_is_the_guests() {
        assert_eq!(guest(&["m", "a", "--fuel", "x", "--", "-h"]), ["a", "--fuel", "x", "--", "-h"]);
        assert_eq!(guest(&["--fuel", "7", "m", "--fuel"]), ["--fuel"]);
        assert_eq!(guest(&["--fuel=7", "m", "-x"]), ["-x"]);
        assert_eq!(guest(&["run", "--stats", "m", "--help"]), ["--help"]);
        assert_eq!(guest(&["--dir", ".", "--env", "A=B", "m"]), [""; 0]);
        assert_eq!(guest(&["m", "--", "x"]), ["--", "x"]);
        assert_eq!(guest(&["m", ""]), [""]);
    }

    #[test]
    fn args_behind_the_module_is_dropped_once() {
        assert_eq!(guest(&["m", "--args", "x", "-a"]), ["x", "-a"]);
        assert_eq!(guest(&["m", "-a", "--args"]), ["--args"]);
        assert_eq!(guest(&["m", "x", "--args"]), ["x", "--args"]);
        assert_eq!(guest(&["--", "m", "--args"]), ["--args"]);
        let failure = run(&["--args", "x", "m"]).unwrap_err();
        assert_eq!(failure.code, 2);
        assert!(failure.text.contains("MODULE --args ARG"), "{}", failure.text);
    }

    #[test]
    fn a_module_can_be_called_like_a_command() {
        assert_eq!(run(&["--", "run"]).unwrap().module, PathBuf::from("run"));
        assert_eq!(run(&["run", "run"]).unwrap().module, PathBuf::from("run"));
        assert_eq!(run(&["run", "--", "-x"]).unwrap().module, PathBuf::from("-x"));
    }

    #[test]
    fn usage_errors() {
        for line in [&[][..], &["run"], &["--fuel", "x", "m"], &["--nope", "m"], &["validate"]] {
            assert_eq!(run(line).unwrap_err().code, 2, "{line:?}");
        }
    }

    #[test]
    fn numbers_and_directories() {
        assert_eq!(parse_size("1_024"), Ok(1024));
        assert_eq!(parse_size("256M"), Ok(256 << 20));
        assert_eq!(parse_count("10M"), Ok(10_000_000));
        assert_eq!(parse_size("64k"), Ok(64 << 10));
        for wrong in
            ["", "M", "-1", "+1", "1T", "1.5M", "0x10", "99999999999999999999", "99999999999G"]
        {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
        let dir = |host: &str, guest: &str, read_only| {
            Ok(DirArg { host: host.into(), guest: guest.into(), read_only })
        };
        assert_eq!(parse_dir("."), dir(".", ".", false));
        assert_eq!(parse_dir("a::/b"), dir("a", "/b", false));
        assert_eq!(parse_dir("a::/b:ro"), dir("a", "/b", true));
        assert_eq!(parse_dir("a:ro"), dir("a", "a", true));
        assert_eq!(parse_dir("a::"), dir("a", "", false));
        assert!(parse_dir("::/b").is_err());
    }
}
