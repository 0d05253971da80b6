//! Texts and bytes: reading, comparing, matching, sorting, writing, packing, interpreting.

use super::{Random, mix};
use std::collections::BinaryHeap;

#[unsafe(no_mangle)]
pub extern "C" fn json(n: i32) -> i64 {
    let mut s = String::new();
    let mut r = Random(1234567);
    s.push('[');
    for i in 0..400 {
        if i > 0 {
            s.push(',');
        }
        s += &format!(
            "{{\"id\": {}, \"name\": \"user \\u00e9 {}\", \"tags\": [\"a{}\", true, null, {}.{}e2], \"x\": -{}}}",
            i,
            r.number() % 1000,
            r.number() % 10,
            r.number() % 100,
            r.number() % 100,
            r.number() % 5000
        );
    }
    s.push(']');
    #[derive(Debug)]
    enum V {
        N,
        B(bool),
        F(f64),
        S(String),
        A(Vec<V>),
        O(Vec<(String, V)>),
    }
    struct P<'a> {
        b: &'a [u8],
        i: usize,
    }
    impl<'a> P<'a> {
        fn ws(&mut self) {
            while self.i < self.b.len() && matches!(self.b[self.i], b' ' | b'\n' | b'\t' | b'\r') {
                self.i += 1;
            }
        }
        fn st(&mut self) -> String {
            self.i += 1;
            let mut o = String::new();
            loop {
                let c = self.b[self.i];
                self.i += 1;
                match c {
                    b'"' => return o,
                    b'\\' => {
                        let e = self.b[self.i];
                        self.i += 1;
                        match e {
                            b'n' => o.push('\n'),
                            b'u' => {
                                let mut v = 0u32;
                                for _ in 0..4 {
                                    v = v * 16 + (self.b[self.i] as char).to_digit(16).unwrap();
                                    self.i += 1;
                                }
                                o.push(char::from_u32(v).unwrap_or('?'));
                            }
                            e => o.push(e as char),
                        }
                    }
                    c => o.push(c as char),
                }
            }
        }
        fn v(&mut self) -> V {
            self.ws();
            match self.b[self.i] {
                b'{' => {
                    self.i += 1;
                    let mut o = vec![];
                    loop {
                        self.ws();
                        if self.b[self.i] == b'}' {
                            self.i += 1;
                            return V::O(o);
                        }
                        if self.b[self.i] == b',' {
                            self.i += 1;
                            continue;
                        }
                        let k = self.st();
                        self.ws();
                        self.i += 1;
                        let v = self.v();
                        o.push((k, v));
                    }
                }
                b'[' => {
                    self.i += 1;
                    let mut o = vec![];
                    loop {
                        self.ws();
                        match self.b[self.i] {
                            b']' => {
                                self.i += 1;
                                return V::A(o);
                            }
                            b',' => {
                                self.i += 1;
                            }
                            _ => {
                                let v = self.v();
                                o.push(v);
                            }
                        }
                    }
                }
                b'"' => V::S(self.st()),
                b't' => {
                    self.i += 4;
                    V::B(true)
                }
                b'f' => {
                    self.i += 5;
                    V::B(false)
                }
                b'n' => {
                    self.i += 4;
                    V::N
                }
                _ => {
                    let st = self.i;
                    while matches!(self.b[self.i], b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E') {
                        self.i += 1;
                    }
                    V::F(std::str::from_utf8(&self.b[st..self.i]).unwrap().parse().unwrap())
                }
            }
        }
    }
    fn sum(v: &V) -> i64 {
        match v {
            V::N => 1,
            V::B(b) => *b as i64 + 2,
            V::F(f) => *f as i64,
            V::S(s) => s.len() as i64,
            V::A(a) => a.iter().map(sum).sum(),
            V::O(o) => o.iter().map(|(k, v)| k.len() as i64 + sum(v)).sum(),
        }
    }
    let mut t = 0;
    for _ in 0..n {
        let v = P { b: s.as_bytes(), i: 0 }.v();
        t = mix(t, sum(&v));
    }
    t
}
#[unsafe(no_mangle)]
pub extern "C" fn levenshtein(n: i32) -> i64 {
    let n = n as usize;
    let mut r = Random(88172645463325252);
    let a: Vec<u8> = (0..n).map(|_| (r.number() % 26) as u8).collect();
    let b: Vec<u8> = (0..n).map(|_| (r.number() % 26) as u8).collect();
    let mut row: Vec<u32> = (0..=n as u32).collect();
    for i in 0..n {
        let mut d = row[0];
        row[0] = i as u32 + 1;
        for j in 0..n {
            let t = row[j + 1];
            row[j + 1] = (d + (a[i] != b[j]) as u32).min(t + 1).min(row[j] + 1);
            d = t;
        }
    }
    row[n] as i64
}
#[unsafe(no_mangle)]
pub extern "C" fn patterns(n: i32) -> i64 {
    let mut r = Random(41);
    let d: Vec<u8> = (0..10000).map(|_| b'a' + (r.number() % 4) as u8).collect();
    let m = |p: &[u8], s: &[u8]| -> bool {
        fn here(p: &[u8], s: &[u8]) -> bool {
            if p.is_empty() {
                return true;
            }
            if p.len() > 1 && p[1] == b'*' {
                let mut i = 0;
                loop {
                    if here(&p[2..], &s[i..]) {
                        return true;
                    }
                    if i >= s.len() || !(p[0] == b'.' || s[i] == p[0]) {
                        return false;
                    }
                    i += 1;
                }
            }
            if !s.is_empty() && (p[0] == b'.' || p[0] == s[0]) {
                here(&p[1..], &s[1..])
            } else {
                false
            }
        }
        here(p, s)
    };
    let mut t = 0;
    for _ in 0..n {
        for p in [&b"ab*c"[..], b"a.c*d", b"abcd", b"a*b*c*d"] {
            for i in 0..d.len() {
                t += m(p, &d[i..]) as i64;
            }
        }
    }
    t
}
#[unsafe(no_mangle)]
pub extern "C" fn words(n: i32) -> i64 {
    let mut r = Random(23);
    let mut t = 0;
    for _ in 0..n {
        let mut v: Vec<String> = (0..2000)
            .map(|_| {
                (0..3 + r.number() % 10).map(|_| (b'a' + (r.number() % 6) as u8) as char).collect()
            })
            .collect();
        v.sort();
        t = mix(
            t,
            v.iter()
                .enumerate()
                .map(|(i, s)| i as i64 * s.bytes().map(|b| b as i64).sum::<i64>())
                .sum(),
        );
    }
    t
}
#[unsafe(no_mangle)]
pub extern "C" fn writing(n: i32) -> i64 {
    use std::fmt::Write;
    let mut s = String::new();
    let mut t = 0;
    for i in 0..n {
        s.clear();
        write!(s, "{}:{:x}:{:.3}", i * 7919, i, i as f64 * 0.37).unwrap();
        t = mix(t, s.bytes().map(|b| b as i64).sum());
    }
    t
}
#[unsafe(no_mangle)]
pub extern "C" fn utf8(n: i32) -> i64 {
    let s = "héllo wörld, ünïcode ✓ and ascii text with some 漢字 in it. ".repeat(200);
    let mut t = 0;
    for _ in 0..n {
        let mut k = 0i64;
        for w in s.split(' ') {
            for c in w.chars() {
                k = k.wrapping_mul(31).wrapping_add(if c.is_alphabetic() { c as i64 } else { -1 });
            }
        }
        t = mix(t, k);
    }
    t
}
#[unsafe(no_mangle)]
pub extern "C" fn lz(n: i32) -> i64 {
    let mut r = Random(99);
    let words: Vec<Vec<u8>> = (0..200)
        .map(|_| (0..2 + r.number() % 8).map(|_| b'a' + (r.number() % 26) as u8).collect())
        .collect();
    let mut d = vec![];
    while d.len() < 60000 {
        d.extend(&words[(r.number() % 200) as usize]);
        d.push(b' ');
    }
    let mut t = 0;
    for _ in 0..n {
        let mut head = vec![u32::MAX; 4096];
        let mut prev = vec![u32::MAX; d.len()];
        let mut out = vec![];
        let mut i = 0;
        while i + 4 < d.len() {
            let h = ((d[i] as u32 | (d[i + 1] as u32) << 8 | (d[i + 2] as u32) << 16)
                .wrapping_mul(2654435761)
                >> 20) as usize;
            let mut c = head[h];
            let mut best = 0;
            let mut at = 0;
            let mut k = 0;
            while c != u32::MAX && k < 16 {
                let c0 = c as usize;
                let mut l = 0;
                while i + l < d.len() && l < 258 && d[c0 + l] == d[i + l] {
                    l += 1;
                }
                if l > best {
                    best = l;
                    at = c0;
                }
                c = prev[c0];
                k += 1;
            }
            prev[i] = head[h];
            head[h] = i as u32;
            if best >= 4 {
                out.push(best as u8);
                out.extend(&((i - at) as u16).to_le_bytes());
                i += best;
            } else {
                out.push(d[i]);
                i += 1;
            }
        }
        t = mix(t, out.len() as i64);
    }
    t
}
#[unsafe(no_mangle)]
pub extern "C" fn huffman(n: i32) -> i64 {
    let mut r = Random(17);
    let d: Vec<u8> = (0..20000)
        .map(|_| {
            let a = r.number();
            (a & a >> 8 & a >> 16) as u8 & 63
        })
        .collect();
    let mut t = 0;
    for _ in 0..n {
        let mut f = [0u32; 64];
        for &b in &d {
            f[b as usize] += 1;
        }
        let mut h = BinaryHeap::new();
        let mut kids: Vec<(u32, u32)> = vec![(0, 0); 64];
        for i in 0..64 {
            if f[i] > 0 {
                h.push((std::cmp::Reverse(f[i]), i as u32));
            }
        }
        while h.len() > 1 {
            let (a, b) = (h.pop().unwrap(), h.pop().unwrap());
            kids.push((a.1, b.1));
            h.push((std::cmp::Reverse(a.0.0 + b.0.0), kids.len() as u32 - 1));
        }
        let root = h.pop().unwrap().1;
        let mut code = [(0u32, 0u8); 64];
        fn walk(k: &[(u32, u32)], i: u32, c: u32, l: u8, o: &mut [(u32, u8); 64]) {
            if i < 64 {
                o[i as usize] = (c, l);
            } else {
                walk(k, k[i as usize].0, c << 1, l + 1, o);
                walk(k, k[i as usize].1, c << 1 | 1, l + 1, o);
            }
        }
        walk(&kids, root, 0, 0, &mut code);
        let mut bits = vec![];
        let (mut acc, mut nb) = (0u64, 0u8);
        for &b in &d {
            let (c, l) = code[b as usize];
            acc = acc << l | c as u64;
            nb += l;
            while nb >= 8 {
                bits.push((acc >> (nb - 8)) as u8);
                nb -= 8;
            }
        }
        let mut o = 0i64;
        let mut i = root;
        let mut cnt = 0;
        'o: for &b in &bits {
            for k in (0..8).rev() {
                i = if b >> k & 1 == 0 { kids[i as usize].0 } else { kids[i as usize].1 };
                if i < 64 {
                    o = o.wrapping_mul(31).wrapping_add(i as i64);
                    i = root;
                    cnt += 1;
                    if cnt == d.len() {
                        break 'o;
                    }
                }
            }
        }
        t = mix(t, o);
    }
    t
}
#[unsafe(no_mangle)]
pub extern "C" fn tape(n: i32) -> i64 {
    let p=b"++++++++[>++++[>++>+++>+++>+<<<<-]>+>+>->>+[<]<-]>>.>---.+++++++..+++.>>.<-.<.+++.------.--------.>>+.>++.>>>>>>>>++++++++++++++++++++++++++++++++++++++++[>++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++[>+++++<-]<-]";
    let mut j = vec![0usize; p.len()];
    let mut st = vec![];
    for (i, &c) in p.iter().enumerate() {
        if c == b'[' {
            st.push(i);
        }
        if c == b']' {
            let o = st.pop().unwrap();
            j[i] = o;
            j[o] = i;
        }
    }
    let mut t = 0;
    for _ in 0..n {
        let mut m = vec![0u8; 3000];
        let (mut i, mut d) = (0, 0usize);
        while i < p.len() {
            match p[i] {
                b'>' => d += 1,
                b'<' => d -= 1,
                b'+' => m[d] = m[d].wrapping_add(1),
                b'-' => m[d] = m[d].wrapping_sub(1),
                b'.' => t = mix(t, m[d] as i64),
                b'[' => {
                    if m[d] == 0 {
                        i = j[i];
                    }
                }
                b']' => {
                    if m[d] != 0 {
                        i = j[i];
                    }
                }
                _ => {}
            }
            i += 1;
        }
    }
    t
}
