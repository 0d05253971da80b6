(module
  (import "sys_proc" "argc" (func $argc (result i32)))
  (import "sys_proc" "exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start") (call $exit (i32.add (call $argc) (i32.const 40)))))
