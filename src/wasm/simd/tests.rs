//! Every vector instruction against a reference that is written down independently: from the
//! instruction's name, in numbers of unlimited width, one lane after the other.

use super::{V128, eval};
use crate::wasm::ops::{SimdOp, SimdShape};
use alloc::vec::Vec;

/// Operands: random ones, and values at which something changes.
pub(crate) struct Samples(u64);
impl Samples {
    pub(crate) fn new(seed: u64) -> Samples {
        Samples(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }
    pub(crate) fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }
    fn pick(&mut self, from: &[u64]) -> u64 {
        from[(self.bits() >> 20) as usize % from.len()]
    }
    /// A lane of this width.
    fn lane(&mut self, width: u32) -> u64 {
        const F32: &[u64] = &[
            0,
            0x8000_0000,
            1,
            0x8000_0001,
            0x007F_FFFF,
            0x0080_0000,
            0x3F80_0000,
            0xBF80_0000,
            0x3F00_0000,
            0xBF00_0000,
            0x3FC0_0000,
            0x4020_0000,
            0xC020_0000,
            0x4AFF_FFFF,
            0x4B00_0000,
            0x4B80_0001,
            0x4EFF_FFFF,
            0x4F00_0000,
            0xCF00_0000,
            0xCF00_0001,
            0x4F7F_FFFF,
            0x4F80_0000,
            0x7F7F_FFFF,
            0xFF7F_FFFF,
            0x7F80_0000,
            0xFF80_0000,
            0x7FC0_0000,
            0xFFC0_0000,
            0x7FA0_0000,
            0xFF80_0001,
            0x7FFF_FFFF,
            0xFFFF_FFFF,
        ];
        const F64: &[u64] = &[
            0,
            1 << 63,
            1,
            0x000F_FFFF_FFFF_FFFF,
            0x0010_0000_0000_0000,
            0x3FE0_0000_0000_0000,
            0xBFE0_0000_0000_0000,
            0x3FF0_0000_0000_0000,
            0x3FF8_0000_0000_0000,
            0x4004_0000_0000_0000,
            0xC004_0000_0000_0000,
            0x41DF_FFFF_FFC0_0000,
            0x41DF_FFFF_FFE0_0000,
            0x41E0_0000_0000_0000,
            0xC1E0_0000_0000_0000,
            0xC1E0_0000_0010_0000,
            0xC1E0_0000_0020_0000,
            0x41EF_FFFF_FFE0_0000,
            0x41EF_FFFF_FFF0_0000,
            0x41F0_0000_0000_0000,
            0x432F_FFFF_FFFF_FFFF,
            0x4330_0000_0000_0001,
            0x47EF_FFFF_EFFF_FFFF,
            0x47EF_FFFF_F000_0000,
            0x36A0_0000_0000_0000,
            0x7FEF_FFFF_FFFF_FFFF,
            0x7FF0_0000_0000_0000,
            0xFFF0 << 48,
            0x7FF8_0000_0000_0000,
            0xFFF8 << 48,
            0x7FF4_0000_0000_0000,
            0xFFF0_0000_0000_0001,
            u64::MAX,
        ];
        let random = self.bits();
        let top = 1 << (width - 1);
        match self.bits() >> 61 {
            0 => random,
            1 => random % 37,
            2 => (random % 37).wrapping_neg(),
            3 => top,
            4 => top - 1 - (random & 1),
            5 if width == 32 => self.pick(F32),
            6 if width == 32 => ((random >> 8) as i32 as f32 / 256.0).to_bits().into(),
            5 if width == 64 => self.pick(F64),
            6 if width == 64 => ((random >> 8) as i32 as f64 / 256.0).to_bits(),
            _ => random >> (random & 31),
        }
    }
    pub(crate) fn vector(&mut self) -> V128 {
        let width = 8 << (self.bits() >> 62);
        let mask = u64::MAX >> (64 - width);
        let lanes = (0..128 / width).map(|_| u128::from(self.lane(width) & mask));
        V128::from_bits(lanes.enumerate().fold(0, |v, (i, x)| v | x << (i as u32 * width)))
    }
    /// Operands and immediate for an instruction; the second vector is often like the first.
    pub(crate) fn operands(&mut self, op: SimdOp) -> ([V128; 3], [u8; 16]) {
        let (a, mut b, c) = (self.vector(), self.vector(), self.vector());
        let mut immediate = self.vector().to_le_bytes();
        match op.shape() {
            SimdShape::Shuffle => immediate = immediate.map(|n| n % 32),
            SimdShape::Const => {}
            _ => immediate[0] %= op.lanes(),
        }
        match self.bits() >> 62 {
            0 => b = a,
            1 => b = V128::from_bits(b.to_bits() & c.to_bits() ^ a.to_bits()),
            _ => {}
        }
        let a = match op.shape() {
            SimdShape::Load | SimdShape::LoadLane if op.width() < 16 => {
                V128::from_bits(a.to_bits() & mask(8 * op.width()))
            }
            _ => a,
        };
        ([a, b, c], immediate)
    }
}

/// A result: bits, and the width of its lanes if these are computed floats.
pub(crate) type Expected = (u128, Option<u32>);

fn lanes(v: u128, width: u32) -> Vec<u128> {
    (0..128 / width).map(|i| v >> (i * width) & mask(width)).collect()
}
fn mask(width: u32) -> u128 {
    u128::MAX >> (128 - width)
}
fn signed(x: u128, width: u32) -> i128 {
    (x as i128) << (128 - width) >> (128 - width)
}
fn number(x: u128, width: u32, is_signed: bool) -> i128 {
    if is_signed { signed(x, width) } else { (x & mask(width)) as i128 }
}
fn vector(lanes: impl IntoIterator<Item = i128>, width: u32) -> u128 {
    let put = |v, (i, x): (usize, i128)| v | (x as u128 & mask(width)) << (i as u32 * width);
    lanes.into_iter().enumerate().fold(0, put)
}
fn saturate(x: i128, width: u32, is_signed: bool) -> i128 {
    let top = 1 << (width - 1);
    if is_signed { x.clamp(-top, top - 1) } else { x.clamp(0, 2 * top - 1) }
}

/// Instructions that do the same on every lane, or on every two lanes.
fn lane_wise(name: &str, x: u128, y: u128, w: u32, n: u32) -> Option<i128> {
    let (s, t) = (signed(x, w), signed(y, w));
    let (u, v) = (x as i128, y as i128);
    let n = n % w;
    let truth = |holds: bool| -i128::from(holds);
    Some(match name {
        "abs" => s.abs(),
        "neg" => -s,
        "popcnt" => x.count_ones().into(),
        "add" => s + t,
        "sub" => s - t,
        "mul" => s.wrapping_mul(t),
        "add_sat_s" => saturate(s + t, w, true),
        "add_sat_u" => saturate(u + v, w, false),
        "sub_sat_s" => saturate(s - t, w, true),
        "sub_sat_u" => saturate(u - v, w, false),
        "min_s" => s.min(t),
        "min_u" => u.min(v),
        "max_s" => s.max(t),
        "max_u" => u.max(v),
        "avgr_u" => (u + v + 1) >> 1,
        "q15mulr_sat_s" | "relaxed_q15mulr_s" => saturate((s * t + 0x4000) >> 15, w, true),
        "shl" => u << n,
        "shr_s" => s >> n,
        "shr_u" => u >> n,
        "eq" => truth(x == y),
        "ne" => truth(x != y),
        "lt_s" => truth(s < t),
        "lt_u" => truth(u < v),
        "gt_s" => truth(s > t),
        "gt_u" => truth(u > v),
        "le_s" => truth(s <= t),
        "le_u" => truth(u <= v),
        "ge_s" => truth(s >= t),
        "ge_u" => truth(u >= v),
        _ => return None,
    })
}

/// Integer instructions that change the width of lanes, or move them.
fn across(name: &str, a: u128, b: u128, c: u128, w: u32) -> Option<u128> {
    let is_signed = name.ends_with('s');
    let half = |v: u128, w: u32| -> Vec<i128> {
        let all = lanes(v, w / 2).into_iter().map(|x| number(x, w / 2, is_signed));
        let skip = if name.contains("high") { 128 / w } else { 0 };
        all.skip(skip as usize).take(128 / w as usize).collect()
    };
    let all = |v: u128, w: u32| lanes(v, w).into_iter().map(move |x| number(x, w, is_signed));
    let products = |w: u32| -> Vec<i128> { all(a, w).zip(all(b, w)).map(|(x, y)| x * y).collect() };
    let sums = |v: Vec<i128>| -> Vec<i128> { v.chunks(2).map(|pair| pair[0] + pair[1]).collect() };
    let wrapped = |v: Vec<i128>, w: u32| -> Vec<i128> {
        v.into_iter().map(|x| signed(x as u128, w)).collect()
    };
    let base = name.rsplit_once('_').map_or(name, |(base, _)| base);
    Some(match base {
        _ if base.starts_with("extend") => vector(half(a, w), w),
        _ if base.starts_with("extmul") => {
            vector(half(a, w).into_iter().zip(half(b, w)).map(|(x, y)| x * y), w)
        }
        _ if base.starts_with("extadd") => vector(sums(all(a, w / 2).collect()), w),
        _ if base.starts_with("narrow") => {
            let wide = lanes(a, 2 * w).into_iter().chain(lanes(b, 2 * w));
            vector(wide.map(|x| saturate(signed(x, 2 * w), w, is_signed)), w)
        }
        "dot_i16x8" => vector(sums(products(16)), 32),
        "relaxed_dot_i8x16_i7x16" => vector(sums(products(8)), 16),
        "relaxed_dot_i8x16_i7x16_add" => {
            let dots = wrapped(sums(products(8)), 16);
            vector(sums(dots).into_iter().zip(lanes(c, 32)).map(|(x, y)| x + y as i128), 32)
        }
        _ if name.ends_with("swizzle") => {
            let bytes = lanes(a, 8);
            let at = |n: u128| bytes.get(n as usize).map_or(0, |x| *x as i128);
            vector(lanes(b, 8).into_iter().map(at), 8)
        }
        _ => return None,
    })
}

/// Float instructions on every lane, in f64: rounding the result once more gives that of f32.
fn float(name: &str, x: f64, y: f64, z: f64, round: impl Fn(f64) -> f64) -> Option<f64> {
    let whole = |x: f64| if x.abs() < 4e18 { x as i64 as f64 } else { x };
    let floor = |x: f64| if whole(x) > x { whole(x) - 1.0 } else { whole(x) };
    let zero = x == 0.0 && y == 0.0;
    Some(match name.trim_start_matches("relaxed_") {
        _ if name == "floor" => floor(x).copysign(x),
        "ceil" => (-floor(-x)).copysign(x),
        "trunc" => whole(x).copysign(x),
        "nearest" => {
            let below = floor(x);
            let even = if whole(below / 2.0) * 2.0 == below { below } else { below + 1.0 };
            let near = if x - below < 0.5 { below } else { below + 1.0 };
            let near = if x - below == 0.5 { even } else { near };
            if x.is_infinite() { x } else { near.copysign(x) }
        }
        "sqrt" => x.sqrt(),
        "add" => x + y,
        "sub" => x - y,
        "mul" => x * y,
        "div" => x / y,
        "min" | "max" if x.is_nan() || y.is_nan() => f64::NAN,
        "min" if zero => {
            if x.is_sign_negative() {
                x
            } else {
                y
            }
        }
        "max" if zero => {
            if x.is_sign_negative() {
                y
            } else {
                x
            }
        }
        "min" => x.min(y),
        "max" => x.max(y),
        "madd" => round(x * y) + z,
        "nmadd" => round(-(x * y)) + z,
        _ => return None,
    })
}

/// Float instructions that only look at the numbers, and give bits.
fn float_bits(name: &str, x: u128, y: u128, w: u32) -> Option<i128> {
    let sign = 1 << (w - 1);
    let (p, q) = (to_f64(x, w), to_f64(y, w));
    let truth = |holds: bool| -i128::from(holds);
    Some(match name {
        "abs" => (x & !sign) as i128,
        "neg" => (x ^ sign) as i128,
        "pmin" => {
            if q < p {
                y as i128
            } else {
                x as i128
            }
        }
        "pmax" => {
            if p < q {
                y as i128
            } else {
                x as i128
            }
        }
        "eq" => truth(p == q),
        "ne" => truth(p != q),
        "lt" => truth(p < q),
        "gt" => truth(p > q),
        "le" => truth(p <= q),
        "ge" => truth(p >= q),
        _ => return None,
    })
}

fn to_f64(x: u128, w: u32) -> f64 {
    if w == 32 { f32::from_bits(x as u32).into() } else { f64::from_bits(x as u64) }
}
fn from_f64(x: f64, w: u32) -> i128 {
    if w == 32 { (x as f32).to_bits().into() } else { x.to_bits().into() }
}

/// Conversions between lanes of integers and floats.
fn conversion(name: &str, a: u128) -> Option<Expected> {
    let is_signed = name.ends_with('s') || name.ends_with("s_zero");
    let integer = |x: f64| saturate(if x.is_nan() { 0 } else { x as i128 }, 32, is_signed);
    let from_lanes = |w: u32| vector(lanes(a, w).iter().map(|x| integer(to_f64(*x, w))), 32);
    let to_lanes = |count: usize, w: u32| {
        let numbers = lanes(a, 32).into_iter().take(count).map(|x| number(x, 32, is_signed));
        vector(numbers.map(|x| from_f64(x as f64, w)), w)
    };
    Some(match name.trim_start_matches("relaxed_") {
        "trunc_sat_f32x4_s" | "trunc_sat_f32x4_u" | "trunc_f32x4_s" | "trunc_f32x4_u" => {
            (from_lanes(32), None)
        }
        "trunc_sat_f64x2_s_zero"
        | "trunc_sat_f64x2_u_zero"
        | "trunc_f64x2_s_zero"
        | "trunc_f64x2_u_zero" => (from_lanes(64), None),
        "convert_i32x4_s" | "convert_i32x4_u" => (to_lanes(4, 32), None),
        "convert_low_i32x4_s" | "convert_low_i32x4_u" => (to_lanes(2, 64), None),
        "demote_f64x2_zero" => {
            let narrow = lanes(a, 64).into_iter().map(|x| from_f64(to_f64(x, 64), 32));
            (vector(narrow, 32), Some(32))
        }
        "promote_low_f32x4" => {
            let wide = lanes(a, 32).into_iter().take(2).map(|x| from_f64(to_f64(x, 32), 64));
            (vector(wide, 64), Some(64))
        }
        _ => return None,
    })
}

/// Instructions on all bits, tests, lanes, and what belongs to memory.
fn moves(op: SimdOp, name: &str, w: u32, [a, b, c]: [u128; 3], imm: [u8; 16]) -> Option<u128> {
    let n = u32::from(imm[0]);
    let bytes = 8 * op.width();
    let put =
        |v: u128, x: u128, n: u32, w: u32| v & !(mask(w) << (n * w)) | (x & mask(w)) << (n * w);
    let every = |x: u128, w: u32| vector((0..128 / w).map(|_| x as i128), w);
    Some(match op.shape() {
        SimdShape::Const => u128::from_le_bytes(imm),
        SimdShape::Store => b,
        SimdShape::Shuffle => {
            let bytes = [lanes(a, 8), lanes(b, 8)].concat();
            vector(imm.iter().map(|n| bytes[usize::from(*n)] as i128), 8)
        }
        SimdShape::Splat(_) => every(a, w),
        SimdShape::Extract(_) => {
            let x = number(a >> (n * w), w, name.ends_with('s'));
            x as u128 & mask(w.max(32))
        }
        SimdShape::Replace(_) => put(a, b, n, w),
        SimdShape::LoadLane => put(b, a, n, bytes),
        SimdShape::StoreLane => b >> (n * bytes) & mask(bytes),
        SimdShape::Load if name.ends_with("splat") => every(a, bytes),
        SimdShape::Load if name.contains('x') => {
            let w = 64 / u32::from(op.lanes());
            let narrow = lanes(a, w).into_iter().take(op.lanes().into());
            vector(narrow.map(|x| number(x, w, name.ends_with('s'))), 2 * w)
        }
        SimdShape::Load => a & mask(bytes),
        SimdShape::Test => match name {
            "any_true" => (a != 0).into(),
            "all_true" => (!lanes(a, w).contains(&0)).into(),
            "bitmask" => {
                lanes(a, w).iter().enumerate().fold(0, |m, (i, x)| m | (x >> (w - 1)) << i)
            }
            _ => return None,
        },
        _ => match name {
            "not" => a ^ u128::MAX,
            "and" => a & b,
            "andnot" => a & (b ^ u128::MAX),
            "or" => a | b,
            "xor" => a ^ b,
            "bitselect" | "relaxed_laneselect" => a & c | b & (c ^ u128::MAX),
            _ => return None,
        },
    })
}

pub(crate) fn reference(op: SimdOp, operands: [V128; 3], imm: [u8; 16]) -> Expected {
    let [a, b, c] = operands.map(V128::to_bits);
    let (shape, name) = op.text().split_once('.').expect("a shape and a name");
    let w = match &shape[..2] {
        "i8" => 8,
        "i1" => 16,
        "i3" | "f3" => 32,
        "i6" | "f6" => 64,
        _ => 128,
    };
    if let Some(bits) = moves(op, name, w, [a, b, c], imm) {
        return (bits, None);
    }
    if let Some(expected) = conversion(name, a) {
        return expected;
    }
    if let Some(bits) = across(name, a, b, c, w) {
        return (bits, None);
    }
    let is_float = shape.starts_with('f');
    let mut computed = None;
    let lane = |((x, y), z): ((&u128, &u128), &u128)| {
        if !is_float {
            return lane_wise(name, *x, *y, w, b as u32).expect(name);
        }
        float_bits(name, *x, *y, w).unwrap_or_else(|| {
            computed = Some(w);
            let [x, y, z] = [x, y, z].map(|x| to_f64(*x, w));
            let round = |x: f64| if w == 32 { f64::from(x as f32) } else { x };
            from_f64(float(name, x, y, z, round).expect(name), w)
        })
    };
    let (a, b, c) = (lanes(a, w), lanes(b, w), lanes(c, w));
    let bits = vector(a.iter().zip(&b).zip(&c).map(lane), w);
    (bits, computed)
}

/// Whether a result is allowed: computed NaNs are canonical if those that went in are, else quiet.
pub(crate) fn allowed(got: u128, (bits, computed): Expected, operands: [V128; 3]) -> bool {
    let Some(w) = computed else { return got == bits };
    let quiet = if w == 32 { 0x7FC0_0000 } else { 0x7FF8_0000_0000_0000 };
    let magnitude = |x: u128| x & mask(w - 1);
    let odd = |v: V128, w: u32, quiet: u128| {
        lanes(v.to_bits(), w).iter().any(|x| to_f64(*x, w).is_nan() && x & mask(w - 1) != quiet)
    };
    let payloads =
        operands.iter().any(|v| odd(*v, 32, 0x7FC0_0000) || odd(*v, 64, 0x7FF8_0000_0000_0000));
    lanes(got, w).into_iter().zip(lanes(bits, w)).all(|(got, bits)| {
        if !to_f64(bits, w).is_nan() {
            return got == bits;
        }
        let canonical = magnitude(got) == quiet;
        to_f64(got, w).is_nan() && (canonical || payloads && got & quiet == quiet)
    })
}

#[test]
fn every_instruction_is_its_reference() {
    for op in SimdOp::ALL {
        let mut samples = Samples::new(op.code().into());
        for _ in 0..10_000 {
            let (operands, immediate) = samples.operands(*op);
            let got = eval(*op, operands, immediate).to_bits();
            let expected = reference(*op, operands, immediate);
            assert!(
                allowed(got, expected, operands),
                "{}: {operands:x?} {immediate:?} gives {got:032x}, not {:032x}",
                op.text(),
                expected.0,
            );
        }
    }
}

#[test]
fn the_references_are_those_of_the_specification() {
    let v = V128::from_bits;
    let check = |op: SimdOp, a: u128, b: u128, expected: u128| {
        assert_eq!(reference(op, [v(a), v(b), v(0)], [0; 16]).0, expected, "{}", op.text());
        assert_eq!(eval(op, [v(a), v(b), v(0)], [0; 16]), v(expected), "{}", op.text());
    };
    check(SimdOp::I8x16AddSatS, 0x7F80, 0x01FF, 0x7F80);
    check(SimdOp::I8x16SubSatU, 0x0110, 0x0208, 0x0008);
    check(SimdOp::I8x16AvgrU, 0xFF01, 0xFF02, 0xFF02);
    check(SimdOp::I16x8Q15mulrSatS, 0x8000_8001_7FFF, 0x8000_8000_7FFF, 0x7FFF_7FFF_7FFE);
    check(SimdOp::I8x16NarrowI16x8S, 0xFF7F_0080, 0, 0x807F);
    check(SimdOp::I8x16NarrowI16x8U, 0xFF7F_0080_0100, 0, 0x0080FF);
    check(SimdOp::I32x4DotI16x8S, 0x8000_8000, 0x8000_8000, 0x8000_0000);
    check(SimdOp::I16x8RelaxedDotI8x16I7x16S, 0x8080, 0x8080, 0x8000);
    check(SimdOp::I16x8ExtmulHighI8x16U, 0xFF << 64, 0xFF << 64, 0xFE01);
    check(SimdOp::I8x16ShrS, 0x80, 9, 0xC0);
    check(SimdOp::I8x16Bitmask, 0x80 << 120 | 0x80, 0, 0x8001);
    check(SimdOp::F32x4Min, 0x8000_0000, 0, 0x8000_0000);
    check(SimdOp::F32x4Nearest, 0xBF00_0000, 0, 0x8000_0000);
    check(SimdOp::F64x2Nearest, 0x4004 << 48, 0, 0x4000 << 48);
    check(SimdOp::I32x4TruncSatF32x4S, 0x4F00_0000_FFC0_0000, 0, 0x7FFF_FFFF_0000_0000);
    check(SimdOp::I32x4TruncSatF64x2UZero, 0x41F0 << 48, 0, 0xFFFF_FFFF);
}
