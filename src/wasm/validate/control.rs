//! Blocks, branches, calls and exceptions (spec §3.3.1).

use super::func::{Result, Validator, tell, tell_always};
use super::stack::{Block, Kind, Types};
use crate::wasm::compact::Ty;
use crate::wasm::error::Error;
use crate::wasm::features::Features;
use crate::wasm::module::Module;
use crate::wasm::room;
use crate::wasm::sink::{BlockType, Catch, Sink};
use crate::wasm::types::{HeapType, ValType};
use alloc::format;

/// Hands `use_it` the block type that a sink is told.
fn with_block_type<R>(module: &Module, block: Block, use_it: impl FnOnce(BlockType<'_>) -> R) -> R {
    match block {
        Block::Empty => use_it(BlockType { params: &[], results: &[] }),
        Block::Val(ty) => {
            let results: [ValType; 1] = [ty.val_type()];
            use_it(BlockType { params: &[], results: &results })
        }
        Block::Func(type_idx) => {
            let ty = module.func_type(type_idx);
            use_it(BlockType { params: &ty.params, results: &ty.results })
        }
    }
}

impl<'a, S: Sink> Validator<'a, S> {
    /// §5.4.1: empty, one result, or a function type (s33).
    #[cfg_attr(not(feature = "small"), inline(always))]
    fn block_type(&mut self) -> Result<Block> {
        let block = match self.reader.peek() {
            Some(0x40) => Block::Empty,
            Some(0x7F) => Block::Val(Ty::I32),
            Some(0x7E) => Block::Val(Ty::I64),
            _ => return self.long_block_type(),
        };
        self.reader.byte()?;
        Ok(block)
    }
    #[inline(never)]
    fn long_block_type(&mut self) -> Result<Block> {
        let offset = self.reader.offset();
        match self.reader.peek() {
            Some(0x40) => {
                self.reader.byte()?;
                Ok(Block::Empty)
            }
            Some(byte) if byte & 0xC0 == 0x40 => {
                let ty = self.type_space().val_type(&mut self.reader)?;
                Ok(Block::Val(ty.into()))
            }
            _ => {
                let type_idx = u32::try_from(self.reader.s33()?)
                    .map_err(|_| Error::malformed(offset, "integer representation too long"))?;
                self.need(Features::MULTI_VALUE)?;
                self.func_type_at(type_idx)?;
                Ok(Block::Func(type_idx))
            }
        }
    }
    /// Parameters and results of a function type.
    #[inline]
    fn func_type_at(&self, type_idx: u32) -> Result<(&'a [Ty], &'a [Ty])> {
        match self.module.signatures.get(type_idx) {
            Some(signature) => Ok(signature),
            None => Err(self.invalid(&format!("unknown type {type_idx}"))),
        }
    }
    /// The block type, its parameters popped.
    #[inline]
    fn open(&mut self) -> Result<Block> {
        let block = self.block_type()?;
        if let Block::Func(_) = block {
            self.pop_all(self.params(block))?;
        }
        Ok(block)
    }

    pub fn block(&mut self) -> Result<()> {
        let block = self.open()?;
        if self.sink.listens() {
            self.sink.at(self.at);
            with_block_type(self.module, block, |ty| self.sink.block(ty, self.live))?;
        }
        self.push_frame(Kind::Block, block)
    }
    pub fn loop_(&mut self) -> Result<()> {
        let block = self.open()?;
        if self.sink.listens() {
            self.sink.at(self.at);
            let code_pos = self.reader.offset() - self.code_start;
            with_block_type(self.module, block, |ty| self.sink.loop_(ty, code_pos, self.live))?;
        }
        self.push_frame(Kind::Loop, block)
    }
    pub fn if_(&mut self) -> Result<()> {
        let block = self.block_type()?;
        self.pop(Ty::I32)?;
        self.pop_all(self.params(block))?;
        if self.sink.listens() {
            self.sink.at(self.at);
            with_block_type(self.module, block, |ty| self.sink.if_(ty, self.live))?;
        }
        self.push_frame(Kind::If, block)
    }
    pub fn else_(&mut self) -> Result<()> {
        let live = self.live;
        if self.frames.last().is_none_or(|frame| frame.kind != Kind::If) {
            return Err(Error::malformed(self.at, "END opcode expected: else without if"));
        }
        let frame = self.pop_frame()?;
        tell_always!(self, else_(live));
        self.push_frame(Kind::Else, frame.block)
    }
    pub fn end(&mut self) -> Result<()> {
        let live = self.live;
        let frame = self.pop_frame()?;
        if frame.kind == Kind::If {
            // The arm that is not there passes its parameters on.
            self.check_all(self.params(frame.block), &self.results(frame.block))?;
        }
        tell_always!(self, end(live));
        match frame.block {
            Block::Empty => {}
            Block::Val(ty) => self.push(ty),
            Block::Func(_) => self.push_all(&self.results(frame.block))?,
        }
        Ok(())
    }

    pub fn br(&mut self) -> Result<()> {
        let depth = self.reader.u32()?;
        let types = self.target_types(depth)?;
        self.pop_all(&types)?;
        tell!(self, br(depth));
        self.set_unreachable();
        Ok(())
    }
    pub fn br_if(&mut self) -> Result<()> {
        let depth = self.reader.u32()?;
        self.pop(Ty::I32)?;
        match self.target_types(depth)? {
            Types::List([]) => {}
            types => self.pop_push_all(&types)?,
        }
        tell!(self, br_if(depth));
        Ok(())
    }
    /// Each label is checked against the same operands, and once only however often it is named.
    pub fn br_table(&mut self) -> Result<()> {
        let count = self.reader.u32()?;
        if count as usize >= self.reader.remaining() {
            let offset = self.reader.offset();
            return Err(Error::malformed(offset, "unexpected end: br_table is too long"));
        }
        self.pop(Ty::I32)?;
        self.br_tables += 1;
        self.targets.clear();
        let mut arity = None;
        for _ in 0..=count {
            let depth = self.reader.u32()?;
            if self.sink.listens() {
                room::push(&mut self.targets, depth, self.at)?;
            }
            if self.target(depth)?.br_table == self.br_tables {
                continue;
            }
            let types = self.target_types(depth)?;
            if *arity.get_or_insert(types.len()) != types.len() {
                return Err(self.mismatch("br_table targets take different numbers of values"));
            }
            self.peek_all(&types)?;
            let index = self.frames.len() - 1 - depth as usize;
            self.frames[index].br_table = self.br_tables;
        }
        tell!(self, br_table(&self.targets));
        self.set_unreachable();
        Ok(())
    }
    /// The results of the function.
    fn function_results(&self) -> Types<'a> {
        self.frames.first().map_or(Types::List(&[]), |frame| self.results(frame.block))
    }
    pub fn return_(&mut self) -> Result<()> {
        self.pop_all(&self.function_results())?;
        tell!(self, return_());
        self.set_unreachable();
        Ok(())
    }

    /// What calls of all forms do to the stack.
    #[cfg_attr(not(feature = "small"), inline(always))]
    fn call_types(&mut self, params: &[Ty], results: &[Ty], tail: bool) -> Result<()> {
        self.pop_all(params)?;
        if tail {
            self.need(Features::TAIL_CALL)?;
            self.check_all(results, &self.function_results())?;
        } else if let [result] = results {
            self.push(*result);
        } else {
            self.push_all(results)?;
        }
        Ok(())
    }
    pub fn call(&mut self, tail: bool) -> Result<()> {
        let func = self.reader.u32()?;
        let Some(&type_idx) = self.module.funcs.get(func as usize) else {
            return Err(self.invalid(&format!("unknown function {func}")));
        };
        let (params, results) = self.func_type_at(type_idx)?;
        self.call_types(params, results, tail)?;
        tell!(self, call(func, self.module.func_type(type_idx), tail));
        if tail {
            self.set_unreachable();
        }
        Ok(())
    }
    pub fn call_indirect(&mut self, tail: bool) -> Result<()> {
        let type_idx = self.reader.u32()?;
        let table = self.table_index(Features::REFERENCE_TYPES)?;
        let ty = self.table(table)?;
        let (params, results) = self.func_type_at(type_idx)?;
        self.check(Ty::reference(ty.element), Ty::FUNCREF)?;
        self.pop(Ty::address(ty.limits.is_64))?;
        self.call_types(params, results, tail)?;
        if self.live && self.sink.listens() {
            let type_id = self.module.types[type_idx as usize];
            let callee = self.module.func_type(type_idx);
            self.sink.at(self.at);
            self.sink.call_indirect(table, ty.limits.is_64, type_id, callee, tail)?;
        }
        if tail {
            self.set_unreachable();
        }
        Ok(())
    }
    pub fn call_ref(&mut self, tail: bool) -> Result<()> {
        self.need(Features::FUNCTION_REFERENCES)?;
        let type_idx = self.reader.u32()?;
        let (params, results) = self.func_type_at(type_idx)?;
        let type_id = self.module.types[type_idx as usize];
        self.pop(Ty::heap(true, HeapType::Defined(type_id)))?;
        self.call_types(params, results, tail)?;
        tell!(self, call_ref(type_id, self.module.func_type(type_idx), tail));
        if tail {
            self.set_unreachable();
        }
        Ok(())
    }

    /// The type index of a tag.
    fn tag(&mut self) -> Result<(u32, u32)> {
        let tag = self.reader.u32()?;
        match self.module.tags.get(tag as usize) {
            Some(&type_idx) => Ok((tag, type_idx)),
            None => Err(self.invalid(&format!("unknown tag {tag}"))),
        }
    }
    pub fn throw(&mut self) -> Result<()> {
        if !self.module.features.legacy_exceptions() {
            self.need(Features::EXCEPTIONS)?;
        }
        let (tag, type_idx) = self.tag()?;
        let (params, _) = self.func_type_at(type_idx)?;
        self.pop_all(params)?;
        tell!(self, throw(tag, self.module.func_type(type_idx)));
        self.set_unreachable();
        Ok(())
    }
    pub fn throw_ref(&mut self) -> Result<()> {
        self.need(Features::EXCEPTIONS)?;
        self.pop(Ty::heap(true, HeapType::Exn))?;
        tell!(self, throw_ref());
        self.set_unreachable();
        Ok(())
    }
    /// The labels of the clauses are those outside of the block.
    pub fn try_table(&mut self) -> Result<()> {
        self.need(Features::EXCEPTIONS)?;
        let block = self.open()?;
        self.catches.clear();
        for _ in 0..self.reader.u32()? {
            let clause = self.catch_clause()?;
            if self.sink.listens() {
                room::push(&mut self.catches, clause, self.at)?;
            }
        }
        if self.sink.listens() {
            self.sink.at(self.at);
            let (sink, catches) = (&mut *self.sink, &self.catches);
            with_block_type(self.module, block, |ty| sink.try_table(ty, catches, self.live))?;
        }
        self.push_frame(Kind::Block, block)
    }
    fn catch_clause(&mut self) -> Result<Catch> {
        let offset = self.reader.offset();
        let kind = self.reader.byte()?;
        if kind > 3 {
            return Err(Error::malformed(offset, "malformed catch clause"));
        }
        let tag = if kind < 2 { Some(self.tag()?) } else { None };
        let label = self.reader.u32()?;
        let with_ref = kind & 1 != 0;
        let thrown = match tag {
            Some((_, type_idx)) => self.func_type_at(type_idx)?.0,
            None => &[],
        };
        let wanted = self.target_types(label)?;
        let mut wanted: &[Ty] = &wanted;
        if with_ref {
            let Some((&last, rest)) = wanted.split_last() else {
                return Err(self.mismatch("the label of the clause takes no exception"));
            };
            self.check(Ty::heap(false, HeapType::Exn), last)?;
            wanted = rest;
        }
        self.check_all(thrown, wanted)?;
        Ok(Catch { tag: tag.map(|(tag, _)| tag), with_ref, label })
    }

    /// `try`, `catch`, `rethrow`, `delegate`, `catch_all` (proposal legacy exceptions).
    pub fn legacy(&mut self, opcode: u8) -> Result<()> {
        if !self.module.features.legacy_exceptions() {
            return Err(self.illegal(u32::from(opcode)));
        }
        match opcode {
            0x06 => self.try_(),
            0x07 => self.catch(),
            0x09 => self.rethrow(),
            0x18 => self.delegate(),
            _ => self.catch_all(),
        }
    }
    fn try_(&mut self) -> Result<()> {
        let block = self.open()?;
        if self.sink.listens() {
            self.sink.at(self.at);
            with_block_type(self.module, block, |ty| self.sink.try_(ty, self.live))?;
        }
        self.push_frame(Kind::Try, block)
    }
    /// Closes the body or the clause before, and opens a clause.
    fn next_clause(&mut self, kind: Kind) -> Result<()> {
        if !self.frames.last().is_some_and(|f| matches!(f.kind, Kind::Try | Kind::Catch)) {
            return Err(Error::malformed(self.at, "END opcode expected: catch without try"));
        }
        let frame = self.pop_frame()?;
        self.push_frame(kind, frame.block)?;
        self.operands.truncate(self.height);
        Ok(())
    }
    fn catch(&mut self) -> Result<()> {
        let live = self.live;
        let (tag, type_idx) = self.tag()?;
        self.next_clause(Kind::Catch)?;
        self.push_all(self.func_type_at(type_idx)?.0)?;
        tell_always!(self, catch(tag, self.module.func_type(type_idx), live));
        Ok(())
    }
    fn catch_all(&mut self) -> Result<()> {
        let live = self.live;
        self.next_clause(Kind::CatchAll)?;
        tell_always!(self, catch_all(live));
        Ok(())
    }
    fn rethrow(&mut self) -> Result<()> {
        let depth = self.reader.u32()?;
        if !matches!(self.target(depth)?.kind, Kind::Catch | Kind::CatchAll) {
            return Err(self.invalid("invalid rethrow label"));
        }
        tell!(self, rethrow(depth));
        self.set_unreachable();
        Ok(())
    }
    /// Ends a `try`; the label is counted from outside of it.
    fn delegate(&mut self) -> Result<()> {
        let live = self.live;
        let depth = self.reader.u32()?;
        if self.frames.last().is_none_or(|frame| frame.kind != Kind::Try) {
            return Err(Error::malformed(self.at, "END opcode expected: delegate without try"));
        }
        let frame = self.pop_frame()?;
        self.target(depth)?;
        tell_always!(self, delegate(depth, live));
        self.push_all(&self.results(frame.block))
    }
}
