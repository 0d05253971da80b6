//! Imports for any module. Also used by the package in fuzz/.

use wasmvm::{
    Extern, ExternType, Func, Global, Memory, Module, RefType, Store, Table, Tag, Val, ValType,
};

/// Imports that do nothing; `None` if one cannot be made.
pub fn imports(store: &mut Store<()>, module: &Module) -> Option<Vec<Extern>> {
    let types: Vec<ExternType> = module.imports().map(|import| import.ty).collect();
    let default = |ty: ValType| match ty {
        ValType::Ref(RefType { nullable: false, .. }) => None,
        ty => Some(Val::default_for(ty)),
    };
    let make = |ty: ExternType| {
        Some(match ty {
            ExternType::Func(ty) => {
                let results: Option<Vec<Val>> = ty.results.iter().map(|&ty| default(ty)).collect();
                let results = results?;
                Extern::Func(Func::new(&mut *store, ty, move |_, _, places| {
                    places.copy_from_slice(&results);
                    Ok(())
                }))
            }
            ExternType::Table(ty) => {
                let init = default(ValType::Ref(ty.element))?;
                Extern::Table(Table::new(&mut *store, ty, init).ok()?)
            }
            ExternType::Memory(ty) => Extern::Memory(Memory::new(&mut *store, ty).ok()?),
            ExternType::Global(ty) => {
                Extern::Global(Global::new(&mut *store, ty, default(ty.value)?).ok()?)
            }
            ExternType::Tag(ty) => Extern::Tag(Tag::new(&mut *store, &ty.params)),
        })
    };
    types.into_iter().map(make).collect()
}
