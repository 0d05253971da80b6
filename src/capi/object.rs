//! Memories, tables and globals.

use core::ffi::c_char;

use super::error::Failure;
use super::ffi::{Array, ArrayMut, Out, Outcome, guard, need};
use super::store::{CStore, Cx};
use super::types::{letter, letter_of};
use super::val::{CVal, Handle};
use crate::{Global, GlobalType, Memory, MemoryType, Table, TableType, Trap, TypeLimits, ValType};

/// `len` bytes from an address on.
pub fn slice(bytes: &mut [u8], at: u64, len: u64) -> Result<&mut [u8], Failure> {
    let outside = || Failure::from(crate::Error::from_trap(Trap::MemoryOutOfBounds));
    let (Ok(start), Some(Ok(end))) =
        (usize::try_from(at), at.checked_add(len).map(usize::try_from))
    else {
        return Err(outside());
    };
    bytes.get_mut(start..end).ok_or_else(outside)
}
/// Copies out of a memory.
pub fn read(
    memory: Memory,
    cx: &mut Cx<'_>,
    at: u64,
    bytes: ArrayMut<u8>,
    len: usize,
) -> Result<(), Failure> {
    let ty = memory.ty(cx)?;
    if ty.shared {
        // Nobody lends the bytes of these.
        let mut copy = Vec::new();
        copy.try_reserve_exact(len).map_err(|_| crate::Error::limit("bytes", len as u64, 0))?;
        copy.resize(len, 0);
        memory.read(cx, at, &mut copy)?;
        return bytes.fill(&copy, "bytes");
    }
    bytes.fill(slice(memory.data_mut(cx)?, at, len as u64)?, "bytes")
}
/// A letter that C gave.
fn type_of(c: c_char) -> Result<ValType, Failure> {
    letter(char::from(c as u8))
}
fn bounds(min: u64, max: u64, is_64: bool) -> TypeLimits {
    TypeLimits { min, max: (max != NO_MAX).then_some(max), is_64 }
}
const NO_MAX: u64 = u64::MAX;

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_memory_new(
    store: Option<&CStore>,
    min_pages: u64,
    max_pages: u64,
    is_64: bool,
    out: Out<Handle>,
) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        let limits = bounds(min_pages, max_pages, is_64);
        let ty = MemoryType { limits, shared: false, page_size_log2: 16 };
        let mut cx = need(store, "store")?.context()?;
        let memory = Memory::new(&mut cx, ty)?;
        out.write(cx.data_mut().add_memory(memory));
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_memory_data(
    store: Option<&CStore>,
    memory: Handle,
    bytes: Out<*mut u8>,
    len: Out<usize>,
) -> Outcome {
    guard(|| {
        let (bytes, len) = (need(bytes, "bytes")?, need(len, "len")?);
        let mut cx = need(store, "store")?.context()?;
        let memory = cx.data().memory(memory)?;
        let data = memory.data_mut(&mut cx)?;
        len.write(data.len());
        bytes.write(data.as_mut_ptr());
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_memory_read(
    store: Option<&CStore>,
    memory: Handle,
    at: u64,
    bytes: ArrayMut<u8>,
    len: usize,
) -> Outcome {
    guard(|| {
        let mut cx = need(store, "store")?.context()?;
        let memory = cx.data().memory(memory)?;
        read(memory, &mut cx, at, bytes, len)
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_memory_write(
    store: Option<&CStore>,
    memory: Handle,
    at: u64,
    bytes: Array<u8>,
    len: usize,
) -> Outcome {
    guard(|| {
        let cx = need(store, "store")?.context()?;
        let memory = cx.data().memory(memory)?;
        Ok(memory.write(cx, at, bytes.slice(len, "bytes")?)?)
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_memory_size(
    store: Option<&CStore>,
    memory: Handle,
    pages: Out<u64>,
) -> Outcome {
    guard(|| {
        let cx = need(store, "store")?.context()?;
        need(pages, "pages")?.write(cx.data().memory(memory)?.size(&cx)?);
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_memory_grow(
    store: Option<&CStore>,
    memory: Handle,
    pages: u64,
    old: Out<u64>,
) -> Outcome {
    guard(|| {
        let mut cx = need(store, "store")?.context()?;
        let memory = cx.data().memory(memory)?;
        let before = memory.grow(&mut cx, pages)?;
        if let Some(old) = old {
            old.write(before);
        }
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_table_new(
    store: Option<&CStore>,
    element: c_char,
    min: u64,
    max: u64,
    init: Option<&CVal>,
    out: Out<Handle>,
) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        let ValType::Ref(element) = type_of(element)? else {
            return Err(Failure::usage("the elements of a table are references".into()));
        };
        let mut cx = need(store, "store")?.context()?;
        let init = init.copied().unwrap_or(CVal::ZERO).read(ValType::Ref(element), cx.data())?;
        let ty = TableType { limits: bounds(min, max, false), element };
        let table = Table::new(&mut cx, ty, init)?;
        out.write(cx.data_mut().add_table(table));
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_table_size(
    store: Option<&CStore>,
    table: Handle,
    size: Out<u64>,
) -> Outcome {
    guard(|| {
        let cx = need(store, "store")?.context()?;
        need(size, "size")?.write(cx.data().table(table)?.size(&cx)?);
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_table_get(
    store: Option<&CStore>,
    table: Handle,
    index: u64,
    out: Out<CVal>,
) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        let mut cx = need(store, "store")?.context()?;
        let table = cx.data().table(table)?;
        out.write(cx.scope(|cx| {
            let val = table.get(cx, index)?;
            CVal::write(val, cx)
        })?);
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_table_set(
    store: Option<&CStore>,
    table: Handle,
    index: u64,
    val: Option<&CVal>,
) -> Outcome {
    guard(|| {
        let cx = need(store, "store")?.context()?;
        let table = cx.data().table(table)?;
        let ty = ValType::Ref(table.ty(&cx)?.element);
        let val = need(val, "val")?.read(ty, cx.data())?;
        Ok(table.set(cx, index, val)?)
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_table_grow(
    store: Option<&CStore>,
    table: Handle,
    count: u64,
    init: Option<&CVal>,
    old: Out<u64>,
) -> Outcome {
    guard(|| {
        let mut cx = need(store, "store")?.context()?;
        let table = cx.data().table(table)?;
        let ty = ValType::Ref(table.ty(&cx)?.element);
        let init = init.copied().unwrap_or(CVal::ZERO).read(ty, cx.data())?;
        let before = table.grow(&mut cx, count, init)?;
        if let Some(old) = old {
            old.write(before);
        }
        Ok(())
    })
}

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_global_new(
    store: Option<&CStore>,
    content: c_char,
    mutable: bool,
    val: Option<&CVal>,
    out: Out<Handle>,
) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        let value = type_of(content)?;
        let mut cx = need(store, "store")?.context()?;
        let val = need(val, "val")?.read(value, cx.data())?;
        let global = Global::new(&mut cx, GlobalType { value, mutable }, val)?;
        out.write(cx.data_mut().add_global(global));
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_global_type(
    store: Option<&CStore>,
    global: Handle,
    content: Out<c_char>,
    mutable: Out<bool>,
) -> Outcome {
    guard(|| {
        let cx = need(store, "store")?.context()?;
        let ty = cx.data().global(global)?.ty(&cx)?;
        if let Some(content) = content {
            // A type without a letter is shown as `?`.
            content.write(letter_of(ty.value).unwrap_or('?') as u8 as c_char);
        }
        if let Some(mutable) = mutable {
            mutable.write(ty.mutable);
        }
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_global_get(
    store: Option<&CStore>,
    global: Handle,
    out: Out<CVal>,
) -> Outcome {
    guard(|| {
        let out = need(out, "out")?;
        let mut cx = need(store, "store")?.context()?;
        let global = cx.data().global(global)?;
        out.write(cx.scope(|cx| {
            let val = global.get(cx)?;
            CVal::write(val, cx)
        })?);
        Ok(())
    })
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_global_set(
    store: Option<&CStore>,
    global: Handle,
    val: Option<&CVal>,
) -> Outcome {
    guard(|| {
        let cx = need(store, "store")?.context()?;
        let global = cx.data().global(global)?;
        let ty = global.ty(&cx)?.value;
        let val = need(val, "val")?.read(ty, cx.data())?;
        Ok(global.set(cx, val)?)
    })
}
