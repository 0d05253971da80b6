//! The command line: which words are ours and which are the guest's, and what ours mean.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use super::Failure;
use super::number::{parse_count, parse_duration, parse_size, parse_stack_size};

/// What to do.
#[derive(Debug)]
pub(super) enum Command {
    Run(Box<RunArgs>),
    Tool(Tool),
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
    wasmvm COMMAND ...")]
#[command(after_help = AFTER_SHORT_HELP)]
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
    pub link: LinkArgs,

    #[command(flatten)]
    pub limits: LimitArgs,

    #[command(flatten)]
    pub engine: EngineArgs,

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
    /// A WASI guest sees nothing else of the file system; a guest of sys_fs sees all of it until
    /// there is a --dir. Example: wasmvm --dir data::/data:ro app.wasm
    #[arg(long = "dir", value_name = "HOST[::GUEST][:ro]", value_parser = parse_dir)]
    pub dirs: Vec<DirArg>,

    /// Where the guest's relative paths begin
    ///
    /// A path as the guest sees it, in one of its directories; by default the first of them.
    /// Example: wasmvm --dir .::/ --cwd /src app.wasm
    #[arg(long, value_name = "GUEST")]
    pub cwd: Option<OsString>,

    /// Set an environment variable of the guest
    ///
    /// Without `=V` the value is that of this process, if it has one. Example:
    /// wasmvm --env HOME=/ --env LANG app.wasm
    #[arg(long, value_name = "K[=V]")]
    pub env: Vec<OsString>,

    /// Give the guest all environment variables of this process
    ///
    /// Those set by --env have precedence. A guest of sys_proc has them as long as there is no
    /// --dir. Example: wasmvm --inherit-env app.wasm
    #[arg(long)]
    pub inherit_env: bool,

    /// What the guest gets as argument 0
    ///
    /// By default MODULE as it was given. Example: wasmvm --argv0 ls coreutils.wasm
    #[arg(long, value_name = "S")]
    pub argv0: Option<OsString>,

    /// Take standard input from a file
    ///
    /// By default the guest has that of this process. Example: wasmvm --stdin in.txt app.wasm
    #[arg(long, value_name = "FILE")]
    pub stdin: Option<PathBuf>,

    /// Give the guest a socket that listens
    ///
    /// ADDR is an address and a port. The first one is the descriptor after those of the
    /// directories: 3 without --dir. With port 0 the system chooses one, which is printed to
    /// standard error. Example: wasmvm --tcplisten 127.0.0.1:8080 server.wasm
    #[arg(long = "tcplisten", value_name = "ADDR")]
    pub listeners: Vec<String>,

    /// Call an exported function
    ///
    /// Its arguments follow MODULE and are read as its signature says: numbers, also in
    /// hexadecimal; a v128 as 0x and 32 digits, or by lanes as i32x4:1,2,3,4; a reference as null,
    /// extern:N, i31:N or func:EXPORT. Results are printed, one per line. `_initialize` is called
    /// before, if there is one. Example: wasmvm --invoke add math.wasm 2 3
    #[arg(long, value_name = "FUNC")]
    pub invoke: Option<String>,
}

/// Where imports come from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Linking")]
pub(super) struct LinkArgs {
    /// Provide a module under a name
    ///
    /// It goes before every other provider of that name. Example:
    /// wasmvm --preload env=lib.wasm app.wasm
    #[arg(long, value_name = "NAME=FILE", value_parser = parse_preload)]
    pub preload: Vec<(String, PathBuf)>,

    /// Look for imported modules in this directory
    ///
    /// NAME is looked for as `NAME` and `NAME.wasm`, in these directories first, in their order.
    /// Example: wasmvm -e lib -e vendor app.wasm
    #[arg(short, long, value_name = "PATH")]
    pub extra: Vec<PathBuf>,

    /// Don't look for imported modules beside the importing one (-np)
    ///
    /// A name that begins with `./` or `../` is still found. Example: wasmvm -np -e lib app.wasm
    #[arg(long)]
    pub no_parent: bool,

    /// Provide no sys_fs and sys_proc, nor the modules of the system (-ns)
    ///
    /// Modules of the system are those in /usr/local/lib/wasmvm and in the directories that
    /// WASMVM_PATH lists. Example: wasmvm -ns app.wasm
    #[arg(long)]
    pub no_system: bool,

    /// Which host modules there are
    ///
    /// A list of `wasi` and `sysenv`, or `none`. Example: wasmvm --host wasi app.wasm
    #[arg(long, value_name = "wasi,sysenv|none", value_delimiter = ',')]
    #[arg(hide_possible_values = true)]
    pub host: Option<Vec<HostModules>>,

    /// Behave like another version of sys_fs and sys_proc
    ///
    /// `1.4`: readdir gives 0 for an entry and 1 at the end, a path ends at a NUL, and the upper
    /// four bits of a 64-bit pointer name a memory. Example: wasmvm --sysenv-compat=1.4 old.wasm
    #[arg(long, value_name = "1.4", hide_possible_values = true)]
    pub sysenv_compat: Option<SysenvCompat>,

    /// What becomes of imports that nobody provides
    ///
    /// With `trap`, calling one is a trap; without this option they are an error before anything
    /// runs. Example: wasmvm --unknown-imports=trap plugin.wasm
    #[arg(long, value_name = "trap", hide_possible_values = true)]
    pub unknown_imports: Option<UnknownImports>,

    /// Refuse modules and directories that a manifest does not allow
    ///
    /// In the manifest, `[capabilities.wasm]` has the lists `load`, patterns of module files, and
    /// `preopens`, directories; both are relative to the manifest. sys_fs sees nothing else
    /// either. Example: wasmvm --manifest app.toml --dir data app.wasm
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
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

    /// How long it may take, loading included
    ///
    /// Then the program is stopped, whatever it does or waits for (exit code 124). In ms, s, m or
    /// h; seconds without a unit. Example: wasmvm --timeout 1.5s app.wasm
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub timeout: Option<Duration>,

    /// How large all memories may grow together, in bytes
    ///
    /// Suffixes K, M, G stand for powers of 1024. Example: wasmvm --max-memory 256M app.wasm
    #[arg(long, value_name = "N", value_parser = parse_size)]
    pub max_memory: Option<u64>,

    /// How large the heap of structures, arrays and exceptions may grow, in bytes
    ///
    /// Those that are not needed any more do not count. Beyond it the program ends with a trap (exit
    /// code 134). Suffixes K, M, G stand for powers of 1024. Example: wasmvm --max-gc-heap 64M app.wasm
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
    /// unless --max-memory says otherwise), clocks and random numbers are made up, and threads are
    /// off. Files, arguments and the environment are what they are. Example:
    /// wasmvm --deterministic app.wasm
    #[arg(long)]
    pub deterministic: bool,

    /// How many elements all tables may have together
    ///
    /// Suffixes k, M, G stand for thousands. Example: wasmvm --max-table 10k app.wasm
    #[arg(long, value_name = "N", value_parser = parse_count)]
    pub max_table: Option<u64>,
}

/// How it is done.
#[derive(Debug, Args)]
#[command(next_help_heading = "Engine")]
pub(super) struct EngineArgs {
    /// Translate all functions before anything runs
    ///
    /// Otherwise a function is translated when it is first called. Example:
    /// wasmvm --eager app.wasm
    #[arg(long, overrides_with = "lazy")]
    pub eager: bool,

    /// Validate a function only when it is first called
    ///
    /// Otherwise all are validated before anything runs. Example:
    /// wasmvm --lazy app.wasm
    #[arg(long, overrides_with = "eager")]
    pub lazy: bool,

    /// Switch a proposal on or off
    ///
    /// `wasmvm features` lists them. Example: wasmvm --wasm simd=off app.wasm
    #[arg(long, value_name = "FEATURE=on|off", value_parser = parse_feature)]
    pub wasm: Vec<(String, bool)>,

    /// Load modules with invalid functions; calling one is a trap
    ///
    /// Each of them is told as a warning. A malformed module is still an error. Example:
    /// wasmvm -f broken.wasm
    #[arg(short, long)]
    pub force: bool,

    /// Print what the guest does to standard error
    ///
    /// `host`: every call of WASI, with its arguments and what it came to. Example:
    /// wasmvm --trace=host app.wasm
    #[arg(long, value_name = "host", require_equals = true, hide_possible_values = true)]
    pub trace: Option<Trace>,

    /// Print times and amounts to standard error at the end
    ///
    /// How long it took to decode, validate, translate, link and run; the fuel used; how much
    /// memory there was; how often the host was called. In a build with the feature `counting` also
    /// which instructions were executed how often, and after which. Example: wasmvm --stats app.wasm
    #[arg(long)]
    pub stats: bool,
}

/// See [`EngineArgs::trace`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Trace {
    /// Calls of the host.
    Host,
}

/// See [`LinkArgs::host`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum HostModules {
    /// WASI preview 1.
    Wasi,
    /// `sys_fs` and `sys_proc`.
    Sysenv,
    /// No others.
    None,
}

/// See [`LinkArgs::sysenv_compat`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum SysenvCompat {
    /// The C++ WasmVM 1.4.
    #[value(name = "1.4")]
    V1_4,
}

/// See [`LinkArgs::unknown_imports`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum UnknownImports {
    /// Calling one is a trap.
    Trap,
}

/// Everything but running.
#[derive(Debug, Parser)]
#[command(name = "wasmvm", disable_help_subcommand = true, disable_version_flag = true)]
pub(super) struct ToolArgs {
    #[command(subcommand)]
    pub tool: Tool,
}

/// A command.
#[derive(Debug, Subcommand)]
pub(super) enum Tool {
    /// Say whether files are valid modules: silence and exit code 0 if they are
    ///
    /// Example: wasmvm validate *.wasm
    Validate {
        /// The modules
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
        /// Switch a proposal on or off
        ///
        /// `wasmvm features` lists them. Example: wasmvm validate --wasm gc=off app.wasm
        #[arg(long, value_name = "FEATURE=on|off", value_parser = parse_feature)]
        wasm: Vec<(String, bool)>,
    },
    /// Run scripts of the specification's tests and say which assertions fail
    ///
    /// Example: wasmvm wast i32.wast
    Wast {
        /// The scripts
        #[arg(value_name = "FILE", required = true)]
        files: Vec<PathBuf>,
    },
    /// Show what a module consists of: sections, imports, exports, proposals
    ///
    /// Example: wasmvm inspect app.wasm
    Inspect {
        /// The module
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Show the code of functions: WebAssembly, and what is executed for it
    ///
    /// Example: wasmvm disasm app.wasm main
    Disasm {
        /// The module
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// One function, by its index, its export or its name; without it all
        #[arg(value_name = "FUNC")]
        func: Option<String>,
    },
    /// Translate text into a binary
    ///
    /// Example: wasmvm wat2wasm app.wat -o app.wasm
    Wat2wasm(ConvertArgs),
    /// Translate a binary into text
    ///
    /// Example: wasmvm wasm2wat app.wasm
    Wasm2wat(ConvertArgs),
    /// List the proposals of WebAssembly, and whether they are on by default
    ///
    /// Example: wasmvm features
    Features,
    /// Print a script that completes command lines
    ///
    /// Example: wasmvm completions bash > /etc/bash_completion.d/wasmvm
    Completions {
        /// Whose command lines
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    ///
    /// Example: wasmvm man > wasmvm.1
    Man,
}

/// From a file to another one.
#[derive(Debug, Args)]
pub(super) struct ConvertArgs {
    /// The module
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Where to write: standard output by default
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// `HOST[::GUEST][:ro]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DirArg {
    pub host: String,
    pub guest: String,
    pub read_only: bool,
}

/// The whole command, as documents describe it.
pub(super) fn definition() -> clap::Command {
    let run = RunArgs::command();
    ToolArgs::command().get_subcommands().fold(run, |all, tool| all.subcommand(tool.clone()))
}

/// Reads the words after the name of the program.
pub(super) fn parse(mut words: Vec<OsString>) -> Result<Parsed, Failure> {
    let tools = ToolArgs::command();
    match words.first().and_then(|word| word.to_str()) {
        Some(word) if tools.find_subcommand(word).is_some() => {
            return from_clap(tools, &words, |matches| {
                ToolArgs::from_arg_matches(matches).map(|args| Command::Tool(args.tool))
            });
        }
        Some("help") => return help(tools, &words[1..]),
        Some("run") => drop(words.remove(0)),
        Some(_) => {}
        None => {
            let help = RunArgs::command().render_help().to_string();
            return Err(Failure::usage(format!("no module was given\n\n{help}")));
        }
    }
    let words = split(&RunArgs::command(), words)?;
    from_clap(RunArgs::command(), &words, |matches| {
        RunArgs::from_arg_matches(matches).map(|run| Command::Run(Box::new(run)))
    })
}

/// `wasmvm help [COMMAND]`.
fn help(mut tools: clap::Command, words: &[OsString]) -> Result<Parsed, Failure> {
    let Some(name) = words.first() else {
        return Ok(Parsed::Say(RunArgs::command().render_long_help().to_string()));
    };
    if name == "run" {
        return help(tools, &[]);
    }
    tools.build();
    match tools.find_subcommand_mut(name) {
        Some(tool) => Ok(Parsed::Say(tool.render_long_help().to_string())),
        None => Err(Failure::usage(format!("there is no command `{}`", name.display()))),
    }
}

/// Puts a `--` before MODULE, so that everything after it is no option whatever it looks like;
/// drops `--args` behind it; writes out `-ns` and `-np`.
fn split(command: &clap::Command, mut words: Vec<OsString>) -> Result<Vec<OsString>, Failure> {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let word = word.to_string_lossy().into_owned();
        if word == "--" {
            return Ok(words);
        }
        if let Some((_, long)) = SHORT_WORDS.iter().find(|(short, _)| *short == word) {
            words[at] = long.into();
        } else if !word.starts_with('-') || word == "-" {
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

fn from_clap(
    command: clap::Command,
    words: &[OsString],
    read: impl FnOnce(&clap::ArgMatches) -> Result<Command, clap::Error>,
) -> Result<Parsed, Failure> {
    let name = OsStr::new("wasmvm");
    let words = [name].into_iter().chain(words.iter().map(OsString::as_os_str));
    match command.try_get_matches_from(words).and_then(|matches| read(&matches)) {
        Ok(command) => Ok(Parsed::Do(command)),
        Err(error) if !error.use_stderr() => Ok(Parsed::Say(error.render().to_string())),
        Err(error) => {
            let text = error.render().to_string();
            let text = text.strip_prefix("error: ").unwrap_or(&text);
            Err(Failure::usage(text.trim_end()))
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

fn parse_preload(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, file)) if !file.is_empty() => Ok((name.into(), file.into())),
        _ => Err("it should be NAME=FILE".into()),
    }
}

fn parse_feature(text: &str) -> Result<(String, bool), String> {
    let Some((name, on @ ("on" | "off"))) = text.split_once('=') else {
        return Err("it should be FEATURE=on or FEATURE=off".into());
    };
    if crate::Features::names().all(|known| known != name) {
        return Err(format!("there is no proposal `{name}`; `wasmvm features` lists them"));
    }
    Ok((name.into(), on == "on"))
}

/// Options of two letters, as the C++ WasmVM has them.
const SHORT_WORDS: [(&str, &str); 2] = [("-ns", "--no-system"), ("-np", "--no-parent")];
const AFTER_SHORT_HELP: &str = "\
Options are those before MODULE; everything after it goes to the guest.
Commands: validate wast inspect disasm wat2wasm wasm2wat features completions man help";
const AFTER_HELP: &str = "\
Options are those before MODULE; everything after it goes to the guest.

Exit codes:
  that of the guest, if it ends by itself (0 if it just returns)
  1    the module cannot be loaded, is not valid or cannot be linked
  2    the command line is wrong
  124  the time was over (--timeout)
  134  the guest trapped, threw what nobody caught, ran out of fuel or out of stack

Commands:
  wasmvm validate FILE...        say whether files are valid modules
  wasmvm wast FILE...            run scripts of the specification's tests
  wasmvm inspect FILE            show sections, imports, exports, proposals
  wasmvm disasm FILE [FUNC]      show the code of functions
  wasmvm wat2wasm FILE [-o OUT]  translate text into a binary
  wasmvm wasm2wat FILE [-o OUT]  translate a binary into text
  wasmvm features                list the proposals of WebAssembly
  wasmvm completions SHELL       print a script that completes command lines
  wasmvm man                     print the manual page
  wasmvm help COMMAND            print the help of a command
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
        definition().debug_assert();
        ToolArgs::command().debug_assert();
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
    fn words_of_two_letters() {
        let args = run(&["-ns", "-np", "-e", "lib", "m", "-np"]).unwrap();
        assert!(args.link.no_system && args.link.no_parent);
        assert_eq!(args.link.extra, [PathBuf::from("lib")]);
        assert_eq!(args.args, ["-np"]);
    }

    #[test]
    fn every_option_has_a_sentence_and_an_example() {
        let definition = definition();
        let options = definition.get_arguments().filter(|option| !option.is_positional());
        for option in
            options.filter(|option| !["help", "version"].contains(&option.get_id().as_str()))
        {
            let name = option.get_id();
            let long = option.get_long_help().map(ToString::to_string).unwrap_or_default();
            assert!(option.get_help().is_some(), "{name}");
            assert!(long.contains("Example: wasmvm "), "{name}: {long}");
        }
        let named =
            |tool: &clap::Command| AFTER_HELP.contains(&format!("wasmvm {}", tool.get_name()));
        assert!(definition.get_subcommands().all(named));
        let named = |tool: &clap::Command| AFTER_SHORT_HELP.contains(tool.get_name());
        assert!(definition.get_subcommands().all(named));
    }

    #[test]
    fn directories_and_features() {
        let dir = |host: &str, guest: &str, read_only| {
            Ok(DirArg { host: host.into(), guest: guest.into(), read_only })
        };
        assert_eq!(parse_dir("."), dir(".", ".", false));
        assert_eq!(parse_dir("a::/b"), dir("a", "/b", false));
        assert_eq!(parse_dir("a::/b:ro"), dir("a", "/b", true));
        assert_eq!(parse_dir("a:ro"), dir("a", "a", true));
        assert_eq!(parse_dir("a::"), dir("a", "", false));
        assert!(parse_dir("::/b").is_err());
        assert_eq!(parse_feature("simd=off"), Ok(("simd".into(), false)));
        for wrong in ["simd", "simd=", "simd=yes", "=on", "nope=on"] {
            assert!(parse_feature(wrong).is_err(), "{wrong}");
        }
        assert_eq!(parse_preload("a=b=c"), Ok(("a".into(), "b=c".into())));
        assert!(parse_preload("a").is_err() && parse_preload("a=").is_err());
    }
}
