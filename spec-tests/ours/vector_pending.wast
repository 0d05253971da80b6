;; A number that is made of a vector waits in the place of the vector's lower half: the operand that
;; comes next must not be written over the upper half before.

(module
  (func (export "extract") (param v128) (result i32 f64)
    (i8x16.extract_lane_u 11 (f64x2.abs (v128.not (local.get 0))))
    (f64.convert_i32_s (i16x8.all_true (v128.not (v128.const i32x4 -1 -1 -1 -1)))))
  (func (export "bitmask") (param v128 v128) (result i32 i32)
    (i8x16.bitmask (v128.not (local.get 0)))
    (i8x16.bitmask (v128.not (local.get 1))))
  (func (export "below") (param v128 i64) (result i64 i64 i64)
    (i64.const 7)
    (i64x2.extract_lane 1 (v128.not (local.get 0)))
    (i64x2.extract_lane 1 (i64x2.splat (i64.add (local.get 1) (i64.const 1)))))
)
(assert_return (invoke "extract" (v128.const i32x4 0x7bb6da25 0xaec061a7 0xcfd93a72 0xa2b80738))
  (i32.const 48) (f64.const 0))
(assert_return
  (invoke "bitmask" (v128.const i64x2 0 0x8080808080808080) (v128.const i64x2 -1 -1))
  (i32.const 0x00ff) (i32.const 0))
(assert_return (invoke "below" (v128.const i64x2 1 2) (i64.const 41))
  (i64.const 7) (i64.const -3) (i64.const 42))
