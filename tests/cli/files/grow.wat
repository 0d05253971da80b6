(module (memory 1) (table 1 funcref)
  (func (export "memory") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "table") (param i32) (result i32) (table.grow (ref.null func) (local.get 0))))
