;; Legacy exceptions: `delegate`, which throws where a block further out begins.
(module
  (tag $a)
  (tag $b)
  (func (export "nothing thrown") (result i32)
    try $t (result i32)
      try (result i32) i32.const 1 delegate $t
    catch $a
      i32.const 2
    end)
  (func $throw_if (param i32) local.get 0 if throw $a else end)
  (func (export "to a handler") (param i32) (result i32)
    try $t (result i32)
      try (result i32)
        local.get 0
        call $throw_if
        i32.const 1
      delegate $t
    catch $a
      i32.const 2
    end)
  (func (export "past a handler") (result i32)
    try $t (result i32)
      try (result i32)
        try (result i32) throw $a i32.const 1 delegate $t
      catch $a
        i32.const 2
      end
    catch $a
      i32.const 3
    end)
  (func (export "to a block") (result i32)
    try (result i32)
      block try throw $a delegate 0 end
      i32.const 0
    catch_all
      i32.const 1
    end)
  (func (export "to a clause") (result i32)
    try (result i32)
      try
        throw $a
      catch $a
        try rethrow 1 delegate 0
      end
      i32.const 0
    catch_all
      i32.const 1
    end)
  (func (export "to the caller") try throw $a delegate 0)
  (func (export "to the caller past a handler")
    try try throw $a delegate 1 catch_all end)
  (func $throw_one (param i32)
    block
      block
        block
          local.get 0
          br_table 0 1 2
        end
        return
      end
      throw $a
    end
    throw $b)
  (func (export "both") (param i32 i32) (result i32)
    try $t (result i32)
      local.get 0
      call $throw_one
      try (result i32)
        local.get 1
        call $throw_one
        i32.const 1
      delegate $t
    catch $a
      i32.const 2
    end)
  (func (export "not caught") (result i32)
    try (result i32)
      try (result i32) throw $a i32.const 1 delegate 0
    catch $b
      i32.const 2
    end)
  (func (export "the right ones") (result i32)
    try (result i32)
      try $t3
        try $t2
          try $t1
            try $t0
              try throw $a delegate $t1
            catch_all
              unreachable
            end
          delegate $t3
        catch_all
          unreachable
        end
      catch_all
        try throw $a delegate $t3
      end
      unreachable
    catch_all
      i32.const 1
    end)
  (func $throw throw $a)
  (func (export "tail call leaves")
    try $t try return_call $throw delegate $t catch $a end)
  (table funcref (elem $throw))
  (func (export "indirect tail call leaves")
    try $t try i32.const 0 return_call_indirect delegate $t catch $a end)
  (func (export "branch out") try br 0 delegate 0)
  (func (export "branch out, then a call throws") (result i32)
    try $outer (result i32)
      try (result i32)
        block $out
          try br $out delegate $outer
        end
        call $throw
        i32.const 0
      catch $a
        i32.const 1
      end
    catch $a
      i32.const 2
    end)
  (func (export "branch out, then throw") (result i32)
    try $outer (result i32)
      try (result i32)
        block $out
          try br $out delegate $outer
        end
        throw $a
        i32.const 0
      catch $a
        i32.const 1
      end
    catch $a
      i32.const 2
    end)
)
(assert_return (invoke "nothing thrown") (i32.const 1))
(assert_return (invoke "to a handler" (i32.const 0)) (i32.const 1))
(assert_return (invoke "to a handler" (i32.const 1)) (i32.const 2))
(assert_exception (invoke "not caught"))
(assert_return (invoke "both" (i32.const 1) (i32.const 0)) (i32.const 2))
(assert_exception (invoke "both" (i32.const 2) (i32.const 0)))
(assert_return (invoke "both" (i32.const 0) (i32.const 1)) (i32.const 2))
(assert_exception (invoke "both" (i32.const 0) (i32.const 2)))
(assert_return (invoke "both" (i32.const 0) (i32.const 0)) (i32.const 1))
(assert_return (invoke "past a handler") (i32.const 3))
(assert_return (invoke "to a block") (i32.const 1))
(assert_return (invoke "to a clause") (i32.const 1))
(assert_exception (invoke "to the caller"))
(assert_exception (invoke "to the caller past a handler"))
(assert_return (invoke "the right ones") (i32.const 1))
(assert_exception (invoke "tail call leaves"))
(assert_exception (invoke "indirect tail call leaves"))
(assert_return (invoke "branch out"))
(assert_return (invoke "branch out, then a call throws") (i32.const 1))
(assert_return (invoke "branch out, then throw") (i32.const 1))

(assert_malformed (module quote "(func delegate 0)") "unexpected token")
(assert_malformed (module quote "(tag $e) (func try catch $e delegate 0)") "unexpected token")
(assert_malformed (module quote "(func try catch_all delegate 0)") "unexpected token")
(assert_malformed (module quote "(func try delegate delegate 0)") "unexpected token")
(assert_invalid (module (func try delegate 1)) "unknown label")

;; Chains of delegation, mixed with `try_table`, loops and values.
(module
  (tag $v (param i32))
  (func $throw (param i32) local.get 0 throw $v)
  (func (export "chain") (param i32) (result i32)
    try $far (result i32)
      try (result i32)
        try (result i32)
          try $near (result i32)
            block $b (result i32)
              try (result i32)
                try (result i32)
                  local.get 0
                  call $throw
                  i32.const 0
                delegate 0
              delegate $b
            end
          delegate $far
        catch $v
          drop
          i32.const -1
        end
      catch_all
        i32.const -2
      end
    catch $v
      i32.const 100
      i32.add
    end)
  (func (export "to a loop in a handler") (param i32) (result i32) (local $n i32)
    try (result i32)
      loop $again (result i32)
        try (result i32)
          local.get $n
          call $throw
          i32.const 0
        delegate $again
      end
    catch $v
      local.get 0
      i32.add
    end)
  (func (export "past a try_table") (result i32)
    try $t (result i32)
      block $h (result i32)
        try_table (result i32) (catch $v $h)
          try (result i32)
            i32.const 1
            throw $v
          delegate $t
        end
        br $t
      end
      drop
      i32.const 2
    catch $v
      i32.const 10
      i32.add
    end)
  (func (export "into a try_table") (result i32)
    try $t (result i32)
      block $h (result i32)
        try_table $here (result i32) (catch $v $h)
          try (result i32)
            try (result i32)
              i32.const 1
              throw $v
            delegate $here
          catch_all
            i32.const 30
          end
        end
        br $t
      end
      i32.const 20
      i32.add
    catch $v
      i32.const 10
      i32.add
    end)
  (func (export "to the function") (result i32)
    try (result i32)
      try (result i32) i32.const 5 call $throw i32.const 0 delegate 1
    catch $v
      drop
      i32.const 2
    end)
)
(assert_return (invoke "chain" (i32.const 7)) (i32.const 107))
(assert_return (invoke "to a loop in a handler" (i32.const 7)) (i32.const 7))
(assert_return (invoke "past a try_table") (i32.const 11))
(assert_return (invoke "into a try_table") (i32.const 21))
(assert_exception (invoke "to the function"))
