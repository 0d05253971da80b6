//! Fuel, and branches that pay on the way; and the signals that calls look at.
#![allow(unsafe_code)]

#[cfg(registers)]
use super::machine::F;
use super::machine::{Pause, Root, State, taken};
use super::roots::SetLoop;
use crate::rt::signals::Signals;
use crate::wasm::trap::Trap;

/// Signals: their address is in a register where there are some.
impl State {
    /// Those of the store.
    ///
    /// # Safety
    /// `fp` is a frame (E3).
    #[inline(always)]
    pub unsafe fn signals(&self) -> &Signals {
        #[cfg(registers)]
        // SAFETY: R11, E3: `take_signals` took them from the store.
        unsafe {
            &*(self.signals.to_bits() as usize as *const Signals)
        }
        #[cfg(not(registers))]
        // SAFETY: R11, E3.
        unsafe {
            &*(*self.instance()).signals
        }
    }
    /// Takes their address from the store.
    ///
    /// # Safety
    /// `fp` is a frame (E3).
    #[cfg(threaded)]
    #[inline(always)]
    pub unsafe fn take_signals(&mut self) {
        #[cfg(registers)]
        // SAFETY: E3.
        unsafe {
            self.signals = f64::from_bits((*self.instance()).signals as usize as u64);
        }
    }
}

/// Fuel: in a register where there are some, else in the store.
impl State {
    /// Takes it from the store, where others may have changed it.
    ///
    /// # Safety
    /// `fp` is a frame (E3).
    #[inline(always)]
    pub unsafe fn take_fuel(&mut self) {
        #[cfg(registers)]
        // SAFETY: E3, R1; E9: two words are a float register.
        unsafe {
            let left = (*(*self.instance()).store).fuel.get();
            self.fuel = core::mem::transmute::<[u64; 2], F>([left as u64, 0]);
        }
    }
    /// Gives it to the store, where others look at it.
    ///
    /// # Safety
    /// `fp` is a frame (E3).
    #[inline(always)]
    pub unsafe fn give_fuel(&self) {
        #[cfg(registers)]
        // SAFETY: E3, R1; E9: a float register is two words.
        unsafe {
            let [left, _] = core::mem::transmute::<F, [u64; 2]>(self.fuel);
            (*(*self.instance()).store).fuel.set(left as i64);
        }
    }
    /// Pays, if there is as much.
    ///
    /// # Safety
    /// `fp` is a frame (E3).
    #[inline(always)]
    pub unsafe fn pay(&mut self, charge: u32) -> bool {
        #[cfg(registers)]
        // SAFETY: E7.
        unsafe {
            use core::arch::x86_64::*;
            let charge = _mm_cvtsi32_si128(charge as i32);
            let left = _mm_sub_epi64(_mm_castps_si128(self.fuel), charge);
            // Not by the sign in a mask, which becomes three instructions more.
            let enough = _mm_cvtsi128_si64(left) >= 0;
            if enough {
                self.fuel = _mm_castsi128_ps(left);
            }
            enough
        }
        #[cfg(not(registers))]
        // SAFETY: E3, R1.
        unsafe {
            let fuel = &(*(*self.instance()).store).fuel;
            let left = fuel.get() - i64::from(charge);
            if left >= 0 {
                fuel.set(left);
            }
            left >= 0
        }
    }
}

/// Charges fuel: the number of instructions up to the next charge.
pub struct Fuel;
impl Root for Fuel {
    const SIZE: usize = 4;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E3, R1.
        if unsafe { !s.pay(s.u32(8)) } {
            return Err(Trap::OutOfFuel);
        }
        // SAFETY: E1.
        s.ip = unsafe { s.ip.add(Self::LEN) };
        Ok(())
    }
}
impl Pause for Fuel {
    const TRAP: Trap = Trap::OutOfFuel;
}
/// A loop begins with it, for the first turn and for turns that cannot be paid at once: branches back
/// pay on the way.
impl Fuel {
    /// Charges what the instruction at `ip` would and gives where to go on behind it, or, if there is
    /// not as much, does nothing and gives `ip`.
    ///
    /// # Safety
    /// It is there (E11).
    #[inline(always)]
    pub unsafe fn past(s: &mut State, ip: *const u8) -> *const u8 {
        // SAFETY: E1, E3.
        unsafe {
            if s.pay(ip.add(8).cast::<u32>().read_unaligned()) {
                taken();
                ip.add(Self::LEN)
            } else {
                ip
            }
        }
    }
    /// Where the next turn of the innermost loop begins, which does with this instruction.
    ///
    /// # Safety
    /// It does (E11).
    #[inline(always)]
    pub unsafe fn turn(s: &mut State) -> *const u8 {
        let header = s.lp.to_bits() as usize as *const u8;
        // SAFETY: E11: promised by the caller.
        unsafe { Self::past(s, header) }
    }
}
/// Branches always, to the header of the innermost loop, behind what that pays.
pub struct JumpPaying;
impl Root for JumpPaying {
    const SIZE: usize = 4;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E11.
        s.ip = unsafe { Fuel::turn(s) };
        Ok(())
    }
}
/// The next instruction is the header of an innermost loop; goes on behind what that pays.
pub struct SetPaying;
impl Root for SetPaying {
    const SIZE: usize = 0;
    #[inline(always)]
    unsafe fn run(s: &mut State) -> Result<(), Trap> {
        // SAFETY: E1, E11.
        unsafe {
            SetLoop::run(s)?;
            s.ip = Fuel::turn(s);
        }
        Ok(())
    }
}
