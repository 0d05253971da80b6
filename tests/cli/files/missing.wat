(module
  (import "env" "print" (func (param i32 i64) (result f32)))
  (import "env" "table" (table 1 10 funcref))
  (import "other" "memory" (memory 1))
  (import "wasi_snapshot_preview1" "no_such_function" (func))
  (func (export "_start")))
