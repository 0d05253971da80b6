//! Memories, tables, atomics and vectors (spec §3.3.3 – §3.3.6).

use super::func::{Result, Validator, tell};
use crate::wasm::compact::Ty;
use crate::wasm::error::Error;
use crate::wasm::features::Features;
use crate::wasm::ops::{AtomicKind, AtomicOp, LoadOp, OtherOp, SimdOp, SimdShape, StoreOp};
use crate::wasm::sink::{MemArg, Sink};
use crate::wasm::types::{MemoryType, TableType};
use alloc::format;

impl<S: Sink> Validator<'_, S> {
    /// §5.4.6: the immediates of an access of `width` bytes; `exact`: no smaller alignment.
    #[inline]
    fn mem_arg(&mut self, width: u32, exact: bool) -> Result<MemArg> {
        let natural = width.trailing_zeros();
        let flags = self.reader.u32()?;
        if flags <= natural
            && (flags == natural || !exact)
            && let Some(offset) = self.reader.peek()
            && offset < 0x80
            && let Some(memory) = self.module.memories.first()
        {
            self.reader.byte()?;
            return Ok(MemArg { memory: 0, offset: u64::from(offset), is_64: memory.limits.is_64 });
        }
        self.long_mem_arg(flags, natural, exact)
    }
    #[inline(never)]
    fn long_mem_arg(&mut self, flags: u32, natural: u32, exact: bool) -> Result<MemArg> {
        let most = if self.module.features.multi_memory() { 0x80 } else { 0x40 };
        if flags >= most {
            return Err(Error::malformed(self.at, "malformed memop flags"));
        }
        let memory = if flags & 0x40 != 0 { self.reader.u32()? } else { 0 };
        let offset = if self.module.features.memory64() {
            self.reader.u64()?
        } else {
            u64::from(self.reader.u32()?)
        };
        let is_64 = self.memory(memory)?.limits.is_64;
        let align = flags & 0x3F;
        if align > natural {
            return Err(self.invalid("alignment must not be larger than natural"));
        }
        if exact && align != natural {
            return Err(self.invalid("atomic alignment must be natural"));
        }
        if !is_64 && offset > u64::from(u32::MAX) {
            return Err(self.invalid("offset out of range"));
        }
        Ok(MemArg { memory, offset, is_64 })
    }
    fn memory(&self, memory: u32) -> Result<MemoryType> {
        match self.module.memories.get(memory as usize) {
            Some(&ty) => Ok(ty),
            None => Err(self.invalid(&format!("unknown memory {memory}"))),
        }
    }
    /// A memory index: before multi-memory a zero byte.
    fn memory_index(&mut self) -> Result<(u32, bool)> {
        let memory = self.index_or_zero(Features::MULTI_MEMORY)?;
        Ok((memory, self.memory(memory)?.limits.is_64))
    }
    fn index_or_zero(&mut self, feature: Features) -> Result<u32> {
        if self.module.features.contains(feature) {
            return self.reader.u32();
        }
        let offset = self.reader.offset();
        match self.reader.byte()? {
            0 => Ok(0),
            _ => Err(Error::malformed(offset, "zero byte expected")),
        }
    }

    #[inline]
    pub fn load(&mut self, opcode: u8) -> Result<()> {
        let Some(op) = LoadOp::decode(u32::from(opcode)) else { return Err(self.illegal(0)) };
        let arg = self.mem_arg(op.width(), false)?;
        self.unary_type(Ty::address(arg.is_64), Ty::num(op.ty()))?;
        tell!(self, load(op, arg));
        Ok(())
    }
    #[inline]
    pub fn store(&mut self, opcode: u8) -> Result<()> {
        let Some(op) = StoreOp::decode(u32::from(opcode)) else { return Err(self.illegal(0)) };
        let arg = self.mem_arg(op.width(), false)?;
        self.pop(Ty::num(op.ty()))?;
        self.pop(Ty::address(arg.is_64))?;
        tell!(self, store(op, arg));
        Ok(())
    }
    pub fn memory_size_or_grow(&mut self, grow: bool) -> Result<()> {
        let (memory, is_64) = self.memory_index()?;
        let address = Ty::address(is_64);
        if grow {
            self.unary_type(address, address)?;
            tell!(self, memory_grow(memory, is_64));
        } else {
            self.push(address);
            tell!(self, memory_size(memory, is_64));
        }
        Ok(())
    }

    /// `memory.init` … `table.fill`.
    pub fn bulk(&mut self, op: OtherOp) -> Result<()> {
        self.need(match op {
            OtherOp::TableGrow | OtherOp::TableSize | OtherOp::TableFill => {
                Features::REFERENCE_TYPES
            }
            _ => Features::BULK_MEMORY,
        })?;
        match op {
            OtherOp::MemoryInit => self.memory_init(),
            OtherOp::DataDrop => {
                let data = self.data_segment()?;
                tell!(self, data_drop(data));
                Ok(())
            }
            OtherOp::MemoryCopy => self.memory_copy(),
            OtherOp::MemoryFill => {
                let (memory, is_64) = self.memory_index()?;
                let address = Ty::address(is_64);
                self.pop_all(&[address, Ty::I32, address])?;
                tell!(self, memory_fill(memory, is_64));
                Ok(())
            }
            OtherOp::TableInit => self.table_init(),
            OtherOp::ElemDrop => {
                let elem = self.elem_segment()?;
                tell!(self, elem_drop(elem));
                Ok(())
            }
            OtherOp::TableCopy => self.table_copy(),
            _ => self.table_size_grow_or_fill(op),
        }
    }
    fn memory_init(&mut self) -> Result<()> {
        let data = self.data_index()?;
        let (memory, is_64) = self.memory_index()?;
        self.check_data(data)?;
        self.pop_all(&[Ty::address(is_64), Ty::I32, Ty::I32])?;
        tell!(self, memory_init(data, memory, is_64));
        Ok(())
    }
    fn memory_copy(&mut self) -> Result<()> {
        let (dst, dst_64) = self.memory_index()?;
        let (src, src_64) = self.memory_index()?;
        // The length has the smaller of the two address types.
        let length = Ty::address(dst_64 && src_64);
        self.pop_all(&[Ty::address(dst_64), Ty::address(src_64), length])?;
        tell!(self, memory_copy(dst, src, dst_64, src_64));
        Ok(())
    }
    /// The index of a data segment; how many there are stands before the code (spec §5.5.16).
    fn data_index(&mut self) -> Result<u32> {
        let data = self.reader.u32()?;
        if self.module.data_count.is_none() {
            return Err(Error::malformed(self.at, "data count section required"));
        }
        Ok(data)
    }
    fn check_data(&self, data: u32) -> Result<()> {
        if self.module.data_count.is_none_or(|count| data >= count) {
            return Err(self.invalid(&format!("unknown data segment {data}")));
        }
        Ok(())
    }
    pub fn data_segment(&mut self) -> Result<u32> {
        let data = self.data_index()?;
        self.check_data(data)?;
        Ok(data)
    }
    fn check_elem(&self, elem: u32) -> Result<()> {
        if elem as usize >= self.module.elems.len() {
            return Err(self.invalid(&format!("unknown elem segment {elem}")));
        }
        Ok(())
    }
    pub fn elem_segment(&mut self) -> Result<u32> {
        let elem = self.reader.u32()?;
        self.check_elem(elem)?;
        Ok(elem)
    }

    pub fn table(&self, table: u32) -> Result<TableType> {
        match self.module.table_types.get(table as usize) {
            Some(&ty) => Ok(ty),
            None => Err(self.invalid(&format!("unknown table {table}"))),
        }
    }
    /// A table index: before the proposal a zero byte.
    pub fn table_index(&mut self, feature: Features) -> Result<u32> {
        self.index_or_zero(feature)
    }
    /// Index, whether addresses are i64, type of the elements.
    fn table_operand(&mut self) -> Result<(u32, bool, Ty)> {
        let table = self.reader.u32()?;
        let ty = self.table(table)?;
        Ok((table, ty.limits.is_64, Ty::reference(ty.element)))
    }
    pub fn table_access(&mut self, set: bool) -> Result<()> {
        self.need(Features::REFERENCE_TYPES)?;
        let (table, is_64, element) = self.table_operand()?;
        if set {
            self.pop_all(&[Ty::address(is_64), element])?;
            tell!(self, table_set(table, is_64));
        } else {
            self.unary_type(Ty::address(is_64), element)?;
            tell!(self, table_get(table, is_64));
        }
        Ok(())
    }
    fn table_size_grow_or_fill(&mut self, op: OtherOp) -> Result<()> {
        if !matches!(op, OtherOp::TableSize | OtherOp::TableGrow | OtherOp::TableFill) {
            return Err(self.illegal(op.code()));
        }
        let (table, is_64, element) = self.table_operand()?;
        let address = Ty::address(is_64);
        match op {
            OtherOp::TableSize => {
                self.push(address);
                tell!(self, table_size(table, is_64));
            }
            OtherOp::TableGrow => {
                self.pop_all(&[element, address])?;
                self.push(address);
                tell!(self, table_grow(table, is_64));
            }
            _ => {
                self.pop_all(&[address, element, address])?;
                tell!(self, table_fill(table, is_64));
            }
        }
        Ok(())
    }
    fn table_init(&mut self) -> Result<()> {
        let elem = self.reader.u32()?;
        let (table, is_64, element) = self.table_operand()?;
        self.check_elem(elem)?;
        if let Some(segment) = self.module.elems.get(elem as usize) {
            self.check(Ty::reference(segment.ty), element)?;
        }
        self.pop_all(&[Ty::address(is_64), Ty::I32, Ty::I32])?;
        tell!(self, table_init(elem, table, is_64));
        Ok(())
    }
    fn table_copy(&mut self) -> Result<()> {
        let (dst, dst_64, dst_element) = self.table_operand()?;
        let (src, src_64, src_element) = self.table_operand()?;
        self.check(src_element, dst_element)?;
        let length = Ty::address(dst_64 && src_64);
        self.pop_all(&[Ty::address(dst_64), Ty::address(src_64), length])?;
        tell!(self, table_copy(dst, src, dst_64, src_64));
        Ok(())
    }

    /// Atomics (proposal threads).
    pub fn prefix_fe(&mut self) -> Result<()> {
        let code = self.reader.u32()?;
        self.need(Features::THREADS)?;
        if code == 3 {
            if self.reader.byte()? != 0 {
                return Err(Error::malformed(self.at, "zero byte expected"));
            }
            tell!(self, atomic_fence());
            return Ok(());
        }
        let Some(op) = AtomicOp::decode(code) else { return Err(self.illegal(code)) };
        let arg = self.mem_arg(op.width(), true)?;
        let (address, value) = (Ty::address(arg.is_64), Ty::num(op.ty()));
        match op.kind() {
            AtomicKind::Notify => self.pop_all(&[address, Ty::I32])?,
            AtomicKind::Wait => self.pop_all(&[address, value, Ty::I64])?,
            AtomicKind::Load => self.pop(address)?,
            AtomicKind::Cmpxchg => self.pop_all(&[address, value, value])?,
            _ => self.pop_all(&[address, value])?,
        }
        match op.kind() {
            AtomicKind::Notify | AtomicKind::Wait => self.push(Ty::I32),
            AtomicKind::Store => {}
            _ => self.push(value),
        }
        tell!(self, atomic(op, arg));
        Ok(())
    }

    /// Vectors.
    pub fn prefix_fd(&mut self) -> Result<()> {
        let code = self.reader.u32()?;
        let Some(op) = SimdOp::decode(code) else { return Err(self.illegal(code)) };
        self.need(if op.is_relaxed() { Features::RELAXED_SIMD } else { Features::SIMD })?;
        let v = Ty::V128;
        let shape = op.shape();
        if shape.is_memory() {
            return self.simd_memory(op, shape);
        }
        match shape {
            SimdShape::Const => {
                let bits = self.reader.v128_bits()?;
                self.push(v);
                tell!(self, v128_const(bits));
                return Ok(());
            }
            SimdShape::Shuffle => {
                let lanes = self.reader.lanes()?;
                if lanes.iter().any(|&lane| lane >= 32) {
                    return Err(self.invalid("invalid lane index"));
                }
                self.binary_type(v, v)?;
                tell!(self, i8x16_shuffle(lanes));
                return Ok(());
            }
            _ => {}
        }
        let lane = if shape.has_lane() { self.lane(op)? } else { 0 };
        match shape {
            SimdShape::Unary => self.unary_type(v, v)?,
            SimdShape::Binary => self.binary_type(v, v)?,
            SimdShape::Ternary => {
                self.pop(v)?;
                self.binary_type(v, v)?;
            }
            SimdShape::Shift => {
                self.pop(Ty::I32)?;
                self.unary_type(v, v)?;
            }
            SimdShape::Test => self.unary_type(v, Ty::I32)?,
            SimdShape::Splat(ty) => self.unary_type(Ty::num(ty), v)?,
            SimdShape::Extract(ty) => self.unary_type(v, Ty::num(ty))?,
            SimdShape::Replace(ty) => {
                self.pop(Ty::num(ty))?;
                self.unary_type(v, v)?;
            }
            // Handled above.
            SimdShape::Load | SimdShape::LoadLane | SimdShape::Store | SimdShape::StoreLane => {}
            SimdShape::Const | SimdShape::Shuffle => {}
        }
        tell!(self, simd(op, lane));
        Ok(())
    }
    fn simd_memory(&mut self, op: SimdOp, shape: SimdShape) -> Result<()> {
        let v = Ty::V128;
        let arg = self.mem_arg(op.width(), false)?;
        let lane = if shape.has_lane() { self.lane(op)? } else { 0 };
        if shape != SimdShape::Load {
            self.pop(v)?;
        }
        self.pop(Ty::address(arg.is_64))?;
        if let SimdShape::Load | SimdShape::LoadLane = shape {
            self.push(v);
        }
        tell!(self, simd_mem(op, arg, lane));
        Ok(())
    }
    fn lane(&mut self, op: SimdOp) -> Result<u8> {
        let lane = self.reader.byte()?;
        if lane >= op.lanes() {
            return Err(self.invalid("invalid lane index"));
        }
        Ok(lane)
    }
}
