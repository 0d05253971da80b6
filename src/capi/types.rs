//! Signatures as text, and lists of imports and exports.

use core::ffi::c_char;
use std::ffi::CString;

use super::error::Failure;
use super::ffi::{Out, c_string, delete, guard_or};
use crate::{
    ExportType, ExternType, FieldType, FuncType, HeapType, ImportType, RefType, StorageType,
    ValType,
};

const EXN: RefType = RefType { nullable: true, heap: HeapType::Exn };
/// The letters of signatures.
const LETTERS: [(char, ValType); 9] = [
    ('i', ValType::I32),
    ('l', ValType::I64),
    ('f', ValType::F32),
    ('d', ValType::F64),
    ('v', ValType::V128),
    ('r', ValType::Ref(RefType::EXTERN)),
    ('c', ValType::Ref(RefType::FUNC)),
    ('a', ValType::Ref(RefType::ANY)),
    ('x', ValType::Ref(EXN)),
];

/// The type of a letter.
pub fn letter(c: char) -> Result<ValType, Failure> {
    let found = LETTERS.iter().find(|(known, _)| *known == c);
    found.map(|(_, ty)| *ty).ok_or_else(|| {
        Failure::usage(format!("no type has the letter {c:?}: there are i l f d v r c a x"))
    })
}
/// The letter of a type, if it has one.
pub fn letter_of(ty: ValType) -> Option<char> {
    LETTERS.iter().find(|(_, known)| *known == ty).map(|(c, _)| *c)
}

/// Reads `(ii)->i`.
pub fn signature(text: &str) -> Result<FuncType, Failure> {
    let wrong = || Failure::usage(format!("the signature {text:?} is not of the form (ii)->i"));
    let plain = text.replace(' ', "");
    let (params, results) =
        plain.strip_prefix('(').and_then(|rest| rest.split_once(")->")).ok_or_else(wrong)?;
    let in_parentheses = results.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    let list = |text: &str| text.chars().map(letter).collect::<Result<Vec<_>, Failure>>();
    let (params, results) = (list(params)?.into(), list(in_parentheses.unwrap_or(results))?.into());
    Ok(FuncType { params, results })
}
/// Reads the fields of a structure, `!i d !b`.
pub fn fields(text: &str) -> Result<Vec<FieldType>, Failure> {
    let mut fields = Vec::new();
    let mut mutable = false;
    for c in text.chars() {
        let storage = match c {
            ' ' => continue,
            '!' if !mutable => {
                mutable = true;
                continue;
            }
            'b' => StorageType::I8,
            'h' => StorageType::I16,
            c => StorageType::Val(letter(c)?),
        };
        fields.push(FieldType { storage, mutable });
        mutable = false;
    }
    if mutable {
        Err(Failure::usage(format!("no field after the `!` of {text:?}")))
    } else {
        Ok(fields)
    }
}
/// Writes it, if every type has a letter.
pub fn signature_text(ty: &FuncType) -> Option<String> {
    let list =
        |types: &[ValType]| types.iter().map(|&ty| letter_of(ty)).collect::<Option<String>>();
    Some(format!("({})->{}", list(&ty.params)?, list(&ty.results)?))
}

/// `wasmvm_extern_kind`.
pub fn kind(ty: &ExternType) -> u32 {
    match ty {
        ExternType::Func(_) => 1,
        ExternType::Table(_) => 2,
        ExternType::Memory(_) => 3,
        ExternType::Global(_) => 4,
        ExternType::Tag(_) => 5,
    }
}

struct Entry {
    module: Option<Box<[u8]>>,
    /// With a NUL at the end, which does not count.
    name: Box<[u8]>,
    kind: u32,
    ty: CString,
    signature: Option<CString>,
}
impl Entry {
    fn new(module: Option<&str>, name: &str, ty: &ExternType) -> Entry {
        Entry {
            module: module.map(raw),
            name: raw(name),
            kind: kind(ty),
            ty: c_string(ty.to_string()),
            signature: ty.func().and_then(signature_text).map(c_string),
        }
    }
}
/// A name as it is: what comes after a NUL is found by the length.
fn raw(name: &str) -> Box<[u8]> {
    [name.as_bytes(), b"\0"].concat().into()
}

/// `wasmvm_types`.
pub struct Types(Vec<Entry>);
impl Types {
    pub fn of_exports(exports: impl Iterator<Item = ExportType>) -> Types {
        Types(exports.map(|export| Entry::new(None, &export.name, &export.ty)).collect())
    }
    pub fn of_imports(imports: impl Iterator<Item = ImportType>) -> Types {
        let entry = |import: ImportType| Entry::new(Some(&import.module), &import.name, &import.ty);
        Types(imports.map(entry).collect())
    }
}

/// `wasmvm_type`.
#[repr(C)]
pub struct CType {
    module: *const c_char,
    module_len: usize,
    name: *const c_char,
    name_len: usize,
    kind: u32,
    ty: *const c_char,
    signature: *const c_char,
}

#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_types_delete(types: Option<Box<Types>>) {
    delete(types);
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_types_count(types: Option<&Types>) -> usize {
    types.map_or(0, |types| types.0.len())
}
#[unsafe(no_mangle)]
pub extern "C" fn wasmvm_types_get(types: Option<&Types>, index: usize, out: Out<CType>) -> bool {
    guard_or(false, || {
        let entry = types.and_then(|types| types.0.get(index));
        let (Some(entry), Some(out)) = (entry, out) else { return false };
        let null = core::ptr::null();
        out.write(CType {
            module: entry.module.as_ref().map_or(null, |name| name.as_ptr().cast()),
            module_len: entry.module.as_ref().map_or(0, |name| name.len() - 1),
            name: entry.name.as_ptr().cast(),
            name_len: entry.name.len() - 1,
            kind: entry.kind,
            ty: entry.ty.as_ptr(),
            signature: entry.signature.as_ref().map_or(null, |text| text.as_ptr()),
        });
        true
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_read_and_written() {
        for (text, written) in [
            ("()->", "()->"),
            ("(ii)->i", "(ii)->i"),
            ("(i l f d v)->(r c a x)", "(ilfdv)->rcax"),
            ("()->()", "()->"),
        ] {
            let ty = signature(text).unwrap_or_else(|_| panic!("{text}"));
            assert_eq!(signature_text(&ty).as_deref(), Some(written));
        }
        for wrong in ["", "ii->i", "(ii)", "(ii)i", "(k)->", "()->(i", "()->i)", "(I)->i"] {
            assert!(signature(wrong).is_err(), "{wrong}");
        }
    }
    #[test]
    fn fields_are_read() {
        let read = fields("!i d !b h").unwrap_or_else(|_| panic!("a list"));
        let mutable: Vec<bool> = read.iter().map(|field| field.mutable).collect();
        assert_eq!(mutable, [true, false, true, false]);
        let (f64, i8, i16) = (StorageType::Val(ValType::F64), StorageType::I8, StorageType::I16);
        assert_eq!([read[1].storage, read[2].storage, read[3].storage], [f64, i8, i16]);
        for wrong in ["!", "!!i", "i!", "k"] {
            assert!(fields(wrong).is_err(), "{wrong}");
        }
    }
}
