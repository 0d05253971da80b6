(module $trapping
  (memory 1)
  (func $outer (export "_start") (call $middle (i32.const 3)))
  (func $middle (param $n i32)
    (if (local.get $n) (then (call $middle (i32.sub (local.get $n) (i32.const 1))) (return)))
    (drop (call 2 (i32.const 65536))))
  (func (param i32) (result i32) (i32.load (local.get 0))))
