//! The engine under test, as the scripts need it. The only file that knows its interface.

use crate::value::Value;

/// A language to accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Features {
    Wasm3,
    LegacyExceptions,
    Threads,
    WideArithmetic,
    CustomPageSizes,
    CompactImports,
    /// Everything the engine has.
    All,
}

/// What kind of failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Malformed,
    Invalid,
    Link,
    Trap,
    Exception,
    Unsupported,
    Other,
}

impl Kind {
    /// Whether the module was rejected as such.
    pub fn is_rejection(self) -> bool {
        matches!(self, Kind::Malformed | Kind::Invalid)
    }
}

/// Why something did not happen.
#[derive(Clone, Debug)]
pub struct Failure {
    pub kind: Kind,
    pub message: String,
}

/// A store with the `spectest` module and whatever a script registers.
pub struct Host;

#[derive(Clone)]
pub struct Module;

#[derive(Clone)]
pub struct Instance;

fn missing<T>() -> Result<T, Failure> {
    Err(Failure { kind: Kind::Unsupported, message: "there is no engine yet".to_string() })
}

impl Host {
    pub fn new(_features: Features) -> Host {
        Host
    }
    pub fn compile(&mut self, _bytes: &[u8]) -> Result<Module, Failure> {
        missing()
    }
    pub fn instantiate(&mut self, _module: &Module) -> Result<Instance, Failure> {
        missing()
    }
    pub fn register(&mut self, _name: &str, _instance: &Instance) -> Result<(), Failure> {
        missing()
    }
    pub fn invoke(
        &mut self,
        _instance: &Instance,
        _name: &str,
        _args: &[Value],
    ) -> Result<Vec<Value>, Failure> {
        missing()
    }
    pub fn get(&mut self, _instance: &Instance, _name: &str) -> Result<Value, Failure> {
        missing()
    }
}
