//! Integers, trees, graphs, grids.

use super::{Random, mix};
use std::collections::{BTreeMap, BinaryHeap};

#[unsafe(no_mangle)]
pub extern "C" fn nqueens(n: i32) -> i64 {
    fn go(all: u32, c: u32, l: u32, r: u32) -> i64 {
        if c == all {
            return 1;
        }
        let mut p = all & !(c | l | r);
        let mut k = 0;
        while p != 0 {
            let b = p & p.wrapping_neg();
            p ^= b;
            k += go(all, c | b, (l | b) << 1, (r | b) >> 1);
        }
        k
    }
    go((1 << n) - 1, 0, 0, 0)
}
#[unsafe(no_mangle)]
pub extern "C" fn btree(n: i32) -> i64 {
    let mut r = Random(31);
    let mut m = BTreeMap::new();
    for _ in 0..n {
        let k = r.number() % 100000;
        m.insert(k, k ^ 5);
        if r.number() & 3 == 0 {
            m.remove(&(r.number() % 100000));
        }
    }
    m.iter().fold(0i64, |a, (k, v)| mix(a, *k as i64 + *v as i64))
}
#[unsafe(no_mangle)]
pub extern "C" fn bintrees(n: i32) -> i64 {
    struct T(Option<Box<(T, T)>>);
    fn mk(d: i32) -> T {
        if d == 0 { T(None) } else { T(Some(Box::new((mk(d - 1), mk(d - 1))))) }
    }
    fn ck(t: &T) -> i64 {
        match &t.0 {
            None => 1,
            Some(b) => 1 + ck(&b.0) + ck(&b.1),
        }
    }
    let mut s = 0;
    for i in 0..n {
        s += ck(&mk(8 + i % 6));
    }
    s
}
#[unsafe(no_mangle)]
pub extern "C" fn life(n: i32) -> i64 {
    const W: usize = 128;
    let mut g = vec![0u8; W * W];
    let mut r = Random(8);
    for c in g.iter_mut() {
        *c = (r.number() & 1) as u8;
    }
    let mut h = g.clone();
    for _ in 0..n {
        for y in 1..W - 1 {
            for x in 1..W - 1 {
                let i = y * W + x;
                let s = g[i - W - 1]
                    + g[i - W]
                    + g[i - W + 1]
                    + g[i - 1]
                    + g[i + 1]
                    + g[i + W - 1]
                    + g[i + W]
                    + g[i + W + 1];
                h[i] = (s == 3 || (s == 2 && g[i] == 1)) as u8;
            }
        }
        std::mem::swap(&mut g, &mut h);
    }
    g.iter().enumerate().map(|(i, &c)| i as i64 * c as i64).sum()
}
#[unsafe(no_mangle)]
pub extern "C" fn bigint(n: i32) -> i64 {
    let mut a = vec![1u32];
    for k in 1..=n as u64 {
        let mut c = 0u64;
        for d in a.iter_mut() {
            let v = *d as u64 * k + c;
            *d = v as u32;
            c = v >> 32;
        }
        if c > 0 {
            a.push(c as u32);
        }
    }
    a.iter().fold(0, |x, &d| mix(x, d as i64))
}
#[unsafe(no_mangle)]
pub extern "C" fn idct(n: i32) -> i64 {
    let mut b = [0i32; 64];
    let mut t = 0;
    for k in 0..n {
        for i in 0..64 {
            b[i] = ((i as i32 * 37 + k) % 251) - 125;
        }
        for s in [(8, 1), (1, 8)] {
            for i in 0..8 {
                let o = i * s.0;
                let g = |j: usize| b[o + j * s.1];
                let (x0, x1, x2, x3, x4, x5, x6, x7) =
                    ((g(0) << 11) + 128, g(4) << 11, g(6), g(2), g(1), g(7), g(5), g(3));
                let x8 = 565 * (x4 + x5);
                let (x4, x5) = (x8 + 2276 * x4, x8 - 3406 * x5);
                let x8 = 2408 * (x6 + x7);
                let (x6, x7) = (x8 - 799 * x6, x8 - 4017 * x7);
                let x8 = x0 + x1;
                let x0 = x0 - x1;
                let x1 = 1108 * (x3 + x2);
                let (x2, x3) = (x1 - 3784 * x2, x1 + 1568 * x3);
                let x1 = x4 + x6;
                let x4 = x4 - x6;
                let x6 = x5 + x7;
                let x5 = x5 - x7;
                let x7 = x8 + x3;
                let x8 = x8 - x3;
                let x3 = x0 + x2;
                let x0 = x0 - x2;
                let x2 = (181 * (x4 + x5) + 128) >> 8;
                let x4 = (181 * (x4 - x5) + 128) >> 8;
                let v = [
                    (x7 + x1) >> 8,
                    (x3 + x2) >> 8,
                    (x0 + x4) >> 8,
                    (x8 + x6) >> 8,
                    (x8 - x6) >> 8,
                    (x0 - x4) >> 8,
                    (x3 - x2) >> 8,
                    (x7 - x1) >> 8,
                ];
                for j in 0..8 {
                    b[o + j * s.1] = v[j];
                }
            }
        }
        t = mix(t, b.iter().map(|&x| x.clamp(-256, 255) as i64).sum());
    }
    t
}
#[unsafe(no_mangle)]
pub extern "C" fn dijkstra(n: i32) -> i64 {
    let nn = 3000usize;
    let mut r = Random(29);
    let g: Vec<Vec<(u32, u32)>> = (0..nn)
        .map(|_| (0..6).map(|_| (r.number() % nn as u32, 1 + r.number() % 100)).collect())
        .collect();
    let mut t = 0;
    for s in 0..n {
        let mut d = vec![u32::MAX; nn];
        let mut h = BinaryHeap::new();
        d[s as usize % nn] = 0;
        h.push((std::cmp::Reverse(0u32), s as u32 % nn as u32));
        while let Some((std::cmp::Reverse(k), u)) = h.pop() {
            if k > d[u as usize] {
                continue;
            }
            for &(v, w) in &g[u as usize] {
                let x = k + w;
                if x < d[v as usize] {
                    d[v as usize] = x;
                    h.push((std::cmp::Reverse(x), v));
                }
            }
        }
        t = mix(t, d.iter().map(|&x| x as i64).sum());
    }
    t
}
#[unsafe(no_mangle)]
pub extern "C" fn blur(n: i32) -> i64 {
    const W: usize = 200;
    let mut a: Vec<u8> = (0..W * W * 3).map(|i| (i * 7 % 253) as u8).collect();
    for _ in 0..n {
        let mut o = a.clone();
        for y in 1..W - 1 {
            for x in 1..W - 1 {
                for c in 0..3 {
                    let mut s = 0u32;
                    for dy in 0..3 {
                        for dx in 0..3 {
                            s += a[((y + dy - 1) * W + x + dx - 1) * 3 + c] as u32;
                        }
                    }
                    o[(y * W + x) * 3 + c] = (s / 9) as u8;
                }
            }
        }
        a = o;
    }
    a.iter().fold(0, |x, &b| mix(x, b as i64))
}
#[unsafe(no_mangle)]
pub extern "C" fn modpow(n: i32) -> i64 {
    let m = 1000000007u64;
    let mut t = 0;
    for i in 1..n as u64 {
        let (mut b, mut e, mut r) = (i, m - 2, 1u64);
        while e > 0 {
            if e & 1 == 1 {
                r = r * b % m;
            }
            b = b * b % m;
            e >>= 1;
        }
        t = mix(t, r as i64);
    }
    t
}
