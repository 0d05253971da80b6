(module
  (func $f (export "f") (param i32 i64) (result i64 f64)
    (local.get 1) (f64.convert_i32_s (local.get 0)))
  (func (export "ref") (result funcref) (ref.func $f)))
