(module
  (import "lib1" "get" (func $one (result i32)))
  (import "./lib/lib2" "get" (func $two (result i32)))
  (import "sys_proc" "exit" (func $exit (param i32)))
  (func $main (call $exit (i32.add (call $one) (call $two))))
  (start $main))
