;; Exceptions that pass ten frames before one catches them; two of the frames have handlers that
;; do not fit.
(module
  (tag $e (param i32))
  (tag $other (param i32))
  (func $deep (param $depth i32) (param $value i32) (result i32)
    (if (i32.eqz (local.get $depth)) (then (throw $e (local.get $value))))
    (if (i32.eqz (i32.rem_u (local.get $depth) (i32.const 5)))
      (then
        (block $h (result i32)
          (try_table (catch $other $h)
            (return (call $deep (i32.sub (local.get $depth) (i32.const 1)) (local.get $value))))
          (unreachable))
        (return (i32.add (i32.const 1)))))
    (i32.add
      (call $deep (i32.sub (local.get $depth) (i32.const 1)) (local.get $value))
      (i32.const 1)))
  (func (export "run") (param $n i32) (result i64) (local $sum i64)
    (loop $next
      (block $caught (result i32)
        (try_table (catch $e $caught)
          (drop (call $deep (i32.const 9) (local.get $n))))
        (unreachable))
      (i64.extend_i32_u)
      (local.set $sum (i64.add (local.get $sum)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
