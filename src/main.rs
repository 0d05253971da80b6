//! The `wasmvm` command.

fn main() -> std::process::ExitCode {
    wasmvm::cli::main()
}
