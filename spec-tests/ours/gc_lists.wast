;; Long chains: neither marking nor anything else recurses.
(module
  (rec (type $list (struct (field i64) (field (mut (ref null $list))))))
  (type $lists (array (mut (ref null $list))))
  (global $kept (mut (ref null $list)) (ref.null $list))
  (func $make (param $n i32) (result (ref null $list)) (local $list (ref null $list)) (local $i i32)
    (loop $next
      (local.set $list (struct.new $list (i64.extend_i32_u (local.get $i)) (local.get $list)))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $list))
  (func $sum (param $list (ref null $list)) (result i64) (local $sum i64)
    (loop $next
      (local.set $sum (i64.add (local.get $sum) (struct.get $list 0 (local.get $list))))
      (local.set $list (struct.get $list 1 (local.get $list)))
      (br_if $next (i32.eqz (ref.is_null (local.get $list)))))
    (local.get $sum))
  (func (export "one") (param $n i32) (result i64) (call $sum (call $make (local.get $n))))
  (func (export "kept") (param $n i32) (result i64)
    (global.set $kept (call $make (local.get $n)))
    (drop (call $make (local.get $n)))
    (drop (call $make (local.get $n)))
    (call $sum (global.get $kept)))
  ;; A fan: many lists in one array.
  (func (export "fan") (param $n i32) (result i64) (local $a (ref $lists)) (local $i i32) (local $sum i64)
    (local.set $a (array.new_default $lists (local.get $n)))
    (loop $next
      (array.set $lists (local.get $a) (local.get $i) (call $make (i32.const 10)))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.set $i (i32.const 0))
    (loop $next
      (local.set $sum (i64.add (local.get $sum) (call $sum (array.get $lists (local.get $a) (local.get $i)))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (local.get $n))))
    (local.get $sum))
)
(assert_return (invoke "one" (i32.const 1000000)) (i64.const 499999500000))
(assert_return (invoke "kept" (i32.const 1000000)) (i64.const 499999500000))
(assert_return (invoke "fan" (i32.const 100000)) (i64.const 4500000))
