;; A 64-bit memory: prefix sums over an array of i64.
(module
  (memory i64 2)
  (func (export "run") (param $n i32) (result i64) (local $i i64) (local $sum i64)
    (loop $next
      (local.set $i (i64.const 0))
      (loop $sums
        (local.set $sum (i64.add (i64.rotl (local.get $sum) (i64.const 1)) (i64.load (local.get $i))))
        (i64.store (local.get $i) (i64.add (local.get $sum) (local.get $i)))
        (br_if $sums (i64.lt_u (local.tee $i (i64.add (local.get $i) (i64.const 8))) (i64.const 65536))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
