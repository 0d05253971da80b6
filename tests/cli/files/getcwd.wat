(module
  (import "sys_fs" "getcwd" (func $getcwd (param i32 i32) (result i32)))
  (import "sys_fs" "write" (func $write (param i32 i32 i32) (result i32)))
  (memory 1)
  (func (export "_start")
    (drop (call $write (i32.const 1) (i32.const 0)
      (i32.sub (call $getcwd (i32.const 0) (i32.const 4096)) (i32.const 1))))))
