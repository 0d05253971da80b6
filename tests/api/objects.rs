//! Memories, tables, globals, exports; modules.

use super::*;

#[test]
fn memories() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let memory = Memory::new(&mut store, memory_type(1, Some(3)))?;
    assert_eq!((memory.size(&store)?, memory.data(&store)?.len()), (1, 65536));
    memory.write(&mut store, 65534, b"ab")?;
    let mut two = [0; 2];
    memory.read(&store, 65534, &mut two)?;
    assert_eq!(&two, b"ab");
    let out = memory.write(&mut store, 65535, b"ab").unwrap_err();
    assert_eq!(out.trap(), Some(Trap::MemoryOutOfBounds));
    assert!(memory.read(&store, u64::MAX, &mut two).is_err());
    assert_eq!(memory.grow(&mut store, 2)?, 1);
    assert_eq!(kind(memory.grow(&mut store, 1)), Some(ErrorKind::Limit));
    assert_eq!(memory.ty(&store)?.limits, limits(3, Some(3)));
    memory.data_mut(&mut store)?.fill(1);

    assert_eq!(kind(Memory::new(&mut store, memory_type(2, Some(1)))), Some(ErrorKind::Usage));
    assert_eq!(kind(Memory::new(&mut store, memory_type(65537, None))), Some(ErrorKind::Usage));
    assert!(Memory::new(&mut store, memory_type(0, Some(65536))).is_ok());
    let shared = MemoryType { shared: true, ..memory_type(1, Some(2)) };
    let shared = Memory::new(&mut store, shared)?;
    assert_eq!(kind(shared.data(&store)), Some(ErrorKind::Usage));
    assert_eq!(kind(shared.data_mut(&mut store)), Some(ErrorKind::Usage));
    shared.write(&mut store, 0, b"copied")?;
    Ok(())
}

#[test]
fn memory_limits() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    store.set_limits(Limits { memory_bytes: 4 << 16, ..Limits::default() });
    let text = r#"(module (memory (export "memory") 2)
        (func (export "grow") (param i32) (result i32) local.get 0 memory.grow))"#;
    let module = module(&engine, text)?;
    let instance = Instance::new(&mut store, &module, &[])?;
    let grow = instance.typed_func::<i32, i32>(&store, "grow")?;
    assert_eq!(grow.call(&mut store, 3)?, -1);
    assert_eq!(grow.call(&mut store, 1)?, 2);
    assert_eq!(grow.call(&mut store, -1)?, -1);
    // All memories count together; one that was not made does not.
    for _ in 0..3 {
        assert_eq!(kind(Instance::new(&mut store, &module, &[])), Some(ErrorKind::Limit));
    }
    assert_eq!(grow.call(&mut store, 1)?, 3);
    assert_eq!(grow.call(&mut store, 1)?, -1);
    assert_eq!(grow.call(&mut store, 0)?, 4);
    store.set_limits(Limits { memory_bytes: 1 << 16, ..store.limits() });
    assert_eq!(grow.call(&mut store, 0)?, 4);
    store.set_limits(Limits { instances: 1, ..Limits::default() });
    assert_eq!(kind(Instance::new(&mut store, &module, &[])), Some(ErrorKind::Limit));
    Ok(())
}

#[test]
fn large_memories_of_64_bits() -> Outcome {
    let text = r#"(module (memory (export "m") i64 0 0x1_0000_0000_0000)
        (func (export "grow") (param i64) (result i64) local.get 0 memory.grow)
        (func (export "store") (param i64) (result i32)
            (i32.store (local.get 0) (i32.const 6)) (i32.load (local.get 0))))"#;
    let (mut store, instance) = instance(text)?;
    let grow = instance.typed_func::<i64, i64>(&store, "grow")?;
    assert_eq!(grow.call(&mut store, i64::MAX)?, -1);
    assert_eq!(grow.call(&mut store, 1 << 47)?, -1);
    assert_eq!(grow.call(&mut store, 1)?, 0);
    let put = instance.typed_func::<i64, i32>(&store, "store")?;
    assert_eq!(put.call(&mut store, 65532)?, 6);
    assert_eq!(put.call(&mut store, 65533).unwrap_err().trap(), Some(Trap::MemoryOutOfBounds));
    Ok(())
}

#[test]
fn tables() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = TableType { limits: limits(2, Some(5)), element: RefType::FUNC };
    let f = Func::wrap(&mut store, || 9);
    let table = Table::new(&mut store, ty, Val::FuncRef(Some(f)))?;
    assert_eq!(table.get(&store, 1)?, Val::from(f));
    assert_eq!(table.get(&store, 2).unwrap_err().trap(), Some(Trap::TableOutOfBounds));
    table.set(&mut store, 0, Val::FuncRef(None))?;
    assert_eq!(table.grow(&mut store, 2, Val::from(f))?, 2);
    assert_eq!(kind(table.grow(&mut store, 2, Val::from(f))), Some(ErrorKind::Limit));
    table.fill(&mut store, 1, Val::FuncRef(None), 2)?;
    assert!(table.fill(&mut store, 3, Val::FuncRef(None), 2).is_err());
    let all: Result<Vec<Val>, Error> = (0..4).map(|i| table.get(&store, i)).collect();
    assert_eq!(all?, [Val::FuncRef(None), Val::FuncRef(None), Val::FuncRef(None), Val::from(f)]);
    assert_eq!(table.ty(&store)?.limits.min, 4);
    for wrong in [Val::I32(0), Val::ExternRef(None)] {
        assert_eq!(kind(table.set(&mut store, 0, wrong)), Some(ErrorKind::Usage));
    }
    store.set_limits(Limits { table_elements: 4, ..Limits::default() });
    assert_eq!(kind(table.grow(&mut store, 1, Val::FuncRef(None))), Some(ErrorKind::Limit));
    assert_eq!(kind(Table::new(&mut store, ty, Val::FuncRef(None))), Some(ErrorKind::Limit));
    Ok(())
}

#[test]
fn globals() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let ty = GlobalType { value: ValType::V128, mutable: true };
    let global = Global::new(&mut store, ty, Val::V128(1 << 127))?;
    assert_eq!(global.get(&store)?, Val::V128(1 << 127));
    global.set(&mut store, Val::V128(5))?;
    assert_eq!(global.get(&store)?, Val::V128(5));
    assert_eq!(kind(global.set(&mut store, Val::I64(5))), Some(ErrorKind::Usage));
    let ty = GlobalType { value: ValType::I32, mutable: false };
    let constant = Global::new(&mut store, ty, Val::I32(-1))?;
    assert_eq!(kind(constant.set(&mut store, Val::I32(5))), Some(ErrorKind::Usage));
    assert_eq!(constant.ty(&store)?, ty);
    assert_eq!(constant.get(&store)?, Val::I32(-1));
    Ok(())
}

#[test]
fn exports_are_found_by_name() -> Outcome {
    let text = r#"(module
        (func (export "b")) (func (export "") (export "a")) (memory (export "m") 1)
        (global (export "g") i32 (i32.const 1)) (table (export "t") 1 funcref)
        (tag (export "e") (param i32)))"#;
    let (store, instance) = instance(text)?;
    let names: Vec<String> = instance.exports(&store)?.into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["b", "", "a", "m", "g", "t", "e"]);
    assert!(instance.func(&store, "").is_some() && instance.func(&store, "c").is_none());
    assert_eq!(instance.func(&store, "").unwrap(), instance.func(&store, "a").unwrap());
    assert!(instance.func(&store, "m").is_none() && instance.memory(&store, "m").is_some());
    assert!(matches!(instance.get(&store, "e"), Some(Extern::Tag(_))));
    let ty = instance.get(&store, "t").unwrap().ty(&store)?;
    assert_eq!(ty.to_string(), "table 1 funcref");
    Ok(())
}

#[test]
fn modules_tell_what_they_are() -> Outcome {
    let engine = Engine::default();
    let text = r#"(module $name
        (import "a" "f" (func (param i32))) (import "a" "m" (memory i64 1 2))
        (@custom "note" "one") (@custom "note" "two")
        (export "f" (func 0)))"#;
    let module = module(&engine, text)?;
    assert_eq!(module.name().as_deref(), Some("name"));
    let imports: Vec<String> = module.imports().map(|import| import.to_string()).collect();
    assert_eq!(imports, [r#""a"."f": func [i32] -> []"#, r#""a"."m": memory i64 1 2"#]);
    let exports: Vec<String> = module.exports().map(|export| export.to_string()).collect();
    assert_eq!(exports, [r#""f": func [i32] -> []"#]);
    let notes: Vec<&[u8]> = module.custom_sections("note").collect();
    assert_eq!(notes, [b"one", b"two"]);
    Ok(())
}

#[test]
fn modules_from_files() -> Outcome {
    let engine = Engine::default();
    let path = std::env::temp_dir().join(format!("wasmvm-api-{}.wasm", std::process::id()));
    let bytes = wasm(
        r#"(module (func (export "f") (result i32) i32.const 3) (memory 1)
        (data (i32.const 0) "mapped"))"#,
    );
    std::fs::write(&path, bytes)?;
    let module = Module::from_file(&engine, &path)?;
    std::fs::remove_file(&path)?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module, &[])?;
    assert_eq!(instance.typed_func::<(), i32>(&store, "f")?.call(&mut store, ())?, 3);
    assert_eq!(kind(Module::from_file(&engine, &path)), Some(ErrorKind::Host));
    Ok(())
}
