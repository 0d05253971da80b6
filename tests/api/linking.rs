//! Linking and instantiation.

use super::*;

#[test]
fn all_problems_of_linking_are_told() -> Outcome {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("h", "f", |_: i32| {})?;
    let text = r#"(module
        (import "h" "f" (func (param i64)))
        (import "h" "g" (func (result f32)))
        (import "h" "m" (memory 1 2)))"#;
    let module = module(&engine, text)?;
    let missing: Vec<String> = linker.missing(&module).iter().map(ToString::to_string).collect();
    assert_eq!(missing, [r#""h"."g": func [] -> [f32]"#, r#""h"."m": memory 1 2"#]);
    let mut store = Store::new(&engine, ());
    let error = linker.instantiate(&mut store, &module).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Link);
    let problems: Vec<_> = error.link_problems().iter().map(|problem| problem.problem).collect();
    assert_eq!(problems, ["incompatible import type", "unknown import", "unknown import"]);
    assert_eq!(error.message(), "incompatible import type");
    let text = error.to_string();
    assert!(text.contains("func [i64] -> []") && text.contains("func [i32] -> []"), "{text}");

    linker.missing_as_traps(&module)?;
    let rest = linker.missing(&module);
    assert_eq!(rest.len(), 1);
    assert!(matches!(rest[0].ty, ExternType::Memory(_)));
    Ok(())
}

#[test]
fn missing_functions_can_trap_when_called() -> Outcome {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    let text = r#"(module (import "x" "f" (func $f (param i32) (result f64)))
        (import "x" "f" (func $g (param i32) (result f64)))
        (func (export "call") (result f64) i32.const 1 call $f) (func (export "not")))"#;
    let module = module(&engine, text)?;
    let mut store = Store::new(&engine, ());
    // The same name twice is one definition.
    linker.allow_shadowing(true).missing_as_traps(&module)?;
    let instance = linker.instantiate(&mut store, &module)?;
    instance.typed_func::<(), ()>(&store, "not")?.call(&mut store, ())?;
    let error = instance.typed_func::<(), f64>(&store, "call")?.call(&mut store, ()).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::MissingImport));
    Ok(())
}

#[test]
fn current_sizes_decide() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let memory = Memory::new(&mut store, memory_type(1, Some(4)))?;
    let needs = |min: u64, max: &str| {
        module(&engine, &format!(r#"(module (import "" "m" (memory {min} {max})))"#))
    };
    let two = needs(2, "4")?;
    let link = |store: &mut Store<()>, module: &Module| {
        kind(Instance::new(store, module, &[Extern::Memory(memory)]))
    };
    assert_eq!(link(&mut store, &two), Some(ErrorKind::Link));
    memory.grow(&mut store, 1)?;
    assert_eq!(link(&mut store, &two), None);
    assert_eq!(link(&mut store, &needs(1, "3")?), Some(ErrorKind::Link));
    assert_eq!(link(&mut store, &needs(1, "5")?), None);
    assert_eq!(link(&mut store, &needs(0, "")?), None);
    let none = Instance::new(&mut store, &two, &[]);
    assert_eq!(kind(none), Some(ErrorKind::Usage));
    Ok(())
}

#[test]
fn names_are_defined_once_unless_shadowing() -> Outcome {
    let engine = Engine::default();
    let mut linker = Linker::<()>::new(&engine);
    linker.func_wrap("h", "f", || 1)?;
    assert_eq!(kind(linker.func_wrap("h", "f", || 2)), Some(ErrorKind::Usage));
    linker.allow_shadowing(true).func_wrap("h", "f", || 3)?;
    let text = r#"(module (import "h" "f" (func $f (result i32))) (export "f" (func $f)))"#;
    let module = module(&engine, text)?;
    // One linker serves many stores; in one store its function is one function.
    for _ in 0..2 {
        let mut store = Store::new(&engine, ());
        let one = linker.instantiate(&mut store, &module)?;
        let two = linker.instantiate(&mut store, &module)?;
        assert_ne!(one, two);
        let f = one.func(&store, "f").expect("exported");
        assert_eq!(Some(f), two.func(&store, "f"));
        assert_eq!(f.typed::<(), i32>(&store)?.call(&mut store, ())?, 3);
    }
    Ok(())
}

#[test]
fn instances_share_what_they_import() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let owner = r#"(module (memory (export "m") 1) (global (export "g") (mut i32) (i32.const 5))
        (table (export "t") 2 funcref)
        (func (export "set") (param i32) local.get 0 global.set 0)
        (func (export "load") (result i32) (i32.load (i32.const 0))))"#;
    let owner = linker.instantiate(&mut store, &module(&engine, owner)?)?;
    linker.instance(&store, "owner", owner)?;
    let user = r#"(module
        (import "owner" "m" (memory 1)) (import "owner" "g" (global $g (mut i32)))
        (import "owner" "t" (table 2 funcref)) (import "owner" "load" (func $load (result i32)))
        (func $seven (result i32) i32.const 7)
        (elem (i32.const 1) $seven)
        (elem declare func $load)
        (func (export "get") (result i32) global.get $g)
        (func (export "store") (param i32) (result i32)
            (i32.store (i32.const 0) (local.get 0)) call $load)
        (func (export "ref") (result funcref) ref.func $load))"#;
    let user = linker.instantiate(&mut store, &module(&engine, user)?)?;
    owner.typed_func::<i32, ()>(&store, "set")?.call(&mut store, 6)?;
    assert_eq!(user.typed_func::<(), i32>(&store, "get")?.call(&mut store, ())?, 6);
    assert_eq!(user.typed_func::<i32, i32>(&store, "store")?.call(&mut store, 77)?, 77);
    // The reference to an import is the function itself.
    let load = user.typed_func::<(), Option<Func>>(&store, "ref")?.call(&mut store, ())?;
    assert_eq!(load, owner.func(&store, "load"));
    // A function that only a table knows.
    let table = owner.table(&store, "t").expect("exported");
    assert_eq!(table.get(&store, 0)?, Val::FuncRef(None));
    let Val::FuncRef(Some(seven)) = table.get(&store, 1)? else { panic!("not a function") };
    assert_eq!(seven.typed::<(), i32>(&store)?.call(&mut store, ())?, 7);
    Ok(())
}

#[test]
fn what_a_failed_instantiation_wrote_stays() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let mut linker = Linker::new(&engine);
    let owner = r#"(module (memory (export "m") 1) (table (export "t") 2 funcref))"#;
    let owner = linker.instantiate(&mut store, &module(&engine, owner)?)?;
    linker.instance(&store, "o", owner)?;
    let failing = r#"(module (import "o" "m" (memory 1)) (import "o" "t" (table 2 funcref))
        (memory $own 1)
        (func $f (result i32) (i32.store8 $own (i32.const 0) (i32.const 9))
            (i32.load8_u $own (i32.const 0)))
        (elem (i32.const 0) $f)
        (data (i32.const 3) "x")
        (data (i32.const 65536) "y"))"#;
    let error = linker.instantiate(&mut store, &module(&engine, failing)?).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::MemoryOutOfBounds));
    let memory = owner.memory(&store, "m").expect("exported");
    assert_eq!(memory.data(&store)?[3], b'x');
    // The instance that failed lives on in its function.
    let table = owner.table(&store, "t").expect("exported");
    let Val::FuncRef(Some(f)) = table.get(&store, 0)? else { panic!("not a function") };
    assert_eq!(f.typed::<(), i32>(&store)?.call(&mut store, ())?, 9);
    Ok(())
}

#[test]
fn start_functions_run_and_trap() -> Outcome {
    let engine = Engine::default();
    let mut linker = Linker::<i32>::new(&engine);
    linker.func_wrap("h", "hit", |mut caller: Caller<'_, i32>| *caller.data_mut() += 1)?;
    let mut store = Store::new(&engine, 0);
    let good = r#"(module (import "h" "hit" (func $f)) (start $f))"#;
    linker.instantiate(&mut store, &module(&engine, good)?)?;
    assert_eq!(*store.data(), 1);
    let bad = r#"(module (func $f unreachable) (start $f))"#;
    let error = linker.instantiate(&mut store, &module(&engine, bad)?).unwrap_err();
    assert_eq!(error.trap(), Some(Trap::Unreachable));
    assert_eq!(error.backtrace().len(), 1);
    Ok(())
}
