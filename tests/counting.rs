//! A counting build (feature `counting`) tells what was executed how often, exactly.

use wasmvm::{Dispatches, Engine, Instance, Module, Store, Val};

const GUEST: &str = r#"
    (module
      (memory 1)
      (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 3)))
      (func (export "loop") (param $n i32) (result i32) (local $s i32)
        (loop $next
          (i32.store8 (i32.const 7) (local.get $n))
          (local.set $s (call $leaf (local.get $s)))
          (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $s))
      (func (export "trap") (param i32) (result i32) unreachable))
"#;

struct Guest {
    store: Store<()>,
    instance: Instance,
}
impl Guest {
    fn new() -> Guest {
        let engine = Engine::default();
        let module = Module::new(&engine, wat::parse_str(GUEST).expect("the text"));
        let mut store = Store::new(&engine, ());
        let instance = Instance::new(&mut store, &module.expect("a module"), &[]);
        Guest { instance: instance.expect("an instance"), store }
    }
    fn call(&mut self, export: &str, n: i32) -> Result<i32, wasmvm::Error> {
        let func = self.instance.func(&self.store, export).expect("an export");
        let mut results = [Val::I32(0)];
        func.call(&mut self.store, &[Val::I32(n)], &mut results)?;
        let [Val::I32(result)] = results else { panic!("{results:?}") };
        Ok(result)
    }
    fn dispatches(&mut self) -> Dispatches {
        let dispatches = self.store.dispatches().expect("it was translated before");
        let sum: u64 = dispatches.handlers.iter().map(|(_, count)| count).sum();
        assert_eq!(sum, dispatches.total);
        let sum: u64 = dispatches.pairs.iter().map(|(_, count)| count).sum();
        assert_eq!(sum, dispatches.total.saturating_sub(1), "all but the first have one before");
        assert!(dispatches.handlers.is_sorted_by(|a, b| a.1 >= b.1));
        assert!(dispatches.pairs.is_sorted_by(|a, b| a.1 >= b.1));
        dispatches
    }
}

/// How often instructions were executed whose names have this in them.
fn count(dispatches: &Dispatches, word: &str) -> u64 {
    let named = dispatches.handlers.iter().filter(|(name, _)| name.contains(word));
    named.map(|(_, count)| count).sum()
}
/// The same of two neighbours.
fn count_pair(dispatches: &Dispatches, words: [&str; 2]) -> u64 {
    let named = |names: &[String; 2]| (0..2).all(|i| names[i].contains(words[i]));
    let named = dispatches.pairs.iter().filter(|(names, _)| named(names));
    named.map(|(_, count)| count).sum()
}

#[test]
fn a_counted_loop() {
    let mut guest = Guest::new();
    assert_eq!(guest.dispatches(), Dispatches::default());
    assert_eq!(guest.call("loop", 1000).expect("no trap"), 3000);
    let first = guest.dispatches();
    // Numbers are not part of names; those of operations and registers are.
    for (name, _) in &first.handlers {
        let mut words = name.split(|c: char| !c.is_alphanumeric());
        assert!(!words.any(|word| word.starts_with(|c: char| c.is_ascii_digit())), "{name}");
    }
    assert!(count(&first, "i32.add") >= 2000);
    for (word, expected) in
        [("i32.store8", 1000), ("call _", 1000), ("return", 1001), ("translate", 2), ("end", 1)]
    {
        assert_eq!(count(&first, word), expected, "{word}: {first:?}");
    }
    assert_eq!(count_pair(&first, ["i32.store8", ""]), 1000);
    assert_eq!(count_pair(&first, ["return", "end"]), 1);
    assert_eq!(count_pair(&first, ["call _", "translate"]), 1);
    assert_eq!(guest.call("loop", 3).expect("no trap"), 9);
    let second = guest.dispatches();
    assert_eq!(count(&second, "i32.store8"), 1003);
    assert_eq!(count(&second, "translate"), 2);
    // Counting leaves nothing on the native stack.
    let mut long = Guest::new();
    long.call("loop", 1_000_000).expect("no trap");
    assert_eq!(count(&long.dispatches(), "i32.store8"), 1_000_000);
    // The same again, but for the translation: each turn adds as many as the others.
    let ends = second.total - first.total;
    guest.call("loop", 4).expect("no trap");
    let turn = guest.dispatches().total - second.total - ends;
    let once = ends - 3 * turn;
    assert_eq!(first.total, once + 1000 * turn + 2);
}

#[test]
fn what_trapped_counts_too() {
    let mut guest = Guest::new();
    assert!(guest.call("trap", 0).is_err());
    let dispatches = guest.dispatches();
    assert_eq!(dispatches.total, 2);
    assert_eq!(count_pair(&dispatches, ["translate", "Unreachable"]), 1);
}

#[cfg(feature = "cli")]
#[test]
fn the_command_tells() {
    let file = std::env::temp_dir().join(format!("wasmvm-counting-{}.wasm", std::process::id()));
    std::fs::write(&file, wat::parse_str(GUEST).expect("the text")).expect("a file");
    for (export, code, expected) in
        [("loop", 0, "  1000 "), ("trap", 134, "1  50.00% Unreachable\n")]
    {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_wasmvm"));
        let command = command.args(["--stats", "--invoke", export]).arg(&file).arg("1000");
        let output = command.output().expect("the command");
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{err}");
        let lines: Vec<&str> = err.lines().skip_while(|l| !l.starts_with("dispatches ")).collect();
        assert!(lines.iter().any(|line| format!("{line}\n").contains(expected)), "{err}");
        assert!(lines.iter().any(|line| line.starts_with("neighbours ")), "{err}");
    }
    std::fs::remove_file(&file).expect("it is there");
}
