//! A long job in slices of fuel, with a question to the outside on its way.
use wasmvm::{Config, Engine, Error, Linker, Module, Progress, Store, Suspend, Val};

const GUEST: &str = r#"(module
    (import "host" "ask" (func $ask (param i32) (result i64)))
    (memory (export "memory") 1)
    (func (export "work") (param $n i32) (result i64) (local $sum i64)
        (loop $next
            (if (i32.eqz (i32.rem_u (local.get $n) (i32.const 1000)))
                (then (local.set $sum (i64.add (local.get $sum) (call $ask (local.get $n))))))
            (local.set $sum (i64.add (local.get $sum) (i64.const 1)))
            (i64.store (i32.const 0) (local.get $sum))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
        (local.get $sum)))"#;

pub fn main() -> Result<(), Error> {
    let engine = Engine::new(Config::new().fuel(true))?;
    let module = Module::new(&engine, wat::parse_str(GUEST).map_err(Error::host_from)?)?;
    let mut linker = Linker::<()>::new(&engine);
    // The answer is not known yet: whoever runs the job gets the question.
    let ask = |question: u32| -> Result<u64, Error> { Err(Suspend::new(question).into()) };
    linker.func_wrap("host", "ask", ask)?;
    let mut store = Store::new(&engine, ());
    let instance = linker.instantiate(&mut store, &module)?;
    let memory = instance.memory(&store, "memory").ok_or_else(|| Error::host("no memory"))?;

    let mut job = instance.typed_func::<u32, u64>(&store, "work")?.start(&mut store, 5_000)?;
    let (mut slices, mut questions) = (0, 0);
    let mut progress = job.run(&mut store)?;
    let sum = loop {
        progress = match progress {
            Progress::Done(sum) => break sum,
            Progress::OutOfFuel { needed } => {
                // The store is free: look at memory, bill, run something else, or give up.
                let mut sum = [0; 8];
                memory.read(&store, 0, &mut sum)?;
                slices += 1;
                store.set_fuel(needed + 10_000)?;
                job.run(&mut store)?
            }
            Progress::Suspended(question) => {
                let question: u32 = question.downcast().map_err(|_| Error::host("not ours"))?;
                questions += 1;
                job.run_with(&mut store, &[Val::from(u64::from(question))])?
            }
            Progress::Interrupted => job.run(&mut store)?,
        };
    };
    println!("{sum} after {slices} slices and {questions} questions");
    assert_eq!((sum, questions), (5_000 + 5_000 + 4_000 + 3_000 + 2_000 + 1_000, 5));
    assert!(slices > 5);
    Ok(())
}
