//! Structures and arrays: made by the guest, read, written and kept by the host.
use wasmvm::{AnyRef, Engine, Error, HeapType, Module, Store, StructRef, Val};

const GUEST: &str = r#"(module
    (type $point (struct (field $x (mut f64)) (field $y (mut f64))))
    (type $path (array (mut (ref null $point))))
    (func (export "point") (param f64 f64) (result structref)
        (struct.new $point (local.get 0) (local.get 1)))
    (func (export "path") (param i32) (result anyref)
        (array.new_default $path (local.get 0)))
    (func (export "length") (param structref) (result f64)
        (f64.sqrt (f64.add
            (f64.mul (struct.get $point $x (ref.cast (ref $point) (local.get 0)))
                (struct.get $point $x (ref.cast (ref $point) (local.get 0))))
            (f64.mul (struct.get $point $y (ref.cast (ref $point) (local.get 0)))
                (struct.get $point $y (ref.cast (ref $point) (local.get 0))))))))"#;

pub fn main() -> Result<(), Error> {
    let engine = Engine::default();
    let module = Module::new(&engine, wat::parse_str(GUEST).map_err(Error::host_from)?)?;
    let mut store = Store::new(&engine, ());
    let instance = wasmvm::Instance::new(&mut store, &module, &[])?;
    let make = instance.typed_func::<(f64, f64), Option<StructRef>>(&store, "point")?;
    let length = instance.typed_func::<Option<StructRef>, f64>(&store, "length")?;
    let path = instance.typed_func::<i32, Option<AnyRef>>(&store, "path")?;

    let point = make.call(&mut store, (3.0, 4.0))?.ok_or_else(|| Error::host("null"))?;
    assert_eq!(length.call(&mut store, Some(point))?, 5.0);
    // Fields are values like any other.
    assert_eq!(point.get(&store, 0)?.f64(), Some(3.0));
    point.set(&mut store, 1, Val::from(0.0_f64))?;
    assert_eq!(length.call(&mut store, Some(point))?, 3.0);
    let any: AnyRef = point.into();
    assert!(any.is_a(&store, HeapType::Struct)? && !any.is_a(&store, HeapType::Array)?);

    // References end with the scope that they were made in, unless they are kept.
    let kept = store.scope(|store| -> Result<AnyRef, Error> {
        let path = path.call(&mut *store, 2)?.ok_or_else(|| Error::host("null"))?;
        let array = path.as_array(store)?.ok_or_else(|| Error::host("not an array"))?;
        array.set(&mut *store, 1, point.into())?;
        path.keep(&mut *store)
    })?;
    store.gc();
    let array = kept.as_array(&store)?.ok_or_else(|| Error::host("not an array"))?;
    println!("{} elements, {:?}", array.len(&store)?, store.gc_stats());
    assert_eq!(array.get(&store, 0)?, Val::AnyRef(None));
    assert!(matches!(array.get(&store, 1)?, Val::AnyRef(Some(_))));
    kept.release(&mut store)?;
    assert!(kept.as_array(&store).is_err());
    Ok(())
}
