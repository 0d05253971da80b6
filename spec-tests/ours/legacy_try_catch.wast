;; Legacy exceptions: `try` with `catch` and `catch_all`.
(module
  (tag $shared (export "shared"))
  (func (export "throw") throw $shared)
)
(register "lib")
(module
  (tag $shared (import "lib" "shared"))
  (func $throw_shared (import "lib" "throw"))
  (tag $a)
  (tag $b)
  (tag $c)
  (tag $i32 (param i32))
  (tag $f32 (param f32))
  (tag $i64 (param i64))
  (tag $f64 (param f64))
  (func $throw_unless_zero (param i32) (result i32)
    local.get 0
    i32.const 0
    i32.ne
    if throw $a end
    i32.const 0)

  (func (export "nothing") try catch $a end)
  (func (export "one") (param i32) (result i32)
    try (result i32)
      local.get 0
      i32.eqz
      if throw $a else end
      i32.const 42
    catch $a
      i32.const 23
    end)
  (func (export "trap here") try unreachable catch_all end)
  (func $div (param i32 i32) (result i32) local.get 0 local.get 1 i32.div_u)
  (func (export "trap in callee") (param i32 i32) (result i32)
    try (result i32)
      local.get 0
      local.get 1
      call $div
    catch_all
      i32.const 11
    end)
  (func $throw_some (param i32)
    local.get 0
    i32.eqz
    if
      throw $a
    else
      local.get 0
      i32.const 1
      i32.eq
      if throw $b else throw $c end
    end)
  (func (export "in two handlers") (param i32) (result i32)
    try (result i32)
      try (result i32)
        local.get 0
        i32.eqz
        if
          throw $a
        else
          local.get 0
          i32.const 1
          i32.eq
          if throw $b else throw $c end
        end
        i32.const 2
      catch $a
        i32.const 3
      end
    catch $b
      i32.const 4
    end)
  (func (export "in two clauses") (param i32) (result i32)
    try (result i32)
      local.get 0
      call $throw_some
      i32.const 2
    catch $a
      i32.const 3
    catch $b
      i32.const 4
    end)
  (func (export "return i32") (param i32) (result i32)
    try (result i32) local.get 0 throw $i32 i32.const 2 catch $i32 return end)
  (func (export "return f32") (param f32) (result f32)
    try (result f32) local.get 0 throw $f32 f32.const 0 catch $f32 return end)
  (func (export "return i64") (param i64) (result i64)
    try (result i64) local.get 0 throw $i64 i64.const 2 catch $i64 return end)
  (func (export "return f64") (param f64) (result f64)
    try (result f64) local.get 0 throw $f64 f64.const 0 catch $f64 return end)
  (func $throw_i32 (param i32) local.get 0 throw $i32)
  (func (export "the value is the result") (param i32) (result i32)
    try (result i32)
      i32.const 0
      local.get 0
      call $throw_i32
    catch $i32
    end)
  (func (export "of another instance") (result i32)
    try (result i32)
      i32.const 1
      call $throw_shared
    catch $shared
      i32.const 2
    end)
  (func (export "no clause") (param i32) (result i32)
    try (result i32)
      try (result i32)
        local.get 0
        call $throw_unless_zero
      end
    catch $a
      i32.const 1
    end)
  (func $throw throw $a)
  (func (export "tail call leaves")
    try return_call $throw catch $a end)
  (table funcref (elem $throw))
  (func (export "indirect tail call leaves")
    try i32.const 0 return_call_indirect catch $a end)
  (func (export "branch out of catch") try br 0 catch $a end)
  (func (export "branch out of catch_all") try br 0 catch_all end)
)
(assert_return (invoke "nothing"))
(assert_return (invoke "one" (i32.const 0)) (i32.const 23))
(assert_return (invoke "one" (i32.const 1)) (i32.const 42))
(assert_trap (invoke "trap here") "unreachable")
(assert_return (invoke "trap in callee" (i32.const 7) (i32.const 2)) (i32.const 3))
(assert_trap (invoke "trap in callee" (i32.const 1) (i32.const 0)) "integer divide by zero")
(assert_return (invoke "in two handlers" (i32.const 0)) (i32.const 3))
(assert_return (invoke "in two handlers" (i32.const 1)) (i32.const 4))
(assert_exception (invoke "in two handlers" (i32.const 2)))
(assert_return (invoke "in two clauses" (i32.const 0)) (i32.const 3))
(assert_return (invoke "in two clauses" (i32.const 1)) (i32.const 4))
(assert_exception (invoke "in two clauses" (i32.const 2)))
(assert_return (invoke "return i32" (i32.const 0)) (i32.const 0))
(assert_return (invoke "return i32" (i32.const 1)) (i32.const 1))
(assert_return (invoke "return i32" (i32.const 10)) (i32.const 10))
(assert_return (invoke "return f32" (f32.const 5)) (f32.const 5))
(assert_return (invoke "return f32" (f32.const 10.5)) (f32.const 10.5))
(assert_return (invoke "return i64" (i64.const 5)) (i64.const 5))
(assert_return (invoke "return i64" (i64.const 0)) (i64.const 0))
(assert_return (invoke "return i64" (i64.const -1)) (i64.const -1))
(assert_return (invoke "return f64" (f64.const 5)) (f64.const 5))
(assert_return (invoke "return f64" (f64.const 10.5)) (f64.const 10.5))
(assert_return (invoke "the value is the result" (i32.const 5)) (i32.const 5))
(assert_return (invoke "of another instance") (i32.const 2))
(assert_return (invoke "no clause" (i32.const 0)) (i32.const 0))
(assert_return (invoke "no clause" (i32.const 1)) (i32.const 1))
(assert_exception (invoke "tail call leaves"))
(assert_exception (invoke "indirect tail call leaves"))
(assert_return (invoke "branch out of catch"))
(assert_return (invoke "branch out of catch_all"))

(module
  (func $throw_shared (import "lib" "throw"))
  (tag $other)
  (func (export "another tag") (result i32)
    try (result i32)
      try (result i32)
        i32.const 1
        call $throw_shared
      catch $other
        i32.const 2
      end
    catch_all
      i32.const 3
    end)
)
(assert_return (invoke "another tag") (i32.const 3))

(assert_malformed (module quote "(func catch_all)") "unexpected token")
(assert_malformed (module quote "(tag $e) (func catch $e)") "unexpected token")
(assert_malformed (module quote "(func try catch_all catch_all end)") "unexpected token")
(assert_malformed (module quote "(tag $e) (func try catch_all catch $e end)") "unexpected token")
(assert_malformed (module quote "(tag $e) (func block catch $e end)") "unexpected token")

(assert_invalid
  (module (func (result i32) try (result i32) end))
  "type mismatch: instruction requires [i32] but stack has []")
(assert_invalid
  (module (func (result i32) try (result i32) i64.const 42 end))
  "type mismatch: instruction requires [i32] but stack has [i64]")
(assert_invalid
  (module (tag) (func try catch 0 i32.const 42 end))
  "type mismatch")
(assert_invalid
  (module (tag (param i64)) (func (result i32) try (result i32) i32.const 42 catch 0 end))
  "type mismatch: instruction requires [i32] but stack has [i64]")
(assert_invalid (module (func try catch_all i32.const 42 end)) "type mismatch")

;; Several results, operands below, clauses in both arms of an `if`, in loops, and in dead code.
(module
  (tag $v (param i64 i32))
  (tag $e)
  (func (export "results") (param i32) (result i64 i32)
    i64.const 5
    i32.const 6
    drop
    drop
    i64.const 100
    try (result i64 i32)
      local.get 0
      if
        i64.const 1
        i32.const 2
        throw $v
      end
      local.get 0
      i64.extend_i32_u
      i32.const 3
    catch $v
      i32.const 10
      i32.add
    end
    local.set 0
    i64.add
    local.get 0)
  (func (export "branch with results") (param i32) (result i64 i32)
    try (result i64 i32)
      i64.const 7
      i32.const 8
      throw $v
    catch $v
      local.get 0
      br_if 0
      drop
      i32.const 9
    end)
  (func (export "loop") (param $n i32) (result i32) (local $sum i32) (local $k i32)
    loop $next
      try
        local.get $n
        i32.const 3
        i32.rem_u
        i32.eqz
        if throw $e end
        local.get $sum
        local.get $n
        i32.add
        local.set $sum
      catch $e
        local.get $k
        i32.const 1
        i32.add
        local.set $k
      end
      local.get $n
      i32.const 1
      i32.sub
      local.tee $n
      br_if $next
    end
    local.get $sum
    i32.const 1000
    i32.mul
    local.get $k
    i32.add)
  (func (export "dead") (result i32)
    i32.const 1
    return
    try (result i32)
      try throw $e catch $e rethrow 0 catch_all rethrow 0 end
      try try throw $e delegate 0 catch_all end
      i32.const 2
    catch $e
      i32.const 3
    end)
  (func (export "dead body") (result i32)
    try (result i32)
      i32.const 4
      br 0
      try throw $e catch_all end
    catch $e
      i32.const 3
    end)
)
(assert_return (invoke "results" (i32.const 0)) (i64.const 100) (i32.const 3))
(assert_return (invoke "results" (i32.const 1)) (i64.const 101) (i32.const 12))
(assert_return (invoke "branch with results" (i32.const 0)) (i64.const 7) (i32.const 9))
(assert_return (invoke "branch with results" (i32.const 1)) (i64.const 7) (i32.const 8))
(assert_return (invoke "loop" (i32.const 10)) (i32.const 37003))
(assert_return (invoke "dead") (i32.const 1))
(assert_return (invoke "dead body") (i32.const 4))
;; The second clause is found past the handlers within the first.
(module
  (tag $a)
  (tag $b)
  (tag $c)
  (func $throw (param i32)
    local.get 0
    i32.eqz
    if throw $a end
    local.get 0
    i32.const 1
    i32.eq
    if throw $b end
    throw $c)
  (func (export "second clause") (param i32 i32) (result i32)
    try (result i32)
      try (result i32)
        local.get 0
        call $throw
        i32.const 0
      catch $a
        try (result i32)
          local.get 1
          call $throw
          i32.const 1
        catch $b
          i32.const 2
        end
      catch $b
        try (result i32)
          local.get 1
          call $throw
          i32.const 3
        catch $a
          i32.const 4
        end
      catch $c
        local.get 1
        call $throw
        i32.const 5
      end
    catch_all
      i32.const 6
    end)
)
(assert_return (invoke "second clause" (i32.const 0) (i32.const 0)) (i32.const 6))
(assert_return (invoke "second clause" (i32.const 0) (i32.const 1)) (i32.const 2))
(assert_return (invoke "second clause" (i32.const 1) (i32.const 0)) (i32.const 4))
(assert_return (invoke "second clause" (i32.const 1) (i32.const 1)) (i32.const 6))
(assert_return (invoke "second clause" (i32.const 2) (i32.const 2)) (i32.const 6))
