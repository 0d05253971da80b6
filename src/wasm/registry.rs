//! The defined types of an engine, each exactly once (spec §3.2.3).
//!
//! Two recursion groups are equal if they are structurally equal after references into the group
//! itself are rolled up into positions. Every distinct group is stored once, its types get
//! consecutive numbers, and from then on types are equal exactly if their numbers are: imports,
//! `call_indirect` and casts across modules compare integers.
//!
//! Adding takes a lock; reading does not. Types live as long as the registry.

use super::compact::MAX_TYPE_IDS;
use super::limits;
use super::object::ObjectLayout;
use super::room;
use super::sync::{Lock, Once};
use super::types::{CompositeType, FieldType, FuncType, HeapType, StorageType, TypeId, ValType};
use crate::tuning;
use alloc::boxed::Box;
use alloc::collections::TryReserveError;
use alloc::collections::btree_map::{BTreeMap, Entry, VacantEntry};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};
use core::iter;

/// In a group that is not yet registered: a reference to the type at this position of the group.
const REC: u32 = 1 << 31;

/// A reference to the type at `position` of the group being built.
pub(crate) const fn rec(position: u32) -> TypeId {
    TypeId(REC | position)
}

/// Ancestors that are found without looking into the display.
pub const NEAR: usize = 8;
/// No type has this number.
const NO_TYPE: TypeId = TypeId(u32::MAX);

/// A defined type (spec §2.3.9 subtypes).
#[derive(Debug)]
pub struct TypeDef {
    /// Its number.
    pub id: TypeId,
    /// What it is.
    pub composite: CompositeType,
    /// The type it is declared below.
    pub supertype: Option<TypeId>,
    /// Whether no type can be declared below it.
    pub is_final: bool,
    /// The type of the descriptors that its objects have.
    pub descriptor: Option<TypeId>,
    /// The type whose objects its own are descriptors of.
    pub describes: Option<TypeId>,
    /// All its ancestors by depth, itself last.
    pub display: Box<[TypeId]>,
    /// The first of these, so that most tests need not look further.
    pub near: [TypeId; NEAR],
    /// How its objects lie in memory.
    pub layout: ObjectLayout,
    /// How many types its recursion group has.
    group_count: u32,
}
impl TypeDef {
    /// The function type, if it is one.
    #[inline]
    pub fn func(&self) -> Option<&FuncType> {
        if let CompositeType::Func(ty) = &self.composite { Some(ty) } else { None }
    }
    /// The fields, if it is a structure.
    #[inline]
    pub fn fields(&self) -> Option<&[FieldType]> {
        if let CompositeType::Struct(fields) = &self.composite { Some(fields) } else { None }
    }
    /// The element, if it is an array.
    #[inline]
    pub fn element(&self) -> Option<FieldType> {
        if let CompositeType::Array(field) = &self.composite { Some(*field) } else { None }
    }
    /// How many ancestors it has.
    #[inline]
    pub fn depth(&self) -> usize {
        self.display.len() - 1
    }
    /// Whether it is `other` or declared below it.
    #[inline]
    pub fn is_below(&self, other: &TypeDef) -> bool {
        self.display.get(other.depth()) == Some(&other.id)
    }
}

/// A type of a group that is to be registered; references into the group are [`rec`] numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct SubType {
    pub composite: CompositeType,
    pub supertype: Option<TypeId>,
    pub is_final: bool,
    pub descriptor: Option<TypeId>,
    pub describes: Option<TypeId>,
}
impl SubType {
    /// A final type without supertype.
    pub fn new(composite: CompositeType) -> SubType {
        SubType { composite, supertype: None, is_final: true, descriptor: None, describes: None }
    }
}

/// Why a group cannot be registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RegisterError {
    /// The type at this position has too many ancestors.
    TooDeep(usize),
    /// No numbers are left.
    Full,
    /// No memory is left.
    OutOfMemory,
}
impl From<TryReserveError> for RegisterError {
    fn from(_: TryReserveError) -> RegisterError {
        RegisterError::OutOfMemory
    }
}

/// All defined types of an engine; cheap to clone, clones are the same registry.
#[derive(Clone, Debug, Default)]
pub struct TypeRegistry(Arc<Inner>);

/// The first block has `FIRST_BLOCK` types and each further one twice as many as the one before.
const FIRST_BLOCK: u32 = 64;
const BLOCKS: usize = 24;

type Block = Box<[Once<Arc<TypeDef>>]>;

#[derive(Debug, Default)]
struct Inner {
    blocks: [Once<Block>; BLOCKS],
    index: Lock<Index>,
}
#[derive(Debug, Default)]
struct Index {
    count: u32,
    /// The groups by the hash of the rolled form: their first types.
    groups: BTreeMap<u64, TypeId>,
    /// Groups with the hash of another one: as good as never any.
    collisions: Vec<TypeId>,
}

impl<T> Default for Once<T> {
    fn default() -> Once<T> {
        Once::new()
    }
}

/// Block and place of a type.
#[cfg_attr(not(feature = "small"), inline(always))]
fn locate(id: TypeId) -> (usize, usize) {
    let n = u64::from(id.0) + u64::from(FIRST_BLOCK);
    let block = n.ilog2() - FIRST_BLOCK.ilog2();
    (block as usize, (n - (u64::from(FIRST_BLOCK) << block)) as usize)
}

impl TypeRegistry {
    /// An empty registry.
    pub fn new() -> TypeRegistry {
        TypeRegistry::default()
    }
    /// The type with this number, if there is one.
    #[inline]
    pub fn lookup(&self, id: TypeId) -> Option<&Arc<TypeDef>> {
        let (block, place) = locate(id);
        self.0.blocks.get(block)?.get()?.get(place)?.get()
    }
    /// The type with this number.
    ///
    /// # Panics
    /// If the number does not come from this registry.
    #[inline]
    pub fn get(&self, id: TypeId) -> &Arc<TypeDef> {
        self.lookup(id).expect("a type of this registry")
    }
    /// How many types there are.
    pub fn count(&self) -> u32 {
        self.0.index.lock().count
    }
    /// Whether `sub` is `sup` or declared below it.
    ///
    /// # Complexity
    /// Constant.
    #[inline]
    pub fn is_subtype(&self, sub: TypeId, sup: TypeId) -> bool {
        sub == sup || self.get(sub).is_below(self.get(sup))
    }
    /// The type of functions with these parameters and results: final, without supertype, in a
    /// group of its own; what a function of the host has.
    pub fn func_type(&self, params: &[ValType], results: &[ValType]) -> TypeId {
        let ty = FuncType { params: params.into(), results: results.into() };
        let def = SubType::new(CompositeType::Func(ty));
        // 2^28 distinct types do not fit into the memory of any machine of today.
        self.register(alloc::vec![def]).expect("a type number is left")
    }

    /// A final type without supertype, in a group of its own.
    ///
    /// # Errors
    /// Too many fields, or types: how many.
    pub fn add(&self, composite: CompositeType) -> Result<TypeId, u64> {
        let fields = if let CompositeType::Struct(fields) = &composite { fields.len() } else { 0 };
        if fields > limits::FIELDS {
            return Err(fields as u64);
        }
        self.register(alloc::vec![SubType::new(composite)]).map_err(|_| u64::from(self.count()))
    }
    /// Whether it is no defined type, or one of this registry.
    pub fn knows(&self, heap: HeapType) -> bool {
        heap.type_id().is_none_or(|id| self.lookup(id).is_some())
    }

    /// The number of the first type of this group; the others follow.
    ///
    /// # Complexity
    /// Linear in the size of the group (and the logarithm of the number of groups).
    pub(crate) fn register(&self, group: Vec<SubType>) -> Result<TypeId, RegisterError> {
        let mut hasher = new_hasher();
        group.hash(&mut hasher);
        let mut index = self.0.index.lock();
        let index = &mut *index;
        let entry = index.groups.entry(hasher.finish());
        if let Entry::Occupied(other) = &entry {
            let mut candidates = iter::once(other.get()).chain(&index.collisions);
            if let Some(&first) = candidates.find(|&&first| self.is_group(first, &group)) {
                return Ok(first);
            }
        }
        let first = index.count;
        let count = group.len() as u32;
        if group.len() >= (MAX_TYPE_IDS - first) as usize {
            return Err(RegisterError::Full);
        }
        check_depth(self, &group)?;
        let is_func = |ty: &SubType| matches!(ty.composite, CompositeType::Func(_));
        let mut funcs: Vec<bool> = room::list(group.len())?;
        funcs.extend(group.iter().map(is_func));
        self.make_room(first, count)?;
        if !tuning::SMALL {
            index.collisions.try_reserve(1)?;
        }
        for (position, mut ty) in group.into_iter().enumerate() {
            for_each_id(&mut ty, &mut |id| {
                if id.0 & REC != 0 {
                    id.0 = first + (id.0 & !REC);
                }
            });
            let put = self.put(TypeId(first + position as u32), ty, first, &funcs);
            // Of a group that is not complete nobody knows the numbers, and nobody gets them.
            index.count += u32::from(tuning::SMALL || put.is_ok());
            put?;
        }
        match entry {
            Entry::Vacant(entry) => return Ok(note(entry, TypeId(first))),
            Entry::Occupied(_) => index.collisions.push(TypeId(first)),
        }
        Ok(TypeId(first))
    }
    /// Makes the blocks for the types with these numbers.
    fn make_room(&self, first: u32, count: u32) -> Result<(), RegisterError> {
        let (from, to) = (locate(TypeId(first)).0, locate(TypeId(first + count - 1)).0);
        for block in from..=to {
            if self.0.blocks[block].get().is_none() {
                let size = (FIRST_BLOCK as usize) << block;
                let mut places = room::list(size)?;
                places.resize_with(size, Once::new);
                self.0.blocks[block].get_or_init(|| places.into_boxed_slice());
            }
        }
        Ok(())
    }
    /// Adds a type of the group that begins with `first`, for which there is a block; `funcs` says
    /// which of it are functions.
    fn put(
        &self,
        id: TypeId,
        ty: SubType,
        first: u32,
        funcs: &[bool],
    ) -> Result<(), TryReserveError> {
        let above: &[TypeId] = match ty.supertype {
            Some(supertype) => &self.get(supertype).display,
            None => &[],
        };
        let mut display = room::few(above.len() + 1)?;
        display.extend_from_slice(above);
        display.push(id);
        let SubType { composite, supertype, is_final, descriptor, describes } = ty;
        let display = display.into_boxed_slice();
        let mut near = [NO_TYPE; NEAR];
        for (near, &id) in near.iter_mut().zip(&display) {
            *near = id;
        }
        let on_heap = |heap| match heap {
            HeapType::Func | HeapType::NoFunc | HeapType::Bottom => false,
            HeapType::Defined(TypeId(id)) | HeapType::Exact(TypeId(id)) => {
                match funcs.get(id.wrapping_sub(first) as usize) {
                    Some(is_func) => !is_func,
                    None => self.get(TypeId(id)).func().is_none(),
                }
            }
            _ => true,
        };
        let layout = match &composite {
            CompositeType::Func(_) => ObjectLayout::func(),
            CompositeType::Array(element) => ObjectLayout::array(*element, &on_heap),
            CompositeType::Struct(fields) => {
                ObjectLayout::structure(fields, descriptor.is_some(), &on_heap)?
            }
        };
        let group_count = funcs.len() as u32;
        let def = TypeDef {
            id,
            composite,
            supertype,
            is_final,
            descriptor,
            describes,
            display,
            near,
            layout,
            group_count,
        };
        let (block, place) = locate(id);
        let block = self.0.blocks[block].get().expect("made before");
        block[place].get_or_init(|| record(def));
        Ok(())
    }
    /// Whether the group that begins with `first` is this one.
    fn is_group(&self, first: TypeId, group: &[SubType]) -> bool {
        let count = group.len() as u32;
        if self.get(first).group_count != count {
            return false;
        }
        let same = |stored: TypeId, new: TypeId| {
            let in_group = stored.0.wrapping_sub(first.0) < count;
            stored.0 == if new.0 & REC != 0 { first.0 + (new.0 & !REC) } else { new.0 }
                && in_group == (new.0 & REC != 0)
        };
        group.iter().enumerate().all(|(position, new)| {
            let stored = self.get(TypeId(first.0 + position as u32));
            let both = |stored: Option<TypeId>, new: Option<TypeId>| match (stored, new) {
                (None, None) => true,
                (Some(a), Some(b)) => same(a, b),
                _ => false,
            };
            both(stored.supertype, new.supertype)
                && both(stored.descriptor, new.descriptor)
                && both(stored.describes, new.describes)
                && stored.is_final == new.is_final
                && same_composite(&stored.composite, &new.composite, &same)
        })
    }
}

/// Notes the first type of a group in the index. Its nodes have a constant size; if there is no
/// memory for one, the process ends.
#[cfg_attr(not(feature = "small"), inline(never))]
fn note(entry: VacantEntry<'_, u64, TypeId>, first: TypeId) -> TypeId {
    // What comes after the call keeps this function in the backtrace of who looks.
    *entry.insert(first)
}
/// The record of a type. There is no other way to make what is shared than this, which ends the
/// process if there is no memory; so it has a constant size, as nodes of the index have.
#[cfg_attr(not(feature = "small"), inline(never))]
fn record(def: TypeDef) -> Arc<TypeDef> {
    Arc::new(def)
}

fn check_depth(registry: &TypeRegistry, group: &[SubType]) -> Result<(), RegisterError> {
    let mut depths: Vec<u8> = room::list(group.len())?;
    for (position, ty) in group.iter().enumerate() {
        let depth = match ty.supertype {
            None => 0,
            // A supertype comes before: the decoder has checked it.
            Some(TypeId(id)) if id & REC != 0 => {
                usize::from(depths.get((id & !REC) as usize).copied().unwrap_or(u8::MAX)) + 1
            }
            Some(id) => registry.get(id).depth() + 1,
        };
        if depth > limits::SUBTYPE_DEPTH {
            return Err(RegisterError::TooDeep(position));
        }
        depths.push(depth as u8);
    }
    Ok(())
}

/// A keyed hash that cannot be made to collide at will, so that a module cannot make registering
/// quadratic.
#[allow(deprecated)]
fn new_hasher() -> core::hash::SipHasher {
    core::hash::SipHasher::new_with_keys(0x7761_736d_766d_0001, 0x7479_7065_732d_6964)
}

fn for_each_val(ty: &mut ValType, visit: &mut impl FnMut(&mut TypeId)) {
    if let ValType::Ref(ty) = ty
        && let HeapType::Defined(id) | HeapType::Exact(id) = &mut ty.heap
    {
        visit(id);
    }
}
/// Visits every reference to a defined type.
fn for_each_id(ty: &mut SubType, visit: &mut impl FnMut(&mut TypeId)) {
    let types = [&mut ty.supertype, &mut ty.descriptor, &mut ty.describes];
    types.into_iter().flatten().for_each(&mut *visit);
    let mut field = |field: &mut FieldType| {
        if let StorageType::Val(ty) = &mut field.storage {
            for_each_val(ty, visit);
        }
    };
    match &mut ty.composite {
        CompositeType::Struct(fields) => fields.iter_mut().for_each(field),
        CompositeType::Array(element) => field(element),
        CompositeType::Func(ty) => {
            ty.params.iter_mut().chain(&mut ty.results).for_each(|ty| for_each_val(ty, visit));
        }
    }
}

/// Structural equality, with `same` deciding about references to defined types.
fn same_composite(
    a: &CompositeType,
    b: &CompositeType,
    same: &impl Fn(TypeId, TypeId) -> bool,
) -> bool {
    let val = |a: &ValType, b: &ValType| match (a, b) {
        (ValType::Ref(a), ValType::Ref(b)) => {
            a.nullable == b.nullable
                && match (a.heap, b.heap) {
                    (HeapType::Defined(a), HeapType::Defined(b))
                    | (HeapType::Exact(a), HeapType::Exact(b)) => same(a, b),
                    (a, b) => a == b,
                }
        }
        (a, b) => a == b,
    };
    let vals = |a: &[ValType], b: &[ValType]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| val(a, b))
    };
    let field = |a: &FieldType, b: &FieldType| {
        a.mutable == b.mutable
            && match (&a.storage, &b.storage) {
                (StorageType::Val(a), StorageType::Val(b)) => val(a, b),
                (a, b) => a == b,
            }
    };
    match (a, b) {
        (CompositeType::Func(a), CompositeType::Func(b)) => {
            vals(&a.params, &b.params) && vals(&a.results, &b.results)
        }
        (CompositeType::Struct(a), CompositeType::Struct(b)) => {
            a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| field(a, b))
        }
        (CompositeType::Array(a), CompositeType::Array(b)) => field(a, b),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::types::RefType;
    use super::*;

    fn func_with(param: TypeId) -> SubType {
        let heap = HeapType::Defined(param);
        let params = [ValType::Ref(RefType { nullable: true, heap })];
        let ty = FuncType { params: params.into(), results: [].into() };
        SubType::new(CompositeType::Func(ty))
    }
    fn open(supertype: Option<TypeId>) -> SubType {
        let def = SubType::new(CompositeType::Struct([].into()));
        SubType { supertype, is_final: false, ..def }
    }

    #[test]
    fn equal_groups_are_one() {
        let registry = TypeRegistry::new();
        let a = registry.register(alloc::vec![func_with(rec(0))]).unwrap();
        let b = registry.register(alloc::vec![func_with(rec(0))]).unwrap();
        assert_eq!(a, b);
        // Unrolled once it is another type (iso-recursive, not equi-recursive).
        let c = registry.register(alloc::vec![func_with(a)]).unwrap();
        assert_ne!(a, c);
        let pair = alloc::vec![func_with(rec(1)), func_with(rec(0))];
        let d = registry.register(pair.clone()).unwrap();
        assert_eq!(registry.register(pair).unwrap(), d);
        assert_eq!(registry.count(), 4);
        assert_eq!(
            registry.func_type(&[ValType::I32], &[]),
            registry.func_type(&[ValType::I32], &[])
        );
    }
    #[test]
    fn displays() {
        let registry = TypeRegistry::new();
        let mut chain = alloc::vec![registry.register(alloc::vec![open(None)]).unwrap()];
        for _ in 0..limits::SUBTYPE_DEPTH {
            let above = *chain.last().unwrap();
            chain.push(registry.register(alloc::vec![open(Some(above))]).unwrap());
        }
        for (i, &a) in chain.iter().enumerate() {
            for (j, &b) in chain.iter().enumerate() {
                assert_eq!(registry.is_subtype(a, b), i >= j);
            }
        }
        let deepest = *chain.last().unwrap();
        let error = registry.register(alloc::vec![open(Some(deepest))]);
        assert_eq!(error, Err(RegisterError::TooDeep(0)));
    }
    #[test]
    fn places() {
        let mut next = (0, 0);
        for id in 0..10_000 {
            assert_eq!(locate(TypeId(id)), next);
            next.1 += 1;
            if next.1 == (FIRST_BLOCK as usize) << next.0 {
                next = (next.0 + 1, 0);
            }
        }
        assert!(locate(TypeId(MAX_TYPE_IDS - 1)).0 < BLOCKS);
    }
}
