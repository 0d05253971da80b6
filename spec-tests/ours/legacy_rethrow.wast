;; Legacy exceptions: `rethrow`, and what it does in nested clauses.
(module
  (tag $a)
  (tag $b)
  (func (export "again")
    try throw $a catch $a rethrow 0 end)
  (func (export "again if zero") (param i32) (result i32)
    try (result i32)
      throw $a
    catch $a
      local.get 0
      i32.eqz
      if rethrow 1 end
      i32.const 23
    end)
  (func (export "all again")
    try throw $a catch_all rethrow 0 end)
  (func (export "all again if zero") (param i32) (result i32)
    try (result i32)
      throw $a
    catch_all
      local.get 0
      i32.eqz
      if rethrow 1 end
      i32.const 23
    end)
  ;; 0: the inner exception, 1: the outer one.
  (func $nested (export "nested") (param i32) (result i32)
    try (result i32)
      throw $b
    catch $b
      try (result i32)
        throw $a
      catch $a
        local.get 0
        i32.eqz
        if rethrow 1 end
        local.get 0
        i32.const 1
        i32.eq
        if rethrow 2 end
        i32.const 23
      end
    end)
  (func (export "which of nested") (param i32) (result i32)
    try (result i32)
      local.get 0
      call $nested
    catch $a
      i32.const -1
    catch $b
      i32.const -2
    end)
  (func (export "caught again") (param i32) (result i32)
    try (result i32)
      throw $a
    catch $a
      try (result i32)
        local.get 0
        i32.eqz
        if rethrow 2 end
        i32.const 42
      catch $a
        i32.const 23
      end
    end)
  (func (export "operands below")
    try throw $a catch $a i32.const 1 rethrow 0 end)
)
(assert_exception (invoke "again"))
(assert_exception (invoke "again if zero" (i32.const 0)))
(assert_return (invoke "again if zero" (i32.const 1)) (i32.const 23))
(assert_exception (invoke "all again"))
(assert_exception (invoke "all again if zero" (i32.const 0)))
(assert_return (invoke "all again if zero" (i32.const 1)) (i32.const 23))
(assert_exception (invoke "nested" (i32.const 0)))
(assert_exception (invoke "nested" (i32.const 1)))
(assert_return (invoke "nested" (i32.const 2)) (i32.const 23))
(assert_return (invoke "which of nested" (i32.const 0)) (i32.const -1))
(assert_return (invoke "which of nested" (i32.const 1)) (i32.const -2))
(assert_return (invoke "which of nested" (i32.const 2)) (i32.const 23))
(assert_return (invoke "caught again" (i32.const 0)) (i32.const 23))
(assert_return (invoke "caught again" (i32.const 1)) (i32.const 42))
(assert_exception (invoke "operands below"))

(assert_invalid (module (func rethrow 0)) "invalid rethrow label")
(assert_invalid (module (func block rethrow 0 end)) "invalid rethrow label")
(assert_invalid (module (func try rethrow 0 delegate 0)) "invalid rethrow label")
(assert_invalid (module (func try rethrow 0 catch_all end)) "invalid rethrow label")

;; Values survive, whatever the clause did with its operands and with other exceptions; clauses in
;; clauses in clauses each have an exception of their own.
(module
  (tag $v (param i32 i64))
  (tag $w (param f64))
  (func (export "values") (param i32 i64) (result i32 i64)
    try (result i32 i64)
      try (result i32 i64)
        local.get 0
        local.get 1
        throw $v
      catch $v
        ;; Overwrites the values' slots.
        drop
        drop
        f64.const 1
        f64.const 2
        f64.const 3
        drop
        drop
        drop
        rethrow 0
      end
    catch $v
    end)
  (func (export "below and above") (param i32) (result i32)
    i32.const 1000
    local.get 0
    i32.const 2
    i32.mul
    try (param i32) (result i32)
      i64.const 5
      throw $v
    catch $v
      i32.wrap_i64
      i32.add
      try (param i32) (result i32)
        f64.const 7
        throw $w
      catch $w
        i32.trunc_f64_s
      catch_all
        unreachable
      end
    end
    i32.add)
  (func (export "three deep") (param i32) (result i32)
    (local $trace i32)
    try
      i32.const 1
      i64.const 0
      throw $v
    catch $v
      drop
      local.set $trace
      try
        i32.const 2
        i64.const 0
        throw $v
      catch $v
        drop
        local.get $trace
        i32.const 10
        i32.mul
        i32.add
        local.set $trace
        try
          try
            i32.const 3
            i64.const 0
            throw $v
          catch $v
            drop
            drop
            local.get 0
            if
              local.get 0
              i32.const 1
              i32.eq
              if rethrow 2 end
              local.get 0
              i32.const 2
              i32.eq
              if rethrow 4 end
              rethrow 4
            end
          end
        catch $v
          drop
          local.get $trace
          i32.const 10
          i32.mul
          i32.add
          local.set $trace
        end
      end
    end
    local.get $trace)
)
(assert_return (invoke "values" (i32.const 7) (i64.const -8)) (i32.const 7) (i64.const -8))
(assert_return (invoke "below and above" (i32.const 3)) (i32.const 1007))
(assert_return (invoke "three deep" (i32.const 0)) (i32.const 12))
(assert_return (invoke "three deep" (i32.const 1)) (i32.const 123))
(assert_return (invoke "three deep" (i32.const 2)) (i32.const 122))
(assert_return (invoke "three deep" (i32.const 3)) (i32.const 121))
