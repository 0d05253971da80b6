;; Handlers that are entered and left, with calls in them, and nothing thrown.
(module
  (tag $e (param i32))
  (func $mix (param i32 i32) (result i32)
    (if (i32.eq (local.get 0) (i32.const -1)) (then (throw $e (local.get 1))))
    (i32.add (i32.rotl (local.get 1) (i32.const 5)) (local.get 0)))
  (func (export "run") (param $n i32) (result i64) (local $sum i32) (local $count i64)
    (loop $next
      (block $done
        (block $caught (result i32)
          (try_table (catch $e $caught)
            (local.set $sum (i32.xor (local.get $sum) (i32.mul (local.get $n) (i32.const 31))))
            (try_table (catch $e $caught)
              (local.set $sum (call $mix (local.get $n) (local.get $sum)))))
          (br $done))
        (local.set $sum))
      (local.set $count (i64.add (local.get $count) (i64.extend_i32_u (local.get $sum))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $count)))
