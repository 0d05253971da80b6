;; An interpreter inside: a byte-coded loop dispatched by `br_table`.
(module
  (memory 1)
  ;; 0 halt · 1 acc += x · 2 x = x * 5 + 1 · 3 acc ^= x >> 3 · 4 n -= 1, jump to 0 unless zero
  (data (i32.const 0) "\01\02\03\01\02\02\03\04\00")
  (func (export "run") (param $n i32) (result i64) (local $pc i32) (local $acc i32) (local $x i32)
    (loop $next
      (block $jump (block $xor (block $step (block $add (block $halt
        (br_table $halt $add $step $xor $jump (i32.load8_u (local.get $pc))))
        (return (i64.extend_i32_u (local.get $acc))))
        (local.set $acc (i32.add (local.get $acc) (local.get $x)))
        (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
        (br $next))
        (local.set $x (i32.add (i32.mul (local.get $x) (i32.const 5)) (i32.const 1)))
        (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
        (br $next))
        (local.set $acc (i32.xor (local.get $acc) (i32.shr_u (local.get $x) (i32.const 3))))
        (local.set $pc (i32.add (local.get $pc) (i32.const 1)))
        (br $next))
      (local.set $n (i32.sub (local.get $n) (i32.const 1)))
      (local.set $pc (select (i32.const 0) (i32.add (local.get $pc) (i32.const 1)) (local.get $n)))
      (br $next))
    (unreachable)))
