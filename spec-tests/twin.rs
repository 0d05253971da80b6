//! The 64-bit twin of a module: the same functions over memories and tables whose addresses are
//! i64. Addresses are extended where they are used, sizes are wrapped where they are given, so
//! that every assertion about the module holds for its twin.

use std::collections::HashMap;
use wasm_encoder::reencode::{Error, Reencode, utils};
use wasm_encoder::{
    CodeSection, ConstExpr, DataSection, ElementSection, EntityType, Function, ImportSection,
    Instruction, MemoryType, Module, RefType, TableType, ValType,
};
use wasmparser::{
    CompositeInnerType, ExternalKind, FunctionBody, MemArgTarget, Operator, Parser, Payload,
    TypeRef,
};

/// Which memories and tables get 64-bit addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Widen {
    All,
    /// Every second one that no other module sees: both widths in one module.
    Second,
}

/// The twin of a module; `None` if it would be the same.
///
/// # Errors
/// The module has something that is not rewritten; the text says what.
pub fn rewrite(bytes: &[u8], widen: Widen) -> Result<Option<Vec<u8>>, String> {
    let mut twin = Twin::new(bytes, widen).map_err(|error| error.to_string())?;
    if !twin.memories.iter().chain(&twin.tables).any(|&wide| wide) {
        return Ok(None);
    }
    let mut module = Module::new();
    let done = twin.parse_core_module(&mut module, Parser::new(0), bytes);
    done.map_err(|error| format!("twin: {error}"))?;
    Ok(Some(module.finish()))
}

struct Twin {
    /// Which memories and tables become wide.
    memories: Vec<bool>,
    tables: Vec<bool>,
    /// Which are wide before.
    wide_memories: Vec<bool>,
    wide_tables: Vec<bool>,
    elements: Vec<RefType>,
    /// How many parameters each defined function has.
    params: Vec<u32>,
    /// How many memories, tables and functions were met.
    met: [usize; 3],
}

type Failed = Error<String>;

fn unable<T>(what: impl Into<String>) -> Result<T, Failed> {
    Err(Error::UserError(what.into()))
}

impl Twin {
    fn new(bytes: &[u8], widen: Widen) -> wasmparser::Result<Twin> {
        let mut types = Vec::new();
        // Whether each is wide already, and whether other modules see it.
        let (mut memories, mut tables) = (Vec::new(), Vec::new());
        let mut elements = Vec::new();
        let mut params = Vec::new();
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::TypeSection(section) => {
                    for group in section {
                        types.extend(group?.into_types().map(|ty| match ty.composite_type.inner {
                            CompositeInnerType::Func(ty) => ty.params().len() as u32,
                            _ => 0,
                        }));
                    }
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        match import?.ty {
                            TypeRef::Memory(ty) => memories.push((ty.memory64, true)),
                            TypeRef::Table(ty) => {
                                tables.push((ty.table64, true));
                                elements.push(ty.element_type);
                            }
                            _ => {}
                        }
                    }
                }
                Payload::FunctionSection(section) => {
                    for ty in section {
                        params.push(types.get(ty? as usize).copied().unwrap_or(0));
                    }
                }
                Payload::MemorySection(section) => {
                    for ty in section {
                        memories.push((ty?.memory64, false));
                    }
                }
                Payload::TableSection(section) => {
                    for table in section {
                        let ty = table?.ty;
                        tables.push((ty.table64, false));
                        elements.push(ty.element_type);
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        let list = match export.kind {
                            ExternalKind::Memory => &mut memories,
                            ExternalKind::Table => &mut tables,
                            _ => continue,
                        };
                        if let Some(entry) = list.get_mut(export.index as usize) {
                            entry.1 = true;
                        }
                    }
                }
                _ => {}
            }
        }
        let wide = |list: &[(bool, bool)]| -> Vec<bool> {
            let mut private = 0;
            let wide = |&(is_wide, seen): &(bool, bool)| {
                private += usize::from(!seen);
                match widen {
                    Widen::All => !is_wide,
                    Widen::Second => !is_wide && !seen && private % 2 == 0,
                }
            };
            list.iter().map(wide).collect()
        };
        let elements = elements.into_iter().map(|ty| ty.try_into().unwrap_or(RefType::FUNCREF));
        Ok(Twin {
            memories: wide(&memories),
            tables: wide(&tables),
            wide_memories: memories.iter().map(|&(is_wide, _)| is_wide).collect(),
            wide_tables: tables.iter().map(|&(is_wide, _)| is_wide).collect(),
            elements: elements.collect(),
            params,
            met: [0; 3],
        })
    }
    fn memory(&self, index: u32) -> bool {
        self.memories.get(index as usize).copied().unwrap_or(false)
    }
    fn table(&self, index: u32) -> bool {
        self.tables.get(index as usize).copied().unwrap_or(false)
    }
    /// The offset of an active segment.
    fn offset(&mut self, expr: wasmparser::ConstExpr<'_>, wide: bool) -> Result<ConstExpr, Failed> {
        if !wide {
            return self.const_expr(expr);
        }
        match expr.get_operators_reader().read()? {
            Operator::I32Const { value } => Ok(ConstExpr::i64_const(i64::from(value as u32))),
            other => unable(format!("an offset of {other:?}")),
        }
    }
}

impl Reencode for Twin {
    type Error = String;

    fn memory_type(&mut self, ty: wasmparser::MemoryType) -> Result<MemoryType, Failed> {
        let mut ty = utils::memory_type(self, ty);
        if self.memory(self.met[0] as u32) {
            ty.memory64 = true;
            // What 32-bit addresses reach is the most there can be, also where it is not said.
            let page = ty.page_size_log2.unwrap_or(16);
            ty.maximum = ty.maximum.or(Some((1 << (32 - page)) - u64::from(page == 0)));
        }
        self.met[0] += 1;
        Ok(ty)
    }
    fn table_type(&mut self, ty: wasmparser::TableType) -> Result<TableType, Failed> {
        let mut ty = utils::table_type(self, ty)?;
        ty.table64 |= self.table(self.met[1] as u32);
        self.met[1] += 1;
        Ok(ty)
    }
    fn parse_imports(
        &mut self,
        imports: &mut ImportSection,
        entry: wasmparser::Imports<'_>,
    ) -> Result<(), Failed> {
        let wasmparser::Imports::Single(_, import) = entry else {
            return unable("compact imports");
        };
        let ty = self.entity_type(import.ty)?;
        let wide = matches!(
            ty,
            EntityType::Memory(MemoryType { memory64: true, .. })
                | EntityType::Table(TableType { table64: true, .. })
        );
        // The host module has twins of its own.
        let name = match (import.module, import.name) {
            ("spectest", "memory") if wide => "memory64",
            ("spectest", "table") if wide => "table64",
            (_, name) => name,
        };
        imports.import(import.module, name, ty);
        Ok(())
    }
    fn parse_data(
        &mut self,
        data: &mut DataSection,
        segment: wasmparser::Data<'_>,
    ) -> Result<(), Failed> {
        match segment.kind {
            wasmparser::DataKind::Active { memory_index, offset_expr } => {
                let offset = self.offset(offset_expr, self.memory(memory_index))?;
                data.active(memory_index, &offset, segment.data.iter().copied());
                Ok(())
            }
            wasmparser::DataKind::Passive => utils::parse_data(self, data, segment),
        }
    }
    fn parse_element(
        &mut self,
        elements: &mut ElementSection,
        segment: wasmparser::Element<'_>,
    ) -> Result<(), Failed> {
        match segment.kind {
            wasmparser::ElementKind::Active { table_index, ref offset_expr } => {
                let wide = self.table(table_index.unwrap_or(0));
                let offset = self.offset(offset_expr.clone(), wide)?;
                let items = self.element_items(segment.items)?;
                elements.active(table_index, &offset, items);
                Ok(())
            }
            _ => utils::parse_element(self, elements, segment),
        }
    }
    fn parse_function_body(
        &mut self,
        code: &mut CodeSection,
        func: FunctionBody<'_>,
    ) -> Result<(), Failed> {
        let mut locals = Vec::new();
        for pair in func.get_locals_reader()? {
            let (count, ty) = pair?;
            locals.push((count, self.val_type(ty)?));
        }
        let params = self.params.get(self.met[2]).copied().unwrap_or(0);
        self.met[2] += 1;
        let first = params + locals.iter().map(|(count, _)| count).sum::<u32>();
        let mut body = Body { code: Vec::new(), locals: Vec::new(), known: HashMap::new(), first };
        let mut reader = func.get_operators_reader()?;
        while !reader.eof() {
            let op = reader.read()?;
            let access = self.access(&op)?;
            let instruction = self.instruction(op)?;
            body.adapt(&access, instruction);
        }
        locals.extend(body.locals.iter().map(|&ty| (1, ty)));
        let mut function = Function::new(locals);
        for instruction in &body.code {
            function.instruction(instruction);
        }
        code.function(&function);
        Ok(())
    }
}

/// An operand of an instruction, as it is before: an address or a size that is to be extended, or
/// something of this type that stays as it is.
#[derive(Clone, Copy)]
enum Operand {
    Wide,
    Same(ValType),
}

/// How wide addresses are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Width {
    Narrow,
    Widened,
    /// They were before.
    Wide,
}
impl Width {
    fn of(widened: &[bool], wide: &[bool], index: u32) -> Width {
        let is = |list: &[bool]| list.get(index as usize).copied().unwrap_or(false);
        match (is(widened), is(wide)) {
            (true, _) => Width::Widened,
            (false, true) => Width::Wide,
            (false, false) => Width::Narrow,
        }
    }
}
/// The operands of a copy: the length is narrow if one of the addresses is.
fn copied(dst: Width, src: Width) -> Vec<Operand> {
    let operand = |width| match width {
        Width::Narrow => Operand::Same(ValType::I32),
        Width::Widened => Operand::Wide,
        Width::Wide => Operand::Same(ValType::I64),
    };
    let length = match (dst, src) {
        (Width::Narrow, _) | (_, Width::Narrow) => Width::Narrow,
        (Width::Wide, Width::Wide) => Width::Wide,
        _ => Width::Widened,
    };
    vec![operand(dst), operand(src), operand(length)]
}

/// How an instruction is used.
#[derive(Default)]
struct Access {
    operands: Vec<Operand>,
    /// The result is to be wrapped.
    wraps: bool,
}

impl Twin {
    /// What has to be done around an instruction; no operands: nothing.
    fn access(&self, op: &Operator<'_>) -> Result<Access, Failed> {
        use Operator as O;
        let size = |wide: bool| if wide { Operand::Wide } else { Operand::Same(ValType::I32) };
        let same = Operand::Same;
        let int = same(ValType::I32);
        let (operands, wraps) = match *op {
            O::MemorySize { mem } => (vec![], self.memory(mem)),
            O::MemoryGrow { mem } => (vec![size(self.memory(mem))], self.memory(mem)),
            O::MemoryFill { mem } => {
                let wide = size(self.memory(mem));
                (vec![wide, int, wide], false)
            }
            O::MemoryInit { mem, .. } => (vec![size(self.memory(mem)), int, int], false),
            O::MemoryCopy { dst_mem, src_mem } => {
                let width = |mem| Width::of(&self.memories, &self.wide_memories, mem);
                (copied(width(dst_mem), width(src_mem)), false)
            }
            O::TableGet { table } => (vec![size(self.table(table))], false),
            O::TableSet { table } => {
                (vec![size(self.table(table)), same(self.element(table))], false)
            }
            O::TableSize { table } => (vec![], self.table(table)),
            O::TableGrow { table } => {
                let wide = self.table(table);
                (vec![same(self.element(table)), size(wide)], wide)
            }
            O::TableFill { table } => {
                let wide = size(self.table(table));
                (vec![wide, same(self.element(table)), wide], false)
            }
            O::TableCopy { dst_table, src_table } => {
                let width = |table| Width::of(&self.tables, &self.wide_tables, table);
                (copied(width(dst_table), width(src_table)), false)
            }
            O::TableInit { table, .. } => (vec![size(self.table(table)), int, int], false),
            O::CallIndirect { table_index, .. } | O::ReturnCallIndirect { table_index, .. } => {
                (vec![size(self.table(table_index))], false)
            }
            _ => return self.load_or_store(op),
        };
        Ok(Access { operands, wraps })
    }
    fn load_or_store(&self, op: &Operator<'_>) -> Result<Access, Failed> {
        use Operator as O;
        let (memarg, value) = match op {
            O::I32Load { memarg }
            | O::I64Load { memarg }
            | O::F32Load { memarg }
            | O::F64Load { memarg }
            | O::I32Load8S { memarg }
            | O::I32Load8U { memarg }
            | O::I32Load16S { memarg }
            | O::I32Load16U { memarg }
            | O::I64Load8S { memarg }
            | O::I64Load8U { memarg }
            | O::I64Load16S { memarg }
            | O::I64Load16U { memarg }
            | O::I64Load32S { memarg }
            | O::I64Load32U { memarg } => (memarg, None),
            O::I32Store { memarg } | O::I32Store8 { memarg } | O::I32Store16 { memarg } => {
                (memarg, Some(ValType::I32))
            }
            O::I64Store { memarg }
            | O::I64Store8 { memarg }
            | O::I64Store16 { memarg }
            | O::I64Store32 { memarg } => (memarg, Some(ValType::I64)),
            O::F32Store { memarg } => (memarg, Some(ValType::F32)),
            O::F64Store { memarg } => (memarg, Some(ValType::F64)),
            other => {
                // Every other instruction with an address says so in its text.
                let text = format!("{other:?}");
                return if text.contains("memarg") { unable(text) } else { Ok(Access::default()) };
            }
        };
        let MemArgTarget::Memory(memory) = memarg.target else { return unable("an array access") };
        if !self.memory(memory) {
            return Ok(Access::default());
        }
        let mut operands = vec![Operand::Wide];
        operands.extend(value.map(Operand::Same));
        Ok(Access { operands, wraps: false })
    }
    fn element(&self, table: u32) -> ValType {
        ValType::Ref(self.elements.get(table as usize).copied().unwrap_or(RefType::FUNCREF))
    }
}

/// The body of a function that is being rewritten.
struct Body<'a> {
    code: Vec<Instruction<'a>>,
    /// Locals that keep operands while others are extended.
    locals: Vec<ValType>,
    known: HashMap<(ValType, usize), u32>,
    first: u32,
}
impl<'a> Body<'a> {
    /// The `n`-th local of a type.
    fn local(&mut self, ty: ValType, n: usize) -> u32 {
        let (locals, first) = (&mut self.locals, self.first);
        *self.known.entry((ty, n)).or_insert_with(|| {
            locals.push(ty);
            first + locals.len() as u32 - 1
        })
    }
    fn adapt(&mut self, access: &Access, instruction: Instruction<'a>) {
        // Operands above the lowest that changes are put aside.
        let lowest = access.operands.iter().position(|operand| matches!(operand, Operand::Wide));
        if let Some(lowest) = lowest {
            let mut kept = Vec::new();
            for (i, operand) in access.operands.iter().enumerate().skip(lowest + 1).rev() {
                let ty = match operand {
                    Operand::Wide => ValType::I32,
                    Operand::Same(ty) => *ty,
                };
                let local = self.local(ty, i);
                self.code.push(Instruction::LocalSet(local));
                kept.push((local, *operand));
            }
            self.code.push(Instruction::I64ExtendI32U);
            for (local, operand) in kept.into_iter().rev() {
                self.code.push(Instruction::LocalGet(local));
                if matches!(operand, Operand::Wide) {
                    self.code.push(Instruction::I64ExtendI32U);
                }
            }
        }
        self.code.push(instruction);
        if access.wraps {
            self.code.push(Instruction::I32WrapI64);
        }
    }
}
