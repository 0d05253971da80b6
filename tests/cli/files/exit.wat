(module (import "sys_proc" "exit" (func $exit (param i32)))
  (func $deep (param i32) (if (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1)))))
    (call $exit (i32.const 42)))
  (func (export "_start") (call $deep (i32.const 100))))
