;; Moving memory: a byte loop, a word loop and `memory.copy` over the same kilobytes.
(module
  (memory 1)
  (func (export "run") (param $n i32) (result i64) (local $i i32)
    (i64.store (i32.const 0) (i64.const 0x123456789abcdef))
    (loop $next
      (local.set $i (i32.const 0))
      (loop $bytes
        (i32.store8 offset=8192 (local.get $i) (i32.add (i32.load8_u (local.get $i)) (i32.const 1)))
        (br_if $bytes (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 4096))))
      (local.set $i (i32.const 0))
      (loop $words
        (i64.store offset=16384 (local.get $i) (i64.load offset=8192 (local.get $i)))
        (br_if $words (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 4096))))
      (memory.copy (i32.const 0) (i32.const 16384) (i32.const 4096))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i64.load (i32.const 0))))
