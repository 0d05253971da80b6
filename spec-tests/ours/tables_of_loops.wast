;; A loop that begins with a table on a local: jumps back that have just set it to a constant go
;; directly where the table leads.
(module
  (func $noop)
  (global $g (mut i64) (i64.const 0))
  ;; Writes which cases it comes by, a decimal digit each.
  (func (export "states") (param $pc i32) (result i64) (local $trace i64) (local $left i32)
    (local.set $left (i32.const 12))
    (loop $top
      (block $end (block $d (block $c (block $b (block $a
        (br_table $a $b $c $d $end (local.get $pc)))
        ;; a: forward to c
        (local.set $trace (i64.add (i64.mul (local.get $trace) (i64.const 10)) (i64.const 1)))
        (local.set $pc (i32.const 2))
        (br $top))
        ;; b: forward to d, by way of another local that gets a constant too
        (local.set $trace (i64.add (i64.mul (local.get $trace) (i64.const 10)) (i64.const 2)))
        (local.set $pc (i32.const 3))
        (br $top))
        ;; c: back to b
        (local.set $trace (i64.add (i64.mul (local.get $trace) (i64.const 10)) (i64.const 3)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (local.set $pc (i32.const 1))
        (br_if $top (i32.lt_u (local.get $left) (i32.const 9)))
        (local.set $pc (i32.const 0))
        (br $top))
        ;; d: back to itself once, then out by the default
        (local.set $trace (i64.add (i64.mul (local.get $trace) (i64.const 10)) (i64.const 4)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (if (i32.gt_s (local.get $left) (i32.const 5))
          (then (local.set $pc (i32.const 3)) (br $top)))
        (local.set $pc (i32.const 99))
        (br $top)))
    (local.get $trace))
  ;; The same where calls clear the registers.
  (func (export "calls") (param $pc i32) (result i64) (local $trace i64) (local $n i32)
    (loop $top
      (block $end (block $c (block $b (block $a
        (br_table $a $b $c $end (local.get $pc)))
        (local.set $trace (i64.or (local.get $trace) (i64.const 1)))
        (call $noop)
        (local.set $pc (i32.const 2))
        (br $top))
        (local.set $trace (i64.or (local.get $trace) (i64.const 2)))
        (local.set $pc (i32.const -1))
        (call $noop)
        (br $top))
        (local.set $trace (i64.shl (local.get $trace) (i64.const 4)))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (local.set $pc (select (i32.const 0) (i32.const 1) (i32.lt_s (local.get $n) (i32.const 4))))
        (br $top)))
    (local.get $trace))
  ;; Entries that lead to the loop itself, out of an outer block, and a return.
  (func (export "ways") (param $pc i32) (param $fuel i32) (result i32)
    (block $out
      (loop $top
        (local.set $fuel (local.get $fuel))
        (block $b (block $a
          (br_table $a $b $out (local.get $pc)))
          (local.set $pc (i32.const 7))
          (br $top))
        (local.set $fuel (i32.sub (local.get $fuel) (i32.const 1)))
        (if (i32.eqz (local.get $fuel)) (then (return (i32.const -1))))
        (local.set $pc (i32.const 1))
        (br $top)))
    (local.get $fuel))
  ;; A table in a table.
  (func (export "nested") (param $p i32) (result i64) (local $q i32) (local $trace i64)
    (loop $outer
      (block $o2 (block $o1 (block $o0
        (br_table $o0 $o1 $o2 (local.get $p)))
        (local.set $q (i32.const 0))
        (loop $inner
          (block $i2 (block $i1 (block $i0
            (br_table $i0 $i1 $i2 (local.get $q)))
            (local.set $trace (i64.add (i64.mul (local.get $trace) (i64.const 10)) (i64.const 1)))
            (local.set $q (i32.const 2))
            (br $inner))
            (local.set $trace (i64.add (i64.mul (local.get $trace) (i64.const 10)) (i64.const 2)))
            (local.set $p (i32.const 1))
            (br $outer))
            (local.set $trace (i64.add (i64.mul (local.get $trace) (i64.const 10)) (i64.const 3)))
            (local.set $q (i32.const 1))
            (br $inner)))
        (local.set $trace (i64.add (i64.mul (local.get $trace) (i64.const 10)) (i64.const 4)))
        (local.set $p (i32.const 2))
        (br $outer)))
    (local.get $trace))
  ;; The constant is of another local, or of a time before.
  (func (export "others") (param $pc i32) (result i32) (local $x i32) (local $n i32)
    (loop $top
      (block $end (block $b (block $a
        (br_table $a $b $end (local.get $pc)))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (local.set $pc (i32.const 2))
        (local.set $pc (i32.const 1))
        (local.set $x (i32.const 0))
        (br $top))
        (local.set $n (i32.add (local.get $n) (i32.const 10)))
        (local.set $pc (i32.add (local.get $x) (i32.const 2)))
        (local.set $x (i32.const 1))
        (br $top)))
    (local.get $n))
  ;; What is held by registers at the table is not relied on by who comes by a jump.
  (func (export "sums") (param $n i32) (result i64) (local $pc i32) (local $a i64) (local $b i64)
    (loop $top
      (block $end (block $two (block $one
        (br_table $one $two $end (local.get $pc)))
        (local.set $a (i64.add (local.get $a) (i64.extend_i32_u (local.get $n))))
        (local.set $pc (i32.const 1))
        (br $top))
        (local.set $b (i64.add (i64.mul (local.get $b) (i64.const 3)) (local.get $a)))
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (if (i32.eqz (local.get $n)) (then (local.set $pc (i32.const 2)) (br $top)))
        (local.set $pc (i32.const 0))
        (br $top)))
    (i64.add (local.get $a) (local.get $b)))
)
(assert_return (invoke "states" (i32.const 0)) (i64.const 131313132444))
(assert_return (invoke "states" (i32.const 1)) (i64.const 24444444))
(assert_return (invoke "states" (i32.const 2)) (i64.const 31313132444))
(assert_return (invoke "states" (i32.const 3)) (i64.const 4444444))
(assert_return (invoke "states" (i32.const 4)) (i64.const 0))
(assert_return (invoke "states" (i32.const -1)) (i64.const 0))
(assert_return (invoke "calls" (i32.const 0)) (i64.const 0x11112))
(assert_return (invoke "calls" (i32.const 1)) (i64.const 2))
(assert_return (invoke "ways" (i32.const 0) (i32.const 5)) (i32.const 5))
(assert_return (invoke "ways" (i32.const 1) (i32.const 5)) (i32.const -1))
(assert_return (invoke "ways" (i32.const 2) (i32.const 5)) (i32.const 5))
(assert_return (invoke "nested" (i32.const 0)) (i64.const 1324))
(assert_return (invoke "nested" (i32.const 1)) (i64.const 4))
(assert_return (invoke "others" (i32.const 0)) (i32.const 11))
(assert_return (invoke "others" (i32.const 1)) (i32.const 10))
(assert_return (invoke "sums" (i32.const 4)) (i64.const 218))
