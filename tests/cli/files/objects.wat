(module
  (type $list (struct (field i64) (field (ref null $list))))
  (global $all (mut (ref null $list)) (ref.null $list))
  (func (export "_start") (local $left i32)
    (local.set $left (i32.const 100000))
    (loop $more
      (global.set $all (struct.new $list (i64.const 1) (global.get $all)))
      (br_if $more (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))))
