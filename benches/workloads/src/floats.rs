//! Numbers with fractions, of both widths.

use super::{Random, mix};

#[unsafe(no_mangle)]
pub extern "C" fn spectral(n: i32) -> i64 {
    let n = n as usize;
    fn a(i: usize, j: usize) -> f64 {
        1.0 / (((i + j) * (i + j + 1) / 2 + i + 1) as f64)
    }
    fn mul(v: &[f64], o: &mut [f64], t: bool) {
        for i in 0..v.len() {
            let mut s = 0.0;
            for j in 0..v.len() {
                s += if t { a(j, i) } else { a(i, j) } * v[j];
            }
            o[i] = s;
        }
    }
    let mut u = vec![1.0; n];
    let mut v = vec![0.0; n];
    let mut t = vec![0.0; n];
    for _ in 0..10 {
        mul(&u, &mut t, false);
        mul(&t, &mut v, true);
        mul(&v, &mut t, false);
        mul(&t, &mut u, true);
    }
    (u[0] * 1e3) as i64
}
#[unsafe(no_mangle)]
pub extern "C" fn spheres(n: i32) -> i64 {
    #[derive(Clone, Copy)]
    struct V(f32, f32, f32);
    impl V {
        fn d(self, o: V) -> f32 {
            self.0 * o.0 + self.1 * o.1 + self.2 * o.2
        }
        fn s(self, o: V) -> V {
            V(self.0 - o.0, self.1 - o.1, self.2 - o.2)
        }
        fn m(self, k: f32) -> V {
            V(self.0 * k, self.1 * k, self.2 * k)
        }
        fn a(self, o: V) -> V {
            V(self.0 + o.0, self.1 + o.1, self.2 + o.2)
        }
        fn n(self) -> V {
            self.m(1.0 / self.d(self).sqrt())
        }
    }
    let mut r = Random(5);
    let sp: Vec<(V, f32)> = (0..16)
        .map(|_| {
            (
                V(
                    r.fraction() as f32 * 8.0 - 4.0,
                    r.fraction() as f32 * 8.0 - 4.0,
                    r.fraction() as f32 * 8.0 + 4.0,
                ),
                r.fraction() as f32 + 0.3,
            )
        })
        .collect();
    let n = n as usize;
    let mut t = 0i64;
    let light = V(0.5, 0.7, -0.5).n();
    for y in 0..n {
        for x in 0..n {
            let mut o = V(0.0, 0.0, -3.0);
            let mut d = V(x as f32 / n as f32 - 0.5, y as f32 / n as f32 - 0.5, 0.7).n();
            let mut c = 0.0f32;
            let mut w = 1.0f32;
            for _ in 0..3 {
                let mut bt = 1e9f32;
                let mut bi = 99;
                for (i, (p, rad)) in sp.iter().enumerate() {
                    let oc = o.s(*p);
                    let b = oc.d(d);
                    let q = oc.d(oc) - rad * rad;
                    let h = b * b - q;
                    if h > 0.0 {
                        let tt = -b - h.sqrt();
                        if tt > 1e-3 && tt < bt {
                            bt = tt;
                            bi = i;
                        }
                    }
                }
                if bi == 99 {
                    c += w * (d.1 * 0.5 + 0.5);
                    break;
                }
                let p = o.a(d.m(bt));
                let nn = p.s(sp[bi].0).n();
                c += w * nn.d(light).max(0.0) * 0.6;
                d = d.s(nn.m(2.0 * d.d(nn)));
                o = p;
                w *= 0.4;
            }
            t = t.wrapping_add((c * 255.0) as i64);
        }
    }
    t
}
#[unsafe(no_mangle)]
pub extern "C" fn fft(n: i32) -> i64 {
    const N: usize = 1024;
    let mut t = 0.0;
    let mut re = [0f64; N];
    let mut im = [0f64; N];
    let tw: Vec<(f64, f64)> = (0..N / 2)
        .map(|i| {
            let a = -2.0 * std::f64::consts::PI * i as f64 / N as f64;
            (a.cos(), a.sin())
        })
        .collect();
    for k in 0..n {
        for i in 0..N {
            re[i] = ((i * 7 + k as usize) % 13) as f64;
            im[i] = 0.0;
        }
        let mut j = 0;
        for i in 1..N {
            let mut b = N >> 1;
            while j & b != 0 {
                j ^= b;
                b >>= 1;
            }
            j |= b;
            if i < j {
                re.swap(i, j);
                im.swap(i, j);
            }
        }
        let mut l = 2;
        while l <= N {
            let h = l / 2;
            let st = N / l;
            let mut i = 0;
            while i < N {
                for j in 0..h {
                    let (c, s) = tw[j * st];
                    let a = i + j;
                    let b = a + h;
                    let x = re[b] * c - im[b] * s;
                    let y = re[b] * s + im[b] * c;
                    re[b] = re[a] - x;
                    im[b] = im[a] - y;
                    re[a] += x;
                    im[a] += y;
                }
                i += l;
            }
            l *= 2;
        }
        t += re[k as usize % N];
    }
    (t * 100.0) as i64
}
#[unsafe(no_mangle)]
pub extern "C" fn lu(n: i32) -> i64 {
    let n = n as usize;
    let mut r = Random(13);
    let mut a: Vec<Vec<f64>> = (0..n).map(|_| (0..n).map(|_| r.fraction()).collect()).collect();
    let mut det = 1.0f64;
    for k in 0..n {
        let mut p = k;
        for i in k + 1..n {
            if a[i][k].abs() > a[p][k].abs() {
                p = i;
            }
        }
        a.swap(k, p);
        det *= a[k][k].signum();
        let (top, bot) = a.split_at_mut(k + 1);
        let row = &top[k];
        for i in bot {
            let f = i[k] / row[k];
            for j in k..n {
                i[j] -= f * row[j];
            }
        }
    }
    (det * a.iter().enumerate().map(|(i, r)| r[i].abs().ln()).sum::<f64>() * 1e6) as i64
}
#[unsafe(no_mangle)]
pub extern "C" fn perlin(n: i32) -> i64 {
    let mut r = Random(19);
    let mut p = [0u8; 512];
    for i in 0..256 {
        p[i] = r.number() as u8;
    }
    for i in 0..256 {
        p[i + 256] = p[i];
    }
    let fade = |t: f32| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
    let lerp = |t: f32, a: f32, b: f32| a + t * (b - a);
    let grad = |h: u8, x: f32, y: f32| {
        let u = if h & 4 == 0 { x } else { y };
        let v = if h & 4 == 0 { y } else { x };
        (if h & 1 == 0 { u } else { -u }) + (if h & 2 == 0 { v } else { -v })
    };
    let mut t = 0.0f32;
    for i in 0..n {
        for j in 0..n {
            let (x, y) = (i as f32 * 0.37, j as f32 * 0.29);
            let (fx, fy) = (x.floor(), y.floor());
            let (xi, yi) = (fx as i32 as usize & 255, fy as i32 as usize & 255);
            let (x, y) = (x - fx, y - fy);
            let (u, v) = (fade(x), fade(y));
            let a = p[xi] as usize + yi;
            let b = p[xi + 1] as usize + yi;
            t += lerp(
                v,
                lerp(u, grad(p[a], x, y), grad(p[b], x - 1.0, y)),
                lerp(u, grad(p[a + 1], x, y - 1.0), grad(p[b + 1], x - 1.0, y - 1.0)),
            );
        }
    }
    (t * 1000.0) as i64
}
#[unsafe(no_mangle)]
pub extern "C" fn sort(n: i32) -> i64 {
    let mut r = Random(37);
    let mut t = 0;
    for _ in 0..n {
        let mut v: Vec<f64> = (0..5000).map(|_| r.fraction()).collect();
        v.sort_by(|a, b| a.partial_cmp(b).unwrap());
        t = mix(t, (v[1234] * 1e9) as i64);
    }
    t
}
#[unsafe(no_mangle)]
pub extern "C" fn shapes(n: i32) -> i64 {
    trait Sh {
        fn area(&self) -> f64;
        fn grow(&mut self, k: f64);
    }
    struct C(f64);
    struct Q(f64, f64);
    struct Tr(f64, f64, f64);
    impl Sh for C {
        fn area(&self) -> f64 {
            self.0 * self.0 * 3.14
        }
        fn grow(&mut self, k: f64) {
            self.0 *= k;
        }
    }
    impl Sh for Q {
        fn area(&self) -> f64 {
            self.0 * self.1
        }
        fn grow(&mut self, k: f64) {
            self.0 *= k;
            self.1 *= k;
        }
    }
    impl Sh for Tr {
        fn area(&self) -> f64 {
            let s = (self.0 + self.1 + self.2) / 2.0;
            (s * (s - self.0) * (s - self.1) * (s - self.2)).abs().sqrt()
        }
        fn grow(&mut self, k: f64) {
            self.0 *= k;
            self.1 *= k;
            self.2 *= k;
        }
    }
    let mut r = Random(53);
    let mut v: Vec<Box<dyn Sh>> = (0..500)
        .map(|_| match r.number() % 3 {
            0 => Box::new(C(r.fraction())) as Box<dyn Sh>,
            1 => Box::new(Q(r.fraction(), r.fraction())),
            _ => Box::new(Tr(r.fraction() + 1.0, r.fraction() + 1.0, r.fraction() + 1.0)),
        })
        .collect();
    let mut t = 0.0;
    for k in 0..n {
        for s in v.iter_mut() {
            t += s.area();
            s.grow(if k & 1 == 0 { 1.01 } else { 0.99 });
        }
    }
    t as i64
}
