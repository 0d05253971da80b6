//! The command: exit codes, messages, which words are whose.
#![cfg(all(feature = "cli", feature = "wat"))]

mod basic;
mod golden;
mod link;
mod manual;
mod timeout;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory with files for one test.
struct Files(PathBuf);

impl Files {
    fn new(files: &[(&str, &[u8])]) -> Files {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("wasmvm-cli-{}-{count}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        let files_here = Files(path.canonicalize().unwrap());
        for (name, bytes) in files {
            files_here.put(name, bytes);
        }
        files_here
    }

    /// With one file, `m.wat`.
    fn text(text: &str) -> Files {
        Files::new(&[("m.wat", text.as_bytes())])
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wasmvm"));
        command.args(args).current_dir(&self.0).stdin(Stdio::null());
        command.env_clear().env("FROM_HOST", "yes");
        command
    }

    fn run(&self, args: &[&str]) -> Outcome {
        Outcome::of(self.command(args))
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[derive(Debug)]
struct Outcome {
    code: i32,
    out: String,
    err: String,
}

impl Outcome {
    fn of(mut command: Command) -> Outcome {
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = output.status.code().expect("no signal");
        Outcome { code, out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    fn is(&self, code: i32, out: &str, err: &str) {
        assert_eq!((self.code, &*self.out, &*self.err), (code, out, err));
    }

    /// A code, and an error message with these words in it.
    #[track_caller]
    fn fails(&self, code: i32, words: &[&str]) {
        assert_eq!((self.code, &*self.out), (code, ""), "{}", self.err);
        assert!(self.err.starts_with("wasmvm: error: "), "{}", self.err);
        for word in words {
            assert!(self.err.contains(word), "{word} is not in {}", self.err);
        }
    }
}
