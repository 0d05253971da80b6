;; Objects that live short and objects that live long: complete binary trees, built and counted, while
;; one large tree stays.
(module
  (rec (type $tree (struct (field (ref null $tree)) (field (ref null $tree)))))
  (func $make (param $depth i32) (result (ref $tree))
    (if (result (ref $tree)) (i32.eqz (local.get $depth))
      (then (struct.new $tree (ref.null $tree) (ref.null $tree)))
      (else (struct.new $tree
        (call $make (i32.sub (local.get $depth) (i32.const 1)))
        (call $make (i32.sub (local.get $depth) (i32.const 1)))))))
  (func $count (param $tree (ref $tree)) (result i32) (local $left (ref null $tree))
    (local.set $left (struct.get $tree 0 (local.get $tree)))
    (if (ref.is_null (local.get $left)) (then (return (i32.const 1))))
    (i32.add (i32.const 1) (i32.add
      (call $count (ref.as_non_null (local.get $left)))
      (call $count (ref.as_non_null (struct.get $tree 1 (local.get $tree)))))))
  (func (export "run") (param $n i32) (result i64)
    (local $long (ref $tree)) (local $depth i32) (local $times i32) (local $sum i64)
    (local.set $long (call $make (local.get $n)))
    (local.set $depth (i32.const 4))
    (loop $depths
      (local.set $times (i32.shl (i32.const 1) (i32.add (i32.sub (local.get $n) (local.get $depth)) (i32.const 2))))
      (loop $trees
        (local.set $sum (i64.add (local.get $sum)
          (i64.extend_i32_u (call $count (call $make (local.get $depth))))))
        (br_if $trees (local.tee $times (i32.sub (local.get $times) (i32.const 1)))))
      (br_if $depths (i32.le_u (local.tee $depth (i32.add (local.get $depth) (i32.const 2))) (local.get $n))))
    (i64.add (local.get $sum) (i64.extend_i32_u (call $count (local.get $long))))))
