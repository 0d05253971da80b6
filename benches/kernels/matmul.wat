;; Loads with computed addresses and f64 arithmetic: the product of two 64 by 64 matrices.
(module
  (memory 2)
  (func $at (param $base i32) (param $row i32) (param $column i32) (result i32)
    (i32.add (local.get $base)
      (i32.shl (i32.add (i32.shl (local.get $row) (i32.const 6)) (local.get $column)) (i32.const 3))))
  (func $init (local $i i32)
    (loop $next
      (f64.store (i32.shl (local.get $i) (i32.const 3))
        (f64.convert_i32_s (i32.rem_s (local.get $i) (i32.const 7))))
      (f64.store offset=32768 (i32.shl (local.get $i) (i32.const 3))
        (f64.convert_i32_s (i32.rem_s (local.get $i) (i32.const 5))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4096)))))
  (func $multiply (local $i i32) (local $j i32) (local $k i32) (local $sum f64)
    (loop $rows
      (local.set $j (i32.const 0))
      (loop $columns
        (local.set $k (i32.const 0))
        (local.set $sum (f64.const 0))
        (loop $dot
          (local.set $sum (f64.add (local.get $sum) (f64.mul
            (f64.load (i32.shl (i32.add (i32.shl (local.get $i) (i32.const 6)) (local.get $k)) (i32.const 3)))
            (f64.load offset=32768
              (i32.shl (i32.add (i32.shl (local.get $k) (i32.const 6)) (local.get $j)) (i32.const 3))))))
          (br_if $dot (i32.lt_u (local.tee $k (i32.add (local.get $k) (i32.const 1))) (i32.const 64))))
        (f64.store (call $at (i32.const 65536) (local.get $i) (local.get $j)) (local.get $sum))
        (br_if $columns (i32.lt_u (local.tee $j (i32.add (local.get $j) (i32.const 1))) (i32.const 64))))
      (br_if $rows (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 64)))))
  (func (export "run") (param $n i32) (result i64) (local $i i32) (local $sum f64)
    (call $init)
    (loop $next
      (call $multiply)
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (loop $check
      (local.set $sum (f64.add (local.get $sum) (f64.load offset=65536 (i32.shl (local.get $i) (i32.const 3)))))
      (br_if $check (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4096))))
    (i64.trunc_f64_s (local.get $sum))))
