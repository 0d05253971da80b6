//! Structures, arrays and i31s; who keeps them, and how long.

use super::*;
use wasmvm::{AnyRef, ArrayRef, Features, FieldType, GcStats, StorageType, StructRef, TypeId};

const fn field(storage: StorageType) -> FieldType {
    FieldType { storage, mutable: true }
}
const I64: FieldType = field(StorageType::Val(ValType::I64));
const ANY: FieldType = field(StorageType::Val(ValType::Ref(RefType::ANY)));

/// A store whose heap is collected at every allocation, and the type of boxes.
fn stressed() -> Result<(Engine, Store<()>, TypeId), Error> {
    let engine = Engine::new(Config::new().gc_stress(true))?;
    let ty = engine.struct_type(&[I64])?;
    Ok((engine.clone(), Store::new(&engine, ()), ty))
}
fn boxed(store: &mut Store<()>, ty: TypeId, value: i64) -> Result<StructRef, Error> {
    StructRef::new(store, ty, &[Val::I64(value)])
}

#[test]
fn structures() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let immutable = FieldType { mutable: false, ..I64 };
    let (i8, i16) = (field(StorageType::I8), field(StorageType::I16));
    let v128 = field(StorageType::Val(ValType::V128));
    let ty = engine.struct_type(&[i8, immutable, ANY, i16, v128])?;
    let values =
        [Val::I32(-1), Val::I64(-2), AnyRef::from_i31(-3).into(), Val::I32(-4), Val::V128(5 << 90)];
    let object = StructRef::new(&mut store, ty, &values)?;
    assert_eq!(object.get(&store, 0)?, Val::I32(0xFF));
    assert_eq!(object.get(&store, 1)?, Val::I64(-2));
    assert_eq!(object.get(&store, 2)?, AnyRef::from_i31(-3).into());
    assert_eq!(object.get(&store, 3)?, Val::I32(0xFFFC));
    assert_eq!(object.get(&store, 4)?, Val::V128(5 << 90));
    object.set(&mut store, 2, object.into())?;
    let Val::AnyRef(Some(inner)) = object.get(&store, 2)? else { panic!("a reference") };
    assert!(inner.ref_eq(object.into(), &store)?);
    assert!(inner.as_struct(&store)?.is_some() && inner.as_array(&store)?.is_none());
    assert_eq!((object.ty(&store)?, object.fields(&store)?.len()), (ty, 5));

    assert_eq!(kind(object.set(&mut store, 1, Val::I64(0))), Some(ErrorKind::Usage));
    assert_eq!(kind(object.set(&mut store, 0, Val::I64(0))), Some(ErrorKind::Usage));
    assert_eq!(kind(object.set(&mut store, 2, Val::ExternRef(None))), Some(ErrorKind::Usage));
    assert_eq!(kind(object.get(&store, 5)), Some(ErrorKind::Usage));
    assert_eq!(kind(StructRef::new(&mut store, ty, &[])), Some(ErrorKind::Usage));
    assert_eq!(kind(StructRef::new_default(&mut store, TypeId(999))), Some(ErrorKind::Usage));
    assert_eq!(kind(ArrayRef::new(&mut store, ty, 1, Val::I32(0))), Some(ErrorKind::Usage));
    let default = StructRef::new_default(&mut store, ty)?;
    assert_eq!(default.get(&store, 2)?, Val::AnyRef(None));
    let not_null = RefType { nullable: false, ..RefType::ANY };
    let strict = engine.struct_type(&[field(StorageType::Val(ValType::Ref(not_null)))])?;
    assert_eq!(kind(StructRef::new_default(&mut store, strict)), Some(ErrorKind::Usage));
    assert_eq!(
        kind(StructRef::new(&mut store, strict, &[Val::AnyRef(None)])),
        Some(ErrorKind::Usage)
    );
    let unknown = RefType { nullable: true, heap: HeapType::Defined(TypeId(77)) };
    let unknown = field(StorageType::Val(ValType::Ref(unknown)));
    assert_eq!(kind(engine.struct_type(&[unknown])), Some(ErrorKind::Usage));
    Ok(())
}

#[test]
fn arrays() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let bytes = engine.array_type(field(StorageType::I8))?;
    let text = ArrayRef::from_bytes(&mut store, bytes, b"bytes")?;
    text.set(&mut store, 4, Val::I32(0x121))?;
    assert_eq!((text.bytes(&store)?, text.len(&store)?), (&b"byte!"[..], 5));
    assert_eq!(text.get(&store, 0)?, Val::I32(0x62));
    assert_eq!(text.get(&store, 5).unwrap_err().trap(), Some(Trap::ArrayOutOfBounds));
    let wide = engine.array_type(field(StorageType::Val(ValType::V128)))?;
    let wide = ArrayRef::new(&mut store, wide, 3, Val::V128(1 << 100))?;
    assert_eq!(wide.get(&store, 2)?, Val::V128(1 << 100));
    assert_eq!(kind(wide.bytes(&store)), Some(ErrorKind::Usage));
    let list = engine.array_type(ANY)?;
    let list = ArrayRef::from_values(&mut store, list, &[text.into(), Val::AnyRef(None)])?;
    let Val::AnyRef(Some(first)) = list.get(&store, 0)? else { panic!("a reference") };
    assert_eq!(
        first.as_array(&store)?.map(|array| array.bytes(&store).map(<[u8]>::len)).transpose()?,
        Some(5)
    );
    assert_eq!(list.get(&store, 1)?, Val::AnyRef(None));
    assert!(ArrayRef::from_bytes(&mut store, bytes, b"")?.is_empty(&store)?);
    Ok(())
}

#[test]
fn types_are_checked() -> Outcome {
    let text = r#"(module
        (rec (type $a (sub (struct (field i64)))))
        (rec (type $b (sub final $a (struct (field i64) (field i64)))))
        (func (export "a") (param (ref null $a)) (result i64) (struct.get $a 0 (local.get 0)))
        (func (export "b") (param (ref $b)) (result i64) (struct.get $b 1 (local.get 0)))
        (func (export "i31") (param (ref null i31)) (result i32) (i31.get_s (local.get 0)))
        (func (export "eq") (param eqref))
        (func (export "make") (result (ref $b)) (struct.new $b (i64.const 1) (i64.const 2)))
        (func (export "array") (result arrayref) (ref.null array)))"#;
    let (mut store, instance) = instance(text)?;
    let call = |store: &mut Store<()>, name: &str, args: &[Val], results: usize| {
        let mut values = vec![Val::I32(0); results];
        let func = instance.func(store, name).expect("an export");
        func.call(store, args, &mut values).map(|()| values)
    };
    let b = call(&mut store, "make", &[], 1)?[0];
    assert_eq!(call(&mut store, "a", &[b], 1)?, [Val::I64(1)]);
    assert_eq!(call(&mut store, "b", &[b], 1)?, [Val::I64(2)]);
    call(&mut store, "eq", &[b], 0)?;
    let other = store.engine().struct_type(&[I64, I64])?;
    let other = StructRef::new(&mut store, other, &[Val::I64(1), Val::I64(2)])?;
    for name in ["a", "b", "i31"] {
        assert_eq!(kind(call(&mut store, name, &[other.into()], 1)), Some(ErrorKind::Usage));
    }
    assert_eq!(kind(call(&mut store, "i31", &[b], 1)), Some(ErrorKind::Usage));
    assert_eq!(call(&mut store, "i31", &[AnyRef::from_i31(-7).into()], 1)?, [Val::I32(-7)]);
    let host = ExternRef::new(&mut store, 5).to_any();
    assert_eq!(kind(call(&mut store, "eq", &[host.into()], 0)), Some(ErrorKind::Usage));
    let null = call(&mut store, "a", &[Val::AnyRef(None)], 1).unwrap_err();
    assert_eq!(null.trap(), Some(Trap::NullStructure));
    assert_eq!(kind(call(&mut store, "b", &[Val::AnyRef(None)], 1)), Some(ErrorKind::Usage));
    let array = instance.typed_func::<(), Option<ArrayRef>>(&store, "array")?;
    assert_eq!(array.call(&mut store, ())?, None);
    Ok(())
}

#[test]
fn references_end_with_their_scope() -> Outcome {
    let (engine, mut store, ty) = stressed()?;
    let outer = boxed(&mut store, ty, 1)?;
    let (inner, kept) = store.scope(|store| {
        let inner = boxed(store, ty, 2)?;
        let kept = boxed(store, ty, 3)?.keep(&mut *store)?;
        assert_eq!(inner.get(store, 0)?, Val::I64(2));
        Ok::<_, Error>((inner, kept))
    })?;
    let later = boxed(&mut store, ty, 4)?;
    assert_eq!(kind(inner.get(&store, 0)), Some(ErrorKind::Usage));
    assert_eq!(kind(inner.keep(&mut store)), Some(ErrorKind::Usage));
    assert_eq!(kind(outer.release(&mut store)), Some(ErrorKind::Usage));
    for (object, value) in [(outer, 1), (kept, 3), (later, 4)] {
        assert_eq!(object.get(&store, 0)?, Val::I64(value));
    }
    kept.release(&mut store)?;
    assert_eq!(kind(kept.get(&store, 0)), Some(ErrorKind::Usage));
    assert_eq!(kind(kept.release(&mut store)), Some(ErrorKind::Usage));
    let again = boxed(&mut store, ty, 5)?.keep(&mut store)?;
    assert_eq!(kind(kept.get(&store, 0)), Some(ErrorKind::Usage));
    assert_eq!(again.get(&store, 0)?, Val::I64(5));
    // Another store, of the same engine.
    let mut other = Store::new(&engine, ());
    assert_eq!(kind(outer.get(&other, 0)), Some(ErrorKind::Usage));
    assert_eq!(kind(outer.keep(&mut other)), Some(ErrorKind::Usage));
    let list = engine.struct_type(&[ANY])?;
    assert_eq!(kind(StructRef::new(&mut other, list, &[outer.into()])), Some(ErrorKind::Usage));
    StructRef::new(&mut other, list, &[AnyRef::from_i31(1).into()])?;
    Ok(())
}

#[test]
fn a_full_scope_does_not_leak() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    store.set_limits(Limits { gc_heap_bytes: 1 << 20, ..Limits::default() });
    let ty = engine.struct_type(&[I64])?;
    for i in 0..200_000 {
        store.scope(|store| boxed(store, ty, i).map(drop))?;
    }
    let GcStats { collections, heap_bytes, allocated_bytes, .. } = store.gc_stats();
    assert!(collections >= 2 && heap_bytes <= 1 << 20 && allocated_bytes >= 200_000 * 16);
    store.gc();
    assert_eq!(store.gc_stats().live_bytes, 0);
    Ok(())
}

const CALLS: &str = r#"(module
    (rec (type $box (struct (field (mut i64)))))
    (import "host" "call" (func $host (param (ref $box)) (result (ref null struct))))
    (func $churn (export "churn") (local $i i32)
      (loop $next
        (drop (struct.new $box (i64.const -1)))
        (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000)))))
    (func (export "run") (param $x i64) (result i64) (local $mine (ref $box))
      (local.set $mine (struct.new $box (local.get $x)))
      (struct.new $box (i64.const 10))
      (ref.cast (ref $box) (call $host (struct.new $box (i64.const 100))))
      (struct.get $box 0)
      (local.set $x)
      (struct.get $box 0)
      (i64.add (local.get $x))
      (i64.add (struct.get $box 0 (local.get $mine)))))"#;

/// The guest's frames below a host call that calls the guest again, the arguments of the call, what
/// the host makes, and what it gives back.
#[test]
fn host_calls() -> Outcome {
    let (engine, mut store, _) = stressed()?;
    let mut linker = Linker::new(&engine);
    let module = module(&engine, CALLS)?;
    let ty = module.imports().next().and_then(|import| import.ty.func().map(|ty| ty.params[0]));
    let Some(ValType::Ref(RefType { heap: HeapType::Defined(box_ty), .. })) = ty else {
        panic!("a parameter of a defined type");
    };
    let import =
        module.imports().next().and_then(|import| import.ty.into_func()).expect("a function");
    let seen = std::sync::Arc::new(std::sync::Mutex::new(None));
    let note = seen.clone();
    linker.func_new("host", "call", import, move |mut caller, args, results| {
        let Val::AnyRef(Some(given)) = args[0] else { panic!("an argument") };
        let made = StructRef::new(&mut caller, box_ty, &[Val::I64(1000)])?;
        let churn = caller.get_export("churn").and_then(Extern::into_func).expect("an export");
        churn.call(&mut caller, &[], &mut [])?;
        caller.as_context_mut().gc();
        let given = given.as_struct(&caller)?.expect("a structure");
        let (Val::I64(a), Val::I64(b)) = (given.get(&caller, 0)?, made.get(&caller, 0)?) else {
            panic!("numbers");
        };
        *note.lock().expect("one thread") = Some(made);
        results[0] = StructRef::new(&mut caller, box_ty, &[Val::I64(a + b)])?.into();
        Ok(())
    })?;
    let instance = linker.instantiate(&mut store, &module)?;
    let run = instance.typed_func::<i64, i64>(&store, "run")?;
    assert_eq!(run.call(&mut store, 1)?, 1111);
    assert_eq!(run.call(&mut store, 2)?, 1112);
    // What the host got during the call has ended with it.
    let made = seen.lock().expect("one thread").expect("it was called");
    assert_eq!(kind(made.get(&store, 0)), Some(ErrorKind::Usage));
    Ok(())
}

/// Locals that lie above the operands of their frame, because there are so many.
#[test]
fn far_locals() -> Outcome {
    let text = format!(
        r#"(module (type $box (struct (field i64)))
        (func (export "run") (param $x i64) (result i64)
          (local {}) (local $far (ref null $box)) (local $i i32)
          (local.set $far (struct.new $box (local.get $x)))
          (loop $next
            (drop (struct.new $box (i64.const -1)))
            (drop (array.new_default $boxes (i32.const 2)))
            (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 10))))
          (struct.get $box 0 (local.get $far)))
        (type $boxes (array (mut (ref null $box)))))"#,
        "i64 ".repeat(16_100)
    );
    let (engine, mut store, _) = stressed()?;
    let instance = Instance::new(&mut store, &module(&engine, &text)?, &[])?;
    let run = instance.typed_func::<i64, i64>(&store, "run")?;
    assert_eq!(run.call(&mut store, 77)?, 77);
    Ok(())
}

#[test]
fn limits_are_kept() -> Outcome {
    let text = r#"(module
        (rec (type $list (struct (field (ref null $list)))))
        (type $bytes (array i8))
        (global $kept (mut (ref null $list)) (ref.null $list))
        (func (export "garbage") (param $n i32)
          (loop $next
            (drop (struct.new $list (ref.null $list)))
            (drop (array.new_default $bytes (i32.and (local.get $n) (i32.const 8191))))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "keep") (param $n i32)
          (loop $next
            (global.set $kept (struct.new $list (global.get $kept)))
            (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
        (func (export "forget") (global.set $kept (ref.null $list)))
        (func (export "large") (param i32) (drop (array.new_default $bytes (local.get 0)))))"#;
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let limit = 4 << 20;
    store.set_limits(Limits { gc_heap_bytes: limit, ..Limits::default() });
    let instance = Instance::new(&mut store, &module(&engine, text)?, &[])?;
    let garbage = instance.typed_func::<i32, ()>(&store, "garbage")?;
    let keep = instance.typed_func::<i32, ()>(&store, "keep")?;
    let forget = instance.typed_func::<(), ()>(&store, "forget")?;
    let large = instance.typed_func::<i32, ()>(&store, "large")?;
    garbage.call(&mut store, 100_000)?;
    assert!(store.gc_stats().heap_bytes <= limit);
    keep.call(&mut store, 100_000)?;
    garbage.call(&mut store, 10_000)?;
    let full = keep.call(&mut store, 1_000_000).unwrap_err();
    assert_eq!(full.trap(), Some(Trap::AllocationTooLarge));
    let stats = store.gc_stats();
    assert!(stats.heap_bytes <= limit && stats.live_bytes > limit * 9 / 10, "{stats:?}");
    assert_eq!(
        keep.call(&mut store, 1_000_000).unwrap_err().trap(),
        Some(Trap::AllocationTooLarge)
    );
    forget.call(&mut store, ())?;
    large.call(&mut store, 3 << 20)?;
    assert_eq!(large.call(&mut store, 4 << 20).unwrap_err().trap(), Some(Trap::AllocationTooLarge));
    assert_eq!(large.call(&mut store, -1).unwrap_err().trap(), Some(Trap::AllocationTooLarge));
    keep.call(&mut store, 100_000)?;
    // The host is told by an error, not by a trap.
    let ty = engine.array_type(field(StorageType::I8))?;
    assert_eq!(kind(ArrayRef::new(&mut store, ty, 4 << 20, Val::I32(0))), Some(ErrorKind::Limit));
    Ok(())
}

/// An exception that leaves the store in an error is kept by it, and carries objects.
#[test]
fn exceptions_carry_objects() -> Outcome {
    let (engine, mut store, _) = stressed()?;
    let text = r#"(module
        (rec (type $box (struct (field i64))))
        (import "host" "fail" (func $fail (param (ref $box))))
        (tag $e (export "e") (param (ref $box)))
        (func (export "throw") (param i64) (throw $e (struct.new $box (local.get 0))))
        (func (export "pass on") (param i64) (call $fail (struct.new $box (local.get 0))))
        (func (export "catch") (param i64) (result i64)
          (block $caught (result (ref $box))
            (try_table (catch $e $caught) (call $fail (struct.new $box (local.get 0))))
            (unreachable))
          (struct.get $box 0)))"#;
    let module = module(&engine, text)?;
    let mut linker = Linker::new(&engine);
    let import =
        module.imports().next().and_then(|import| import.ty.into_func()).expect("a function");
    linker.func_new("host", "fail", import, |mut caller, args, _| {
        let tag = caller.get_export("e").and_then(Extern::into_tag).expect("an export");
        let exception = wasmvm::Exception::new(&mut caller, tag, args)?;
        caller.as_context_mut().gc();
        Err(exception.into())
    })?;
    let instance = linker.instantiate(&mut store, &module)?;
    for name in ["throw", "pass on"] {
        let throw = instance.typed_func::<i64, ()>(&store, name)?;
        let error = throw.call(&mut store, 5).unwrap_err();
        let exception = error.exception().expect("an exception");
        store.gc();
        let Val::AnyRef(Some(object)) = exception.values(&store)?[0] else { panic!("an object") };
        let object = object.as_struct(&store)?.expect("a structure");
        assert_eq!(object.get(&store, 0)?, Val::I64(5));
    }
    let catch = instance.typed_func::<i64, i64>(&store, "catch")?;
    for i in 0..100 {
        assert_eq!(catch.call(&mut store, i)?, i);
    }
    // Neither the host calls nor the exceptions have left anything behind.
    store.scope(|_| ());
    let scope_end = store.scope(|store| catch.call(store, 1))?;
    assert_eq!(scope_end, 1);
    Ok(())
}

/// An instance that does not come about leaves nothing behind.
#[test]
fn failed_instantiation() -> Outcome {
    let engine = Engine::default();
    let mut store = Store::new(&engine, ());
    let text = r#"(module
        (rec (type $a (struct (field i64) (field (ref null $a)))))
        (global (ref $a) (struct.new $a (i64.const 1) (struct.new_default $a)))
        (table 1000 (ref $a) (struct.new_default $a))
        (memory 100))"#;
    let module = module(&engine, text)?;
    store.set_limits(Limits { memory_bytes: 1 << 16, ..Limits::default() });
    assert_eq!(kind(Instance::new(&mut store, &module, &[])), Some(ErrorKind::Limit));
    store.gc();
    assert_eq!(store.gc_stats().live_bytes, 0);
    store.set_limits(Limits::default());
    Instance::new(&mut store, &module, &[])?;
    store.gc();
    assert_eq!(store.gc_stats().live_bytes, 3 * 24);
    Ok(())
}

#[test]
fn descriptors() -> Outcome {
    let text = r#"(module
        (rec
            (type $a (sub (descriptor $d) (struct (field i32))))
            (type $d (sub (describes $a) (struct (field i64)))))
        (type $super (sub (func (result i32))))
        (type $sub (sub $super (func (result i32))))
        (type $s (sub (struct (field i64))))
        (type $t (sub $s (struct (field i64))))
        (func (export "desc") (param i64) (result (ref $d)) (struct.new $d (local.get 0)))
        (func (export "make") (param (ref null (exact $d))) (result (ref $a))
            (struct.new_desc $a (i32.const 7) (local.get 0)))
        (func (export "desc of") (param (ref $a)) (result (ref $d)) (ref.get_desc $a (local.get 0)))
        (func (export "super") (type $super) (i32.const 1))
        (func (export "sub") (type $sub) (i32.const 2))
        (func (export "call") (param (ref null (exact $super))) (result i32)
            (call_ref $super (local.get 0)))
        (func (export "s") (result (ref $s)) (struct.new $s (i64.const 3)))
        (func (export "t") (result (ref $s)) (struct.new $t (i64.const 4)))
        (func (export "exact") (param (ref (exact $s))) (result i64) (struct.get $s 0 (local.get 0))))"#;
    let off = module(&Engine::default(), text).unwrap_err();
    assert_eq!(off.kind(), ErrorKind::Unsupported);
    assert!(off.message().contains("custom-descriptors"), "{off}");

    let engine = Engine::new(Config::new().features(Features::ALL).gc_stress(true))?;
    let mut store = Store::new(&engine, ());
    let instance = Instance::new(&mut store, &module(&engine, text)?, &[])?;
    let call = |store: &mut Store<()>, name: &str, args: &[Val]| {
        let mut values = [Val::I32(0)];
        let func = instance.func(store, name).expect("an export");
        func.call(store, args, &mut values).map(|()| values[0])
    };
    let desc = call(&mut store, "desc", &[Val::I64(5)])?;
    let made = call(&mut store, "make", &[desc])?;
    call(&mut store, "desc", &[Val::I64(6)])?;
    let Val::AnyRef(Some(found)) = call(&mut store, "desc of", &[made])? else { panic!() };
    let found = found.as_struct(&store)?.expect("a structure");
    assert_eq!(found.get(&store, 0)?, Val::I64(5));
    let Val::AnyRef(Some(made)) = made else { panic!("a reference") };
    let made = made.as_struct(&store)?.expect("a structure");
    assert_eq!((made.get(&store, 0)?, made.fields(&store)?.len()), (Val::I32(7), 1));
    // The host has no descriptor to give.
    let ty = made.ty(&store)?;
    assert_eq!(kind(StructRef::new(&mut store, ty, &[Val::I32(1)])), Some(ErrorKind::Usage));
    assert_eq!(kind(StructRef::new_default(&mut store, ty)), Some(ErrorKind::Usage));
    let null = call(&mut store, "make", &[Val::AnyRef(None)]).unwrap_err();
    assert_eq!(null.trap(), Some(Trap::NullDescriptor));
    assert_eq!(kind(call(&mut store, "make", &[made.into()])), Some(ErrorKind::Usage));

    let func = |store: &Store<()>, name| instance.func(store, name).expect("an export");
    let (exact, below) = (func(&store, "super"), func(&store, "sub"));
    assert_eq!(call(&mut store, "call", &[exact.into()])?, Val::I32(1));
    assert_eq!(kind(call(&mut store, "call", &[below.into()])), Some(ErrorKind::Usage));
    let null = call(&mut store, "call", &[Val::FuncRef(None)]).unwrap_err();
    assert_eq!(null.trap(), Some(Trap::NullFunctionReference));
    let (s, t) = (call(&mut store, "s", &[])?, call(&mut store, "t", &[])?);
    assert_eq!(call(&mut store, "exact", &[s])?, Val::I64(3));
    assert_eq!(kind(call(&mut store, "exact", &[t])), Some(ErrorKind::Usage));
    let (Val::AnyRef(Some(s)), Val::AnyRef(Some(t))) = (s, t) else { panic!("references") };
    let ty = s.as_struct(&store)?.expect("a structure").ty(&store)?;
    assert!(s.is_a(&store, HeapType::Exact(ty))? && t.is_a(&store, HeapType::Defined(ty))?);
    assert!(!t.is_a(&store, HeapType::Exact(ty))?);
    Ok(())
}
