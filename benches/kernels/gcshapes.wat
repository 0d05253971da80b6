;; Objects of a small hierarchy in an array: casts, tests, fields of all sizes, virtual calls.
(module
  (rec
    (type $area (func (param (ref $shape)) (result f64)))
    (type $shape (sub (struct (field $area (ref $area)) (field $id i16) (field $hits (mut i32)))))
    (type $square (sub $shape (struct (field (ref $area)) (field i16) (field (mut i32)) (field $side f64))))
    (type $oblong (sub final $square (struct (field (ref $area)) (field i16) (field (mut i32)) (field $side f64) (field $other f64))))
    (type $circle (sub final $shape (struct (field (ref $area)) (field i16) (field (mut i32)) (field $radius f32)))))
  (type $list (array (mut (ref null $shape))))
  (elem declare func $square_area $oblong_area $circle_area)
  (func $square_area (type $area) (local $side f64)
    (local.set $side (struct.get $square $side (ref.cast (ref $square) (local.get 0))))
    (f64.mul (local.get $side) (local.get $side)))
  (func $oblong_area (type $area) (local $this (ref null $oblong))
    (local.set $this (ref.cast (ref $oblong) (local.get 0)))
    (f64.mul (struct.get $oblong $side (local.get $this)) (struct.get $oblong $other (local.get $this))))
  (func $circle_area (type $area) (local $radius f64)
    (local.set $radius (f64.promote_f32 (struct.get $circle $radius (ref.cast (ref $circle) (local.get 0)))))
    (f64.mul (f64.const 3) (f64.mul (local.get $radius) (local.get $radius))))
  (func $make (param $i i32) (result (ref $shape)) (local $kind i32)
    (local.set $kind (i32.rem_u (local.get $i) (i32.const 3)))
    (if (i32.eqz (local.get $kind)) (then (return (struct.new $square
      (ref.func $square_area) (local.get $i) (i32.const 0) (f64.convert_i32_u (local.get $i))))))
    (if (i32.eq (local.get $kind) (i32.const 1)) (then (return (struct.new $oblong
      (ref.func $oblong_area) (local.get $i) (i32.const 0) (f64.convert_i32_u (local.get $i)) (f64.const 2)))))
    (struct.new $circle
      (ref.func $circle_area) (local.get $i) (i32.const 0) (f32.convert_i32_u (local.get $i))))
  (func $visit (param $list (ref $list)) (result i64) (local $i i32) (local $shape (ref null $shape)) (local $sum f64)
    (loop $next
      (local.set $shape (array.get $list (local.get $list) (local.get $i)))
      (struct.set $shape $hits (local.get $shape)
        (i32.add (struct.get $shape $hits (local.get $shape)) (struct.get_s $shape $id (local.get $shape))))
      (local.set $sum (f64.add
        (struct.get $square $side (block $is_square (result (ref $square))
          (drop (br_on_cast $is_square (ref null $shape) (ref $square) (local.get $shape)))
          (struct.new $square (ref.func $square_area) (i32.const 0) (i32.const 0) (f64.const 2))))
        (local.get $sum)))
      (local.set $sum (f64.add (local.get $sum)
        (call_ref $area (ref.as_non_null (local.get $shape)) (struct.get $shape $area (local.get $shape)))))
      (if (ref.test (ref $circle) (local.get $shape))
        (then (local.set $sum (f64.sub (local.get $sum) (f64.const 1)))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (array.len (local.get $list)))))
    (i64.trunc_sat_f64_s (local.get $sum)))
  (func (export "run") (param $n i32) (result i64) (local $list (ref $list)) (local $i i32) (local $sum i64)
    (local.set $list (array.new_default $list (i32.const 1000)))
    (loop $fill
      (array.set $list (local.get $list) (local.get $i) (call $make (local.get $i)))
      (br_if $fill (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
    (loop $visits
      (local.set $sum (i64.add (local.get $sum) (call $visit (local.get $list))))
      (br_if $visits (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
