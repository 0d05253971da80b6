;; Exceptions thrown and caught in one function: one a turn.
(module
  (tag $e (param i32))
  (func (export "run") (param $n i32) (result i64) (local $sum i64)
    (loop $next
      (block $caught (result i32)
        (try_table (catch $e $caught) (throw $e (local.get $n)))
        (unreachable))
      (i64.extend_i32_u)
      (local.set $sum (i64.add (local.get $sum)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
