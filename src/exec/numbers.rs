//! Numbers, as the machine's slots, registers and immediates hold them.
#![allow(unsafe_code)]

use super::machine::State;
use crate::wasm::types::Value;

/// A number that operands and results can be.
pub trait Num: Value {
    /// From a slot.
    unsafe fn load(slot: *const u64) -> Self;
    /// Into a slot.
    unsafe fn store(self, slot: *mut u64);
    /// From a register of its class.
    #[cfg_attr(not(registers), allow(dead_code))]
    fn get(s: &State, n: usize) -> Self;
    /// Into a register of its class.
    fn put(self, s: &mut State, n: usize);
    /// From a 4-byte immediate: sign-extended, or a float of half the width.
    fn immediate(bits: u32) -> Self;
    /// From a number of the same width.
    #[inline(always)]
    fn of<U: Value>(other: U) -> Self {
        Self::from_bits(other.to_bits())
    }
}
macro_rules! integers { ($($t:ty, $u:ty, |$bits:ident| $imm:expr;)*) => { $(
    impl Num for $t {
        #[inline(always)]
        unsafe fn load(slot: *const u64) -> Self {
            // SAFETY: E2.
            unsafe { (*slot) as $t }
        }
        #[inline(always)]
        unsafe fn store(self, slot: *mut u64) {
            // SAFETY: E2.
            unsafe { *slot = self as $u as u64 }
        }
        #[inline(always)]
        fn get(s: &State, n: usize) -> Self { s.r[n] as $t }
        #[inline(always)]
        fn put(self, s: &mut State, n: usize) { s.r[n] = self as $u as u64 }
        #[inline(always)]
        fn immediate($bits: u32) -> Self { $imm }
    }
)* } }
integers! {
    i32, u32, |bits| bits as i32;
    u32, u32, |bits| bits;
    i64, u64, |bits| bits as i32 as i64;
    u64, u64, |bits| bits as i32 as i64 as u64;
}
impl Num for f32 {
    #[inline(always)]
    unsafe fn load(slot: *const u64) -> Self {
        // SAFETY: E2. Only the low half: a store of an f32 writes no more.
        f32::from_bits(unsafe { slot.cast::<u32>().add(LOW_HALF).read() })
    }
    #[inline(always)]
    unsafe fn store(self, slot: *mut u64) {
        // SAFETY: E2.
        unsafe { slot.cast::<u32>().add(LOW_HALF).write(self.to_bits()) }
    }
    #[inline(always)]
    fn get(s: &State, n: usize) -> Self {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: E7.
        return unsafe { core::arch::x86_64::_mm_cvtss_f32(s.f[n]) };
        #[cfg(not(target_arch = "x86_64"))]
        return f32::from_bits(s.f[n][0] as u32);
    }
    #[inline(always)]
    fn put(self, s: &mut State, n: usize) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: E7. The other lanes keep what they hold: nobody reads them.
        unsafe {
            use core::arch::x86_64::{_mm_move_ss, _mm_set_ss};
            s.f[n] = _mm_move_ss(s.f[n], _mm_set_ss(self));
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            s.f[n][0] = self.to_bits() as u64;
        }
    }
    #[inline(always)]
    fn immediate(bits: u32) -> Self {
        f32::from_bits(bits)
    }
}
/// Where the low 4 bytes of a slot are.
const LOW_HALF: usize = if cfg!(target_endian = "big") { 1 } else { 0 };
impl Num for f64 {
    #[inline(always)]
    unsafe fn load(slot: *const u64) -> Self {
        // SAFETY: E2.
        f64::from_bits(unsafe { *slot })
    }
    #[inline(always)]
    unsafe fn store(self, slot: *mut u64) {
        // SAFETY: E2.
        unsafe { *slot = self.to_bits() }
    }
    #[inline(always)]
    fn get(s: &State, n: usize) -> Self {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: E7.
        return unsafe {
            use core::arch::x86_64::{_mm_castps_pd, _mm_cvtsd_f64};
            _mm_cvtsd_f64(_mm_castps_pd(s.f[n]))
        };
        #[cfg(not(target_arch = "x86_64"))]
        return f64::from_bits(s.f[n][0]);
    }
    #[inline(always)]
    fn put(self, s: &mut State, n: usize) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: E7.
        unsafe {
            use core::arch::x86_64::{_mm_castpd_ps, _mm_castps_pd, _mm_move_sd, _mm_set_sd};
            s.f[n] = _mm_castpd_ps(_mm_move_sd(_mm_castps_pd(s.f[n]), _mm_set_sd(self)));
        }
        #[cfg(not(target_arch = "x86_64"))]
        {
            s.f[n][0] = self.to_bits();
        }
    }
    #[inline(always)]
    fn immediate(bits: u32) -> Self {
        f32::from_bits(bits) as f64
    }
}
