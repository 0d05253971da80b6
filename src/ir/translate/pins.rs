//! What loops keep in registers.

use super::*;
use alloc::string::String;

/// How a loop was entered: integers that were loaded into registers, from the last register down.
#[derive(Debug, Default)]
pub(super) struct Entrance {
    /// Where that begins.
    start: usize,
    loads: [(u8, i32); tuning::PINNED_LOCALS],
    n: usize,
}

impl<B: Backend> Translator<'_, B> {
    /// Decides what the loop about to begin keeps in registers, and whether its turns begin by the
    /// loop register.
    pub(super) fn prepare_loop(&mut self, code_pos: usize) -> Result<bool, Error> {
        if tuning::SMALL {
            return Ok(false);
        }
        room::reserve(&mut self.touched, self.locals.len(), self.out.offset as usize)?;
        let code = core::mem::take(&mut self.code);
        let moves_bytes = self.moves_bytes();
        self.entrance.n = 0;
        let (uses, touched) = (&mut self.uses, &mut self.touched);
        let body = scan::loop_body(&code, code_pos, moves_bytes, |local, written| {
            if let Some(count) = uses.get_mut(local as usize) {
                if *count == 0 {
                    touched.push(local);
                }
                *count += if written { 2 } else { 1 };
            }
        });
        self.code = code;
        (self.back, self.near_end) = (body.back, body.tails);
        let mut touched = core::mem::take(&mut self.touched);
        if body.innermost && body.keeps_registers && B::REGS > 0 {
            touched.sort_unstable_by_key(|&l| (core::cmp::Reverse(self.uses[l as usize]), l));
            self.pin(&touched, body.operands)?;
        }
        for local in touched.drain(..) {
            self.uses[local as usize] = 0;
        }
        self.touched = touched;
        Ok(body.innermost)
    }
    /// Pins the first locals of each class; floats are loaded. The operands, of which there are so
    /// many at once, need registers too: the last one of them is part of what uses it.
    fn pin(&mut self, locals: &[u32], operands: [u32; 2]) -> Result<(), Error> {
        let mut left = operands.map(|n| {
            let free = (tuning::REGISTERS + 1).saturating_sub(n as usize);
            free.clamp(1, tuning::PINNED_LOCALS)
        });
        let mut all = [0; 2];
        for &local in locals {
            all[self.locals[local as usize].ty.bank()] += self.uses[local as usize];
        }
        let mut chosen = Cache::default();
        let old = self.cache();
        let (mut late, mut count) = ([0; 2 * tuning::PINNED_LOCALS], 0);
        for &local in locals {
            let Local { ty, slot, .. } = self.locals[local as usize];
            let bank = ty.bank();
            // In a long loop one of many locals is better not given a register for good.
            let rare = self.uses[local as usize] * tuning::PINNED_SHARE < all[bank];
            if left[bank] == 0 || rare || ty == Ty::V128 || slot > tuning::LAST_NEAR_SLOT {
                continue;
            }
            left[bank] -= 1;
            // Stay where it is, if it is in a register.
            match old[bank].iter().position(|&other| other == Held::local(local)) {
                Some(reg) => chosen[bank][reg] = Held::local(local),
                None => {
                    late[count] = local;
                    count += 1;
                }
            }
        }
        for &local in &late[..count] {
            let Local { ty, slot, .. } = self.locals[local as usize];
            let bank = ty.bank();
            // From the last one down: vectors use the first ones.
            let Some(reg) = chosen[bank].iter().rposition(|held| held.is_none()) else { continue };
            chosen[bank][reg] = Held::local(local);
            if bank == 0 {
                self.entrance.loads[self.entrance.n] = (reg as u8, slot);
                self.entrance.n += 1;
            } else {
                self.mov(Target::reg(reg as u8), Leaf::Slot(slot), ty)?;
            }
        }
        self.set_pins(chosen);
        Ok(())
    }
    /// Loads the integers that are pinned, and sets the loop register (`set`).
    pub(super) fn enter_loop(&mut self, set: bool) -> Result<(), Error> {
        let Entrance { loads, n, .. } = self.entrance;
        self.entrance.start = self.out.pos();
        match loads[..n] {
            [] if set => self.fixed(Fixed::SetLoop),
            [] => {}
            [(reg, slot)] if !set => {
                self.mov(Target::reg(reg), Leaf::Slot(slot), Ty::I64)?;
            }
            ref loads => {
                let regs = loads.iter().fold(0, |regs, (reg, _)| regs | 1 << reg);
                let Some(handler) = B::pins(regs, set) else {
                    return Err(self.out.no_handler("pins"));
                };
                self.out.list(|| {
                    let set = if set { "SetLoop " } else { "" };
                    let texts = loads.iter().map(|(reg, slot)| format!("r{reg} := [{slot}]"));
                    format!("{set}{}", texts.collect::<Vec<String>>().join(", "))
                });
                self.out.begin(handler);
                loads.iter().for_each(|(_, slot)| self.out.slot(*slot));
                self.out.end();
            }
        }
        Ok(())
    }
    /// Takes back that the loop register is set, just before the header of the loop with this
    /// label.
    pub(super) fn take_back_register(&mut self, label: usize) -> Result<(), Error> {
        if self.cx.interrupts {
            self.out.no_turn();
        }
        self.out.take_back(self.entrance.start);
        self.out.mark();
        self.enter_loop(false)?;
        let header = self.out.mark();
        let control = &mut self.control[label];
        control.loop_register = false;
        control.header = header as u32;
        Ok(())
    }
}
