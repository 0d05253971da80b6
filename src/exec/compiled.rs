//! A module with its bytes and its code: what instances share.

use super::parallel;
use super::run::{Translation, nobody, stop_handler, translate_stub};
use crate::ir::code::ModuleCode;
use crate::ir::room;
use crate::rt::error::Frame;
use crate::rt::layout::FuncShape;
use crate::rt::signals::Code;
use crate::tuning;
use crate::wasm::error::{Error, ErrorKind};
use crate::wasm::features::Features;
use crate::wasm::module::{Export, ExternKind, Module};
use crate::wasm::names::Names;
use crate::wasm::order::sort_by;
use crate::wasm::registry::TypeRegistry;
use crate::wasm::room::text;
use crate::wasm::sync::Lock;
use crate::wasm::validate;
use alloc::boxed::Box;
use alloc::collections::TryReserveError;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering};

/// The bytes of a module.
#[derive(Debug)]
pub enum Bytes {
    /// Owned.
    Owned(Vec<u8>),
    /// A file in memory.
    #[cfg(feature = "std")]
    Mapped(memmap2::Mmap),
}
impl Bytes {
    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        match self {
            Bytes::Owned(bytes) => bytes,
            #[cfg(feature = "std")]
            Bytes::Mapped(map) => map,
        }
    }
}

/// How modules are compiled.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Which proposals are on.
    pub features: Features,
    /// Charge fuel.
    pub fuel: bool,
    /// Look for interrupts.
    pub interrupts: bool,
    /// Load modules with invalid function bodies.
    pub invalid_functions: bool,
    /// The deterministic profile.
    pub deterministic: bool,
    /// When functions are validated and translated.
    pub when: When,
    /// How many threads may do that while a module is loaded; 0 is as many as there are processors.
    pub threads: usize,
}
/// When functions are validated and translated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// Validated when the module is loaded, translated on the first call.
    #[default]
    Called,
    /// Both when it is loaded.
    Loaded,
    /// Both on the first call: until then nobody looks at a body.
    Needed,
}

/// What was spent on a module so far.
#[derive(Debug, Default)]
pub struct Times {
    /// On decoding.
    pub decode_nanos: u64,
    /// On validation.
    pub validate_nanos: u64,
    /// On translation, which validates again.
    pub translate_nanos: Lock<u64>,
    /// How many functions were translated.
    pub translated: AtomicU32,
}
impl Times {
    /// Measures the translation of a function.
    pub fn translating<R>(&self, f: impl FnOnce() -> R) -> R {
        let watch = Stopwatch::start();
        let result = f();
        *self.translate_nanos.lock() += watch.nanos();
        self.translated.fetch_add(1, Ordering::Relaxed);
        result
    }
}

/// Measures time where there is a clock.
struct Stopwatch(#[cfg(feature = "std")] std::time::Instant);
impl Stopwatch {
    fn start() -> Stopwatch {
        Stopwatch(
            #[cfg(feature = "std")]
            std::time::Instant::now(),
        )
    }
    fn nanos(&self) -> u64 {
        #[cfg(feature = "std")]
        return self.0.elapsed().as_nanos() as u64;
        #[cfg(not(feature = "std"))]
        0
    }
}

/// A compiled module.
#[derive(Debug)]
pub struct CompiledModule {
    /// What was decoded.
    pub module: Module,
    /// Its code.
    pub code: ModuleCode,
    bytes: Bytes,
    options: Options,
    /// What is wrong with function bodies, if they may be invalid.
    invalid: Vec<Error>,
    times: Times,
    /// The exports in the order of their names.
    exports_by_name: Box<[u32]>,
    memory_export: Option<u32>,
    /// What calls have to know of types, by type index.
    shapes: Box<[FuncShape]>,
}
impl CompiledModule {
    /// Decodes and validates a module; translates it if the options say so.
    ///
    /// # Errors
    /// The module is malformed, invalid, or uses what is off.
    pub fn new(
        bytes: Bytes,
        options: &Options,
        registry: &TypeRegistry,
    ) -> Result<Arc<CompiledModule>, Error> {
        let watch = Stopwatch::start();
        let module = decode(bytes.as_slice(), options, registry)?;
        let decode_nanos = watch.nanos();
        let watch = Stopwatch::start();
        // Translation validates: what is translated at once need not be looked at before.
        let invalid = match options.when {
            When::Loaded if !options.invalid_functions => Vec::new(),
            When::Needed => Vec::new(),
            When::Loaded | When::Called => validate_bodies(&module, bytes.as_slice(), options)?,
        };
        let validate_nanos = watch.nanos();
        let (code, exports_by_name) = places(&module).map_err(room::missing(0))?;
        let shapes = shapes(&module).map_err(room::missing(0))?;
        let mut compiled = CompiledModule {
            module,
            code,
            bytes,
            options: *options,
            invalid,
            times: Times { decode_nanos, validate_nanos, ..Times::default() },
            exports_by_name,
            memory_export: None,
            shapes,
        };
        compiled.memory_export = compiled
            .export("memory")
            .filter(|export| export.kind == ExternKind::Memory)
            .map(|export| export.index);
        let compiled = shared(compiled);
        compiled.code.bind(Arc::as_ptr(&compiled).cast());
        if options.when == When::Loaded {
            compiled.translate_all()?;
        }
        Ok(compiled)
    }
    fn translate_all(&self) -> Result<(), Error> {
        let work = |translation: &mut Translation<'_>, func| {
            if !self.is_invalid(func) {
                let published = self.code.publish(func, translation.function(func)?);
                published.map_err(room::missing(self.module.code[func as usize].start))?;
            }
            Ok(())
        };
        let result =
            for_each_body(&self.module, &self.options, || Translation::new(self, false), work);
        result.or_else(|error: Error| {
            // What is wrong with the module comes before what this program cannot do.
            if error.kind() != ErrorKind::Invalid {
                check_bodies(&self.module, self.bytes())?;
            }
            Err(error)
        })
    }
    /// The module's bytes.
    pub fn bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }
    /// How long it took to get here.
    pub fn times(&self) -> &Times {
        &self.times
    }
    /// How it is compiled.
    pub fn options(&self) -> &Options {
        &self.options
    }
    /// What is wrong with function bodies, in the order of the functions.
    pub fn invalid(&self) -> &[Error] {
        &self.invalid
    }
    /// Whether the body of a defined function is invalid.
    pub fn is_invalid(&self, func: u32) -> bool {
        let func = func.saturating_add(self.module.num_imported_funcs());
        self.invalid.binary_search_by_key(&Some(func), Error::func).is_ok()
    }
    /// The engine's types.
    pub fn registry(&self) -> &TypeRegistry {
        self.module.registry()
    }
    /// The export of this name.
    ///
    /// # Complexity
    /// Logarithmic in the number of exports.
    pub fn export(&self, name: &str) -> Option<&Export> {
        let exports = &self.module.exports;
        let by_name = |&i: &u32| (*exports[i as usize].name).cmp(name);
        let at = self.exports_by_name.binary_search_by(by_name).ok()?;
        exports.get(self.exports_by_name[at] as usize)
    }
    /// The memory that is exported as `memory`: what host functions see of a guest.
    pub fn memory_export(&self) -> Option<u32> {
        self.memory_export
    }
    /// What calls have to know of the type of a function.
    ///
    /// # Panics
    /// If there is no such function.
    pub fn shape(&self, func: u32) -> FuncShape {
        self.shapes[self.module.funcs[func as usize] as usize]
    }
    /// A number that no other module has while this one is there.
    pub fn id(&self) -> usize {
        core::ptr::from_ref(self) as usize
    }
    /// A frame of a backtrace, with names.
    pub fn frame(&self, func: u32, offset: u32, names: &Names) -> Frame {
        // A name that there is no memory for is left out.
        let copy = |name: &str| if tuning::SMALL { Some(name.into()) } else { text(name).ok() };
        let export = || {
            let named = |export: &&Export| export.kind == ExternKind::Func && export.index == func;
            self.module.exports.iter().find(named).and_then(|export| copy(&export.name))
        };
        Frame {
            func,
            name: names.func(func).and_then(copy).or_else(export),
            module: names.module.as_deref().and_then(copy),
            module_id: self.id(),
            offset,
        }
    }
}

impl Code for CompiledModule {
    fn stop_turns(&self, stop: bool) {
        self.code.stop_turns(stop);
    }
}

/// The places for the code of a module, and its exports in the order of their names.
fn places(module: &Module) -> Result<(ModuleCode, Box<[u32]>), TryReserveError> {
    let exports = &module.exports;
    let mut by_name = room::list(exports.len())?;
    by_name.extend(0..exports.len() as u32);
    sort_by(&mut by_name, |&i, &j| exports[i as usize].name.cmp(&exports[j as usize].name));
    let code = ModuleCode::new(module.code.len(), translate_stub(), stop_handler())?;
    Ok((code, by_name.into_boxed_slice()))
}
/// What calls have to know of the module's types.
fn shapes(module: &Module) -> Result<Box<[FuncShape]>, TryReserveError> {
    let mut shapes = room::list(module.types.len())?;
    shapes.extend(
        (0..).zip(&module.types).map(|(index, &id)| {
            FuncShape::of(id, module.type_def(index).and_then(|def| def.func()))
        }),
    );
    Ok(shapes.into_boxed_slice())
}
/// What instances share. This is of a constant size: if there is no memory for it, the process
/// ends.
#[cfg_attr(not(feature = "small"), inline(never))]
fn shared(compiled: CompiledModule) -> Arc<CompiledModule> {
    Arc::new(compiled)
}

/// Decodes and validates a module.
///
/// # Errors
/// It is malformed, invalid, or uses what is off.
pub fn check(bytes: &[u8], options: &Options, registry: &TypeRegistry) -> Result<(), Error> {
    let module = decode(bytes, options, registry)?;
    let options = Options { invalid_functions: false, ..*options };
    validate_bodies(&module, bytes, &options).map(|_| ())
}
fn decode(bytes: &[u8], options: &Options, registry: &TypeRegistry) -> Result<Module, Error> {
    Module::decode_checking(bytes, &options.features, registry, check_bodies)
}
/// Validates all function bodies, on this thread: something else is wrong with the module.
fn check_bodies(module: &Module, bytes: &[u8]) -> Result<(), Error> {
    validate_bodies(module, bytes, &Options { threads: 1, ..Options::default() }).map(|_| ())
}
/// Validates all function bodies; gives the errors of those that are invalid, if they may be.
fn validate_bodies(module: &Module, bytes: &[u8], options: &Options) -> Result<Vec<Error>, Error> {
    let errors = Lock::new(Vec::new());
    let worker = || (nobody(module), validate::Scratch::new());
    for_each_body(module, options, worker, |(nobody, scratch), func| {
        match validate::func(module, bytes, func, nobody, scratch) {
            Err(error) if options.invalid_functions && error.kind() == ErrorKind::Invalid => {
                room::push(&mut *errors.lock(), error, 0)
            }
            result => result.map(|_| ()),
        }
    })?;
    let mut errors = core::mem::take(&mut *errors.lock());
    if parallel::THREADS {
        sort_by(&mut errors, |a, b| a.func().cmp(&b.func()));
    }
    Ok(errors)
}
/// Does something for each function body: see [`parallel::for_each`].
fn for_each_body<W>(
    module: &Module,
    options: &Options,
    worker: impl Fn() -> W + Sync,
    each: impl Fn(&mut W, u32) -> Result<(), Error> + Sync,
) -> Result<(), Error> {
    let bytes = module.code.iter().map(|body| body.len()).sum();
    parallel::for_each((module.code.len() as u32, bytes), options.threads, worker, each)
}
