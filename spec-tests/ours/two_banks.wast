;; An integer operand waits in the last free register while the float registers run out.
(module
  (memory 2)
  (global $g (mut f32) (f32.const 3))
  (func (export "f") (param i32 i32 i32 i32 i64 i64 i64 i64 f32 f32 f32 f32 f64 f64 f64 f64)
    (result i32)
    (local i32 i32 i32 i32 i64 i64 i64 i64 f32 f32 f32 f32 f64 f64 f64 f64)
    (i32.store16 offset=63 (i32.const 252) (i32.const 0x8080))
    (i32.store (i32.const 0x34) (i32.const 252))
    (loop $l
      (i32.store16 offset=63
        (i32.and (i32.load (local.get 0)) (i32.const 255))
        (f32.lt
          (local.tee 24 (select (local.get 11) (local.get 27) (local.get 16)))
          (select
            (f32.sub (local.get 25) (f32.const 8388608))
            (f32.max (local.get 27) (global.get $g))
            (i32.sub (i32.const 2258457321) (i32.const 65536)))))
      (br_if $l
        (i64.lt_s (local.tee 23 (i64.add (local.get 23) (i64.const 3))) (i64.const 0))))
    (i32.load offset=315 (i32.const 0))))
(assert_return
  (invoke "f" (i32.const 0x34) (i32.const 0xf8) (i32.const -1) (i32.const 1)
    (i64.const 1) (i64.const 1) (i64.const 1) (i64.const 1)
    (f32.const 1) (f32.const 2) (f32.const 3) (f32.const -51)
    (f64.const 1) (f64.const 2) (f64.const 3) (f64.const 4))
  (i32.const 0))
