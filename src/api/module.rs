//! Modules.

use super::{Engine, Error, ExternType, TypeId};
use crate::exec::compiled::{Bytes, CompiledModule};
use crate::wasm::error::Quoted;
use crate::wasm::hints::BranchHint;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::sync::atomic::Ordering;
use core::time::Duration;

/// An import of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportType {
    /// The module name.
    pub module: String,
    /// The name.
    pub name: String,
    /// What it must be.
    pub ty: ExternType,
}
impl fmt::Display for ImportType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}: {}", Quoted(&self.module), Quoted(&self.name), self.ty)
    }
}

/// An export of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportType {
    /// The name.
    pub name: String,
    /// What it is.
    pub ty: ExternType,
}
impl fmt::Display for ExportType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Quoted(&self.name), self.ty)
    }
}

/// What was spent on a module. Without the standard library there is no clock: no time passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModuleStats {
    /// On decoding.
    pub decode: Duration,
    /// On validation.
    pub validate: Duration,
    /// On the translation of functions, which is done at their first call.
    pub translate: Duration,
    /// How many functions were translated.
    pub translated_functions: u32,
}

/// A module: decoded and validated, ready to be instantiated any number of times. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Module {
    engine: Engine,
    compiled: Arc<CompiledModule>,
}
impl Module {
    /// Loads a module in the binary format.
    ///
    /// # Errors
    /// Malformed, Invalid, Unsupported, Limit: with the byte offset.
    pub fn new(engine: &Engine, bytes: impl Into<Vec<u8>>) -> Result<Module, Error> {
        Module::from_bytes(engine, Bytes::Owned(bytes.into()))
    }
    /// Loads a module from a file, which is mapped, not read: it must not change meanwhile.
    ///
    /// # Errors
    /// Host: the file cannot be opened; otherwise as for [`Module::new`].
    #[cfg(feature = "std")]
    #[allow(unsafe_code)]
    pub fn from_file(engine: &Engine, path: impl AsRef<std::path::Path>) -> Result<Module, Error> {
        let file = std::fs::File::open(path)?;
        let len = file.metadata()?.len();
        if len == 0 {
            return Module::new(engine, Vec::new());
        }
        // SAFETY: R5: the file is mapped privately; whoever changes it meanwhile breaks the
        // documented condition.
        let map = unsafe { memmap2::Mmap::map(&file) }?;
        Module::from_bytes(engine, Bytes::Mapped(map))
    }
    fn from_bytes(engine: &Engine, bytes: Bytes) -> Result<Module, Error> {
        let compiled = CompiledModule::new(bytes, &engine.options(), engine.registry())?;
        Ok(Module { engine: engine.clone(), compiled })
    }
    /// Checks a module without keeping it.
    ///
    /// # Errors
    /// As for [`Module::new`].
    pub fn validate(engine: &Engine, bytes: &[u8]) -> Result<(), Error> {
        let options = engine.options();
        crate::exec::compiled::check(bytes, &options, engine.registry())?;
        Ok(())
    }
    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
    /// The imports, in order.
    pub fn imports(&self) -> impl ExactSizeIterator<Item = ImportType> + '_ {
        self.compiled.module.imports.iter().map(|import| ImportType {
            module: import.module.to_string(),
            name: import.name.to_string(),
            ty: ExternType::resolve(self.engine.registry(), &import.ty),
        })
    }
    /// The exports, in order.
    pub fn exports(&self) -> impl ExactSizeIterator<Item = ExportType> + '_ {
        let module = &self.compiled.module;
        module.exports.iter().map(|export| ExportType {
            name: export.name.to_string(),
            ty: ExternType::resolve(self.engine.registry(), &module.export_type(export)),
        })
    }
    /// A number that no other module has while this one is there: that of
    /// [`Frame::module_id`](super::Frame::module_id).
    pub fn id(&self) -> usize {
        self.compiled.id()
    }
    /// What is wrong with the invalid function bodies, if
    /// [`Config::invalid_functions`](super::Config::invalid_functions) lets them pass.
    pub fn invalid_functions(&self) -> impl ExactSizeIterator<Item = Error> + '_ {
        self.compiled.invalid().iter().map(|error| error.clone().into())
    }
    /// What was spent on the module so far.
    pub fn stats(&self) -> ModuleStats {
        let times = self.compiled.times();
        ModuleStats {
            decode: Duration::from_nanos(times.decode_nanos),
            validate: Duration::from_nanos(times.validate_nanos),
            translate: Duration::from_nanos(*times.translate_nanos.lock()),
            translated_functions: times.translated.load(Ordering::Relaxed),
        }
    }
    /// The index of the export of this name, among what it is: functions, tables, …
    pub fn export_index(&self, name: &str) -> Option<u32> {
        self.compiled.export(name).map(|export| export.index)
    }
    /// The type of this index in the type section: for objects of it.
    pub fn type_id(&self, index: u32) -> Option<TypeId> {
        self.compiled.module.types.get(index as usize).copied()
    }
    /// The module's own name, from its name section.
    pub fn name(&self) -> Option<String> {
        self.compiled.module.names(self.compiled.bytes()).module.map(Into::into)
    }
    /// The contents of the custom sections of this name.
    pub fn custom_sections<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> + 'a {
        let named = self.compiled.module.customs.iter().filter(move |custom| &*custom.name == name);
        named.filter_map(|custom| self.compiled.bytes().get(custom.bytes.clone()))
    }
    /// What the module says about its branches (custom section `metadata.code.branch_hint`): which
    /// way they usually go. Nothing depends on it.
    ///
    /// # Errors
    /// Malformed or Invalid: the section is there, and is not as it should be.
    pub fn branch_hints(&self) -> Result<Vec<BranchHint>, Error> {
        Ok(crate::wasm::hints::branch_hints(&self.compiled.module, self.compiled.bytes())?)
    }
    /// The module's bytes.
    pub fn bytes(&self) -> &[u8] {
        self.compiled.bytes()
    }
    /// The code of a function as text, our instructions beside the module's byte offsets.
    ///
    /// # Errors
    /// Usage: there is no such function; Unsupported: it cannot be translated.
    pub fn disassemble(&self, func: u32) -> Result<String, Error> {
        use core::fmt::Write;
        let imported = self.compiled.module.num_imported_funcs();
        let defined = func
            .checked_sub(imported)
            .filter(|&f| (f as usize) < self.compiled.module.code.len())
            .ok_or_else(|| Error::usage("no such function is defined here"))?;
        let code = crate::exec::run::translate_function(&self.compiled, defined, true)?;
        let mut text = String::new();
        for (at, offset, line) in &code.listing {
            let _ = writeln!(text, "{at:6}  {offset:#8x}  {line}");
        }
        Ok(text)
    }
    /// Hands the address of every instruction's handler to `f`, and the instruction's length in
    /// bytes, for a census.
    ///
    /// # Errors
    /// Unsupported: a function cannot be translated.
    #[doc(hidden)]
    pub fn handlers(&self, mut f: impl FnMut(u64, u32)) -> Result<(), Error> {
        for defined in 0..self.compiled.module.code.len() as u32 {
            let code = crate::exec::run::translate_function(&self.compiled, defined, true)?;
            let mut end = code.words.len() as u32 * 8;
            for &(at, ..) in code.listing.iter().rev() {
                f(code.handler(at) as u64, end - at);
                end = at;
            }
        }
        Ok(())
    }
    pub(crate) fn compiled(&self) -> &Arc<CompiledModule> {
        &self.compiled
    }
}
