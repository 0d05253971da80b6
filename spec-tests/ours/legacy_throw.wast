;; Legacy exceptions: `throw` with values of every type.
(module
  (tag $none)
  (tag $i32 (param i32))
  (tag $i64 (param i64))
  (tag $f32 (param f32))
  (tag $f64 (param f64))
  (tag $two (param i32 i32))
  (func (export "unless zero") (param i32) (result i32)
    local.get 0
    i32.const 0
    i32.ne
    if throw $none end
    i32.const 0)
  (func (export "f32") (param f32) local.get 0 throw $f32)
  (func (export "i64") (param i64) local.get 0 throw $i64)
  (func (export "f64") (param f64) local.get 0 throw $f64)
  (func $one_two i32.const 1 i32.const 2 throw $two)
  (func (export "in order")
    try
      call $one_two
    catch $two
      i32.const 2
      i32.ne
      if unreachable end
      i32.const 1
      i32.ne
      if unreachable end
    end)
)
(assert_return (invoke "unless zero" (i32.const 0)) (i32.const 0))
(assert_exception (invoke "unless zero" (i32.const 10)))
(assert_exception (invoke "unless zero" (i32.const -1)))
(assert_exception (invoke "f32" (f32.const 5)))
(assert_exception (invoke "i64" (i64.const 5)))
(assert_exception (invoke "f64" (f64.const 5)))
(assert_return (invoke "in order"))

(assert_invalid (module (func throw 0)) "unknown tag 0")
(assert_invalid
  (module (tag (param i32)) (func throw 0))
  "type mismatch: instruction requires [i32] but stack has []")
(assert_invalid
  (module (tag (param i32)) (func i64.const 5 throw 0))
  "type mismatch: instruction requires [i32] but stack has [i64]")
