//! Matching of types (spec §3.3): "is every value of this type also one of that?"

use super::compact::Ty;
use super::module::ExternType;
use super::registry::TypeRegistry;
use super::types::{
    CompositeType, FieldType, FuncType, HeapType, Limits, RefType, StorageType, ValType,
};

/// §3.3.3: heap types.
pub fn heap_type_matches(registry: &TypeRegistry, sub: HeapType, sup: HeapType) -> bool {
    use HeapType::{
        Any, Array, Bottom, Defined, Eq, Exact, Exn, Extern, Func, I31, NoExn, NoExtern, NoFunc,
        None, Struct,
    };
    let composite = |id| registry.lookup(id).map(|def| &def.composite);
    match (sub, sup) {
        _ if sub == sup => true,
        (Bottom, _)
        | (Eq | I31 | Struct | Array, Any)
        | (I31 | Struct | Array, Eq)
        | (None, Any | Eq | I31 | Struct | Array)
        | (NoFunc, Func)
        | (NoExtern, Extern)
        | (NoExn, Exn) => true,
        (Defined(a) | Exact(a), Defined(b)) => registry.is_subtype(a, b),
        (Defined(id) | Exact(id), Any | Eq) | (None, Defined(id) | Exact(id)) => {
            matches!(composite(id), Some(CompositeType::Struct(_) | CompositeType::Array(_)))
        }
        (Defined(id) | Exact(id), Struct) => {
            matches!(composite(id), Some(CompositeType::Struct(_)))
        }
        (Defined(id) | Exact(id), Array) => matches!(composite(id), Some(CompositeType::Array(_))),
        (Defined(id) | Exact(id), Func) | (NoFunc, Defined(id) | Exact(id)) => {
            matches!(composite(id), Some(CompositeType::Func(_)))
        }
        _ => false,
    }
}

/// §3.3.4: reference types.
pub fn ref_type_matches(registry: &TypeRegistry, sub: RefType, sup: RefType) -> bool {
    (sup.nullable || !sub.nullable) && heap_type_matches(registry, sub.heap, sup.heap)
}

/// §3.3.5: value types.
pub fn val_type_matches(registry: &TypeRegistry, sub: ValType, sup: ValType) -> bool {
    match (sub, sup) {
        (ValType::Ref(sub), ValType::Ref(sup)) => ref_type_matches(registry, sub, sup),
        _ => sub == sup,
    }
}

/// The same for the validator's operands; bottom is below everything.
pub(crate) fn ty_matches(registry: &TypeRegistry, sub: Ty, sup: Ty) -> bool {
    if sub == sup || sub == Ty::BOT {
        return true;
    }
    match (sub.ref_type(), sup.ref_type()) {
        (Some(sub), Some(sup)) => ref_type_matches(registry, sub, sup),
        _ => false,
    }
}

/// §3.3.6: result types.
pub fn result_type_matches(registry: &TypeRegistry, sub: &[ValType], sup: &[ValType]) -> bool {
    sub.len() == sup.len()
        && sub.iter().zip(sup).all(|(&sub, &sup)| val_type_matches(registry, sub, sup))
}

/// §3.3.8: function types; parameters the other way round.
pub fn func_type_matches(registry: &TypeRegistry, sub: &FuncType, sup: &FuncType) -> bool {
    result_type_matches(registry, &sup.params, &sub.params)
        && result_type_matches(registry, &sub.results, &sup.results)
}

/// §3.3.9: storage types.
pub fn storage_type_matches(registry: &TypeRegistry, sub: StorageType, sup: StorageType) -> bool {
    match (sub, sup) {
        (StorageType::Val(sub), StorageType::Val(sup)) => val_type_matches(registry, sub, sup),
        _ => sub == sup,
    }
}

/// §3.3.9: field types; what can be written must be the same.
pub fn field_type_matches(registry: &TypeRegistry, sub: FieldType, sup: FieldType) -> bool {
    sub.mutable == sup.mutable
        && storage_type_matches(registry, sub.storage, sup.storage)
        && (!sub.mutable || sub.storage == sup.storage)
}

/// §3.3.10: composite types; structures may have more fields.
pub fn composite_type_matches(
    registry: &TypeRegistry,
    sub: &CompositeType,
    sup: &CompositeType,
) -> bool {
    match (sub, sup) {
        (CompositeType::Func(sub), CompositeType::Func(sup)) => {
            func_type_matches(registry, sub, sup)
        }
        (CompositeType::Struct(sub), CompositeType::Struct(sup)) => {
            sub.len() >= sup.len()
                && sub.iter().zip(sup).all(|(&a, &b)| field_type_matches(registry, a, b))
        }
        (CompositeType::Array(sub), CompositeType::Array(sup)) => {
            field_type_matches(registry, *sub, *sup)
        }
        _ => false,
    }
}

/// §3.3.11: limits.
pub fn limits_match(sub: Limits, sup: Limits) -> bool {
    sub.is_64 == sup.is_64
        && sub.min >= sup.min
        && sup.max.is_none_or(|sup| sub.max.is_some_and(|sub| sub <= sup))
}

/// §3.3.16: whether what is provided (`sub`) satisfies an import (`sup`).
///
/// The least size of a memory or table that is provided is its *current* size.
pub fn extern_type_matches(registry: &TypeRegistry, sub: &ExternType, sup: &ExternType) -> bool {
    match (sub, sup) {
        (ExternType::Func(sub), ExternType::Func(sup)) => registry.is_subtype(*sub, *sup),
        // What is provided has the type that it was defined with.
        (ExternType::Func(sub), ExternType::ExactFunc(sup)) => sub == sup,
        (ExternType::Tag(sub), ExternType::Tag(sup)) => sub == sup,
        (ExternType::Memory(sub), ExternType::Memory(sup)) => {
            sub.shared == sup.shared
                && sub.page_size_log2 == sup.page_size_log2
                && limits_match(sub.limits, sup.limits)
        }
        (ExternType::Table(sub), ExternType::Table(sup)) => {
            sub.element == sup.element && limits_match(sub.limits, sup.limits)
        }
        (ExternType::Global(sub), ExternType::Global(sup)) => {
            sub.mutable == sup.mutable
                && if sub.mutable {
                    sub.value == sup.value
                } else {
                    val_type_matches(registry, sub.value, sup.value)
                }
        }
        _ => false,
    }
}

/// The top of the hierarchy that a heap type belongs to (spec §3.3.3).
pub fn top(registry: &TypeRegistry, heap: HeapType) -> HeapType {
    use HeapType::{Any, Exn, Extern, Func, NoExn, NoExtern, NoFunc};
    match heap {
        Func | NoFunc => Func,
        Extern | NoExtern => Extern,
        Exn | NoExn => Exn,
        HeapType::Defined(id) | HeapType::Exact(id) => {
            match registry.lookup(id).map(|def| &def.composite) {
                Some(CompositeType::Func(_)) => Func,
                _ => Any,
            }
        }
        HeapType::Bottom => HeapType::Bottom,
        _ => Any,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abstract_hierarchies() {
        use HeapType::{Any, Array, Eq, Exn, Extern, Func, I31, NoFunc, None, Struct};
        let registry = TypeRegistry::new();
        let below = |a, b| heap_type_matches(&registry, a, b);
        assert!(below(None, I31) && below(I31, Eq) && below(Eq, Any) && below(Struct, Any));
        assert!(!below(Any, Eq) && !below(Func, Any) && !below(Extern, Any) && !below(I31, Array));
        assert!(below(NoFunc, Func) && !below(None, Func) && !below(Exn, Any));
        let id = registry.func_type(&[], &[]);
        assert!(below(HeapType::Defined(id), Func) && below(NoFunc, HeapType::Defined(id)));
        assert!(!below(HeapType::Defined(id), Any) && !below(None, HeapType::Defined(id)));
    }
    #[test]
    fn imports() {
        let registry = TypeRegistry::new();
        let limits = |min, max| Limits { min, max, is_64: false };
        assert!(limits_match(limits(2, Some(3)), limits(1, Some(3))));
        assert!(limits_match(limits(2, Some(3)), limits(2, Option::None)));
        assert!(!limits_match(limits(0, Some(3)), limits(1, Option::None)));
        assert!(!limits_match(limits(2, Option::None), limits(1, Some(3))));
        let a = ExternType::Func(registry.func_type(&[], &[]));
        let b = ExternType::Func(registry.func_type(&[ValType::I32], &[]));
        assert!(extern_type_matches(&registry, &a, &a) && !extern_type_matches(&registry, &a, &b));
    }
}
