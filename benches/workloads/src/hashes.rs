//! Bits of numbers: digests, a cipher, a hash table, an encoding.

use super::{Random, mix};
use std::collections::HashMap;

#[unsafe(no_mangle)]
pub extern "C" fn keccak(n: i32) -> i64 {
    const RC: [u64; 24] = [
        1,
        0x8082,
        0x800000000000808a,
        0x8000000080008000,
        0x808b,
        0x80000001,
        0x8000000080008081,
        0x8000000000008009,
        0x8a,
        0x88,
        0x80008009,
        0x8000000a,
        0x8000808b,
        0x800000000000008b,
        0x8000000000008089,
        0x8000000000008003,
        0x8000000000008002,
        0x8000000000000080,
        0x800a,
        0x800000008000000a,
        0x8000000080008081,
        0x8000000000008080,
        0x80000001,
        0x8000000080008008,
    ];
    const P: [usize; 24] =
        [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1];
    const RO: [u32; 24] =
        [1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44];
    let mut s = [0u64; 25];
    for k in 0..n {
        s[0] ^= k as u64;
        for r in 0..24 {
            let mut c = [0u64; 5];
            for x in 0..5 {
                c[x] = s[x] ^ s[x + 5] ^ s[x + 10] ^ s[x + 15] ^ s[x + 20];
            }
            for x in 0..5 {
                let d = c[(x + 4) % 5] ^ c[(x + 1) % 5].rotate_left(1);
                for y in 0..5 {
                    s[x + 5 * y] ^= d;
                }
            }
            let mut a = s[1];
            for i in 0..24 {
                let b = s[P[i]];
                s[P[i]] = a.rotate_left(RO[i]);
                a = b;
            }
            for y in 0..5 {
                let b = [s[5 * y], s[5 * y + 1], s[5 * y + 2], s[5 * y + 3], s[5 * y + 4]];
                for x in 0..5 {
                    s[5 * y + x] = b[x] ^ (!b[(x + 1) % 5] & b[(x + 2) % 5]);
                }
            }
            s[0] ^= RC[r];
        }
    }
    s[0] as i64
}
#[unsafe(no_mangle)]
pub extern "C" fn md5(n: i32) -> i64 {
    let k: Vec<u32> =
        (0..64).map(|i| ((i as f64 + 1.0).sin().abs() * 4294967296.0) as u32).collect();
    const S: [u32; 16] = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
    let (mut a, mut b, mut c, mut d) = (0x67452301u32, 0xefcdab89u32, 0x98badcfeu32, 0x10325476u32);
    let mut w = [0u32; 16];
    for q in 0..n {
        for i in 0..16 {
            w[i] = (q as u32).wrapping_mul(i as u32 + 7);
        }
        let o = (a, b, c, d);
        for i in 0..64 {
            let (f, g) = match i / 16 {
                0 => ((b & c) | (!b & d), i),
                1 => ((d & b) | (!d & c), (5 * i + 1) % 16),
                2 => (b ^ c ^ d, (3 * i + 5) % 16),
                _ => (c ^ (b | !d), 7 * i % 16),
            };
            let t = d;
            d = c;
            c = b;
            b = b.wrapping_add(
                a.wrapping_add(f)
                    .wrapping_add(k[i])
                    .wrapping_add(w[g])
                    .rotate_left(S[i / 16 * 4 + i % 4]),
            );
            a = t;
        }
        a = a.wrapping_add(o.0);
        b = b.wrapping_add(o.1);
        c = c.wrapping_add(o.2);
        d = d.wrapping_add(o.3);
    }
    (a as i64) << 32 | d as i64 ^ b as i64 ^ c as i64
}
#[unsafe(no_mangle)]
pub extern "C" fn aes(n: i32) -> i64 {
    let mut sb = [0u8; 256];
    let (mut p, mut q) = (1u8, 1u8);
    loop {
        p = p ^ (p << 1) ^ (if p & 0x80 != 0 { 0x1b } else { 0 });
        q ^= q << 1;
        q ^= q << 2;
        q ^= q << 4;
        if q & 0x80 != 0 {
            q ^= 9;
        }
        sb[p as usize] =
            q ^ q.rotate_left(1) ^ q.rotate_left(2) ^ q.rotate_left(3) ^ q.rotate_left(4) ^ 0x63;
        if p == 1 {
            break;
        }
    }
    sb[0] = 0x63;
    let mut s = [7u8; 16];
    let xt = |b: u8| (b << 1) ^ ((b >> 7) * 0x1b);
    for k in 0..n {
        s[0] ^= k as u8;
        for r in 0..10u8 {
            let mut o = [0u8; 16];
            for i in 0..16 {
                o[i] = sb[s[(i * 5) % 16] as usize] ^ r.wrapping_mul(i as u8 + 3);
            }
            if r < 9 {
                for c in 0..4 {
                    let b = [o[4 * c], o[4 * c + 1], o[4 * c + 2], o[4 * c + 3]];
                    let a = b[0] ^ b[1] ^ b[2] ^ b[3];
                    for i in 0..4 {
                        o[4 * c + i] = b[i] ^ a ^ xt(b[i] ^ b[(i + 1) & 3]);
                    }
                }
            }
            s = o;
        }
    }
    i64::from_le_bytes(s[..8].try_into().unwrap())
}
#[unsafe(no_mangle)]
pub extern "C" fn hashmap(n: i32) -> i64 {
    use std::hash::*;
    let mut r = Random(3);
    let mut m: HashMap<u32, u32, BuildHasherDefault<std::hash::DefaultHasher>> = HashMap::default();
    for _ in 0..n {
        *m.entry(r.number() % 50000).or_insert(0) += 1;
        if r.number() & 7 == 0 {
            m.remove(&(r.number() % 50000));
        }
    }
    m.values().map(|&v| v as i64 * v as i64).sum()
}
#[unsafe(no_mangle)]
pub extern "C" fn base64(n: i32) -> i64 {
    const T: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut r = Random(77);
    let d: Vec<u8> = (0..30000).map(|_| r.number() as u8).collect();
    let mut inv = [255u8; 256];
    for i in 0..64 {
        inv[T[i] as usize] = i as u8;
    }
    let mut t = 0;
    for _ in 0..n {
        let mut o = Vec::with_capacity(40000);
        for c in d.chunks_exact(3) {
            let v = (c[0] as u32) << 16 | (c[1] as u32) << 8 | c[2] as u32;
            o.push(T[(v >> 18) as usize & 63]);
            o.push(T[(v >> 12) as usize & 63]);
            o.push(T[(v >> 6) as usize & 63]);
            o.push(T[v as usize & 63]);
        }
        let mut q = 0u32;
        for c in o.chunks_exact(4) {
            let v = (inv[c[0] as usize] as u32) << 18
                | (inv[c[1] as usize] as u32) << 12
                | (inv[c[2] as usize] as u32) << 6
                | inv[c[3] as usize] as u32;
            q = q.wrapping_mul(31).wrapping_add(v);
        }
        t = mix(t, q as i64);
    }
    t
}
