(module
  (func (export "_start"))
  (func $bad (export "bad") (result i32) (i64.const 0))
  (func (export "good") (result i32) (i32.const 7)))
