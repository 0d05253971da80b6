;; Arrays of packed numbers: words are cut out of a text, compared, hashed and sorted.
(module
  (type $text (array (mut i8)))
  (type $words (array (mut (ref null $text))))
  (data $letters "the quick brown fox jumps over the lazy dog and runs away from all of it ")
  (func $less (param $a (ref null $text)) (param $b (ref null $text)) (result i32)
    (local $i i32) (local $n i32) (local $x i32) (local $y i32)
    (local.set $n (select (array.len (local.get $a)) (array.len (local.get $b))
      (i32.lt_u (array.len (local.get $a)) (array.len (local.get $b)))))
    (block $end
      (loop $next
        (br_if $end (i32.ge_u (local.get $i) (local.get $n)))
        (local.set $x (array.get_u $text (local.get $a) (local.get $i)))
        (local.set $y (array.get_u $text (local.get $b) (local.get $i)))
        (if (i32.ne (local.get $x) (local.get $y)) (then (return (i32.lt_u (local.get $x) (local.get $y)))))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br $next)))
    (i32.lt_u (array.len (local.get $a)) (array.len (local.get $b))))
  (func $sort (param $words (ref $words)) (local $i i32) (local $j i32) (local $word (ref null $text))
    (loop $outer
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (if (i32.ge_u (local.get $i) (array.len (local.get $words))) (then (return)))
      (local.set $word (array.get $words (local.get $words) (local.get $i)))
      (local.set $j (local.get $i))
      (block $place
        (loop $inner
          (br_if $place (i32.eqz (local.get $j)))
          (br_if $place (i32.eqz (call $less (local.get $word)
            (array.get $words (local.get $words) (i32.sub (local.get $j) (i32.const 1))))))
          (array.set $words (local.get $words) (local.get $j)
            (array.get $words (local.get $words) (i32.sub (local.get $j) (i32.const 1))))
          (local.set $j (i32.sub (local.get $j) (i32.const 1)))
          (br $inner)))
      (array.set $words (local.get $words) (local.get $j) (local.get $word))
      (br $outer)))
  (func $cut (param $text (ref $text)) (result (ref $words))
    (local $words (ref $words)) (local $from i32) (local $i i32) (local $n i32) (local $word (ref $text))
    (local.set $words (array.new $words (array.new_fixed $text 0) (i32.const 16)))
    (loop $next
      (if (i32.eq (array.get_u $text (local.get $text) (local.get $i)) (i32.const 32))
        (then
          (local.set $word (array.new_default $text (i32.sub (local.get $i) (local.get $from))))
          (array.copy $text $text (local.get $word) (i32.const 0) (local.get $text) (local.get $from)
            (i32.sub (local.get $i) (local.get $from)))
          (array.set $words (local.get $words) (local.get $n) (local.get $word))
          (local.set $n (i32.add (local.get $n) (i32.const 1)))
          (local.set $from (i32.add (local.get $i) (i32.const 1)))))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (array.len (local.get $text)))))
    (local.get $words))
  (func $hash (param $words (ref $words)) (result i64) (local $i i32) (local $j i32) (local $hash i64) (local $word (ref null $text))
    (loop $next
      (local.set $word (array.get $words (local.get $words) (local.get $i)))
      (local.set $j (i32.const 0))
      (block $end
        (loop $letters
          (br_if $end (i32.ge_u (local.get $j) (array.len (local.get $word))))
          (local.set $hash (i64.mul (i64.add (local.get $hash)
            (i64.extend_i32_u (array.get_u $text (local.get $word) (local.get $j)))) (i64.const 31)))
          (local.set $j (i32.add (local.get $j) (i32.const 1)))
          (br $letters)))
      (br_if $next (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (array.len (local.get $words)))))
    (local.get $hash))
  (func (export "run") (param $n i32) (result i64) (local $words (ref $words)) (local $sum i64)
    (loop $next
      (local.set $words (call $cut (array.new_data $text $letters (i32.const 0) (i32.const 73))))
      (call $sort (local.get $words))
      (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 31)) (i64.add (call $hash (local.get $words)) (i64.extend_i32_u (local.get $n)))))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $sum)))
