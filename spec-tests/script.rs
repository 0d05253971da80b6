//! Runs one script (`.wast` file) against the engine and counts what held.

use crate::engine::{Failure, Features, Host, Instance, Kind, Module};
use crate::value::{self, Value};
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, QuoteWatTest, Wast, WastDirective, WastExecute, WastInvoke, WastThread, Wat};

/// Assertions that held, of all.
#[derive(Clone, Copy, Default, Debug)]
pub struct Count {
    pub passed: u64,
    pub total: u64,
}

impl Count {
    pub fn add(&mut self, other: Count) {
        self.passed += other.passed;
        self.total += other.total;
    }
}

/// What one script came to.
#[derive(Default, Debug)]
pub struct Report {
    /// Assertions about the engine.
    pub judged: Count,
    /// Assertions that the text parser alone decided: they say nothing about the engine.
    pub text: Count,
    /// Everything that went wrong, with its line: assertions, and directives that assert nothing
    /// but must succeed (`module`, `register`, `invoke`).
    pub failures: Vec<(usize, String)>,
    /// Why the text parser could not read the script at all.
    pub unreadable: Option<String>,
}

/// Runs a script.
pub fn run(source: &str, features: Features) -> Report {
    let mut report = Report::default();
    let mut lexer = Lexer::new(source);
    lexer.allow_confusing_unicode(true);
    let parsed = ParseBuffer::new_with_lexer(lexer);
    let buffer = match parsed {
        Ok(buffer) => buffer,
        Err(error) => {
            report.unreadable = Some(first_line(&error));
            return report;
        }
    };
    let wast = match parser::parse::<Wast<'_>>(&buffer) {
        Ok(wast) => wast,
        Err(error) => {
            let (line, _) = error.span().linecol_in(source);
            report.unreadable = Some(format!("line {}: {}", line + 1, first_line(&error)));
            return report;
        }
    };
    let mut script =
        Script { source, host: Host::new(features), scope: Scope::default(), report: &mut report };
    for directive in wast.directives {
        script.directive(directive);
    }
    report
}

fn first_line(error: &wast::Error) -> String {
    error.message().lines().next().unwrap_or_default().to_string()
}

/// The names a script has given; a `thread` block has a scope of its own.
#[derive(Default)]
struct Scope {
    current: Option<Instance>,
    instances: HashMap<String, Instance>,
    definition: Option<Module>,
    definitions: HashMap<String, Module>,
}

struct Script<'a> {
    source: &'a str,
    host: Host,
    scope: Scope,
    report: &'a mut Report,
}

/// The outcome of a directive: `Err` says what went wrong.
type Outcome = Result<(), String>;

/// Whose judgement an outcome is.
enum Judge {
    Engine,
    TextParser,
}

impl Script<'_> {
    fn directive(&mut self, directive: WastDirective<'_>) {
        let line = directive.span().linecol_in(self.source).0 + 1;
        let asserts = !matches!(
            directive,
            WastDirective::Module(_)
                | WastDirective::ModuleDefinition(_)
                | WastDirective::ModuleInstance { .. }
                | WastDirective::Register { .. }
                | WastDirective::Invoke(_)
                | WastDirective::Thread(_)
                | WastDirective::Wait { .. }
        );
        let (judge, outcome) = catch_unwind(AssertUnwindSafe(|| self.perform(directive)))
            .unwrap_or_else(|panic| {
                let text = panic
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()))
                    .unwrap_or_default();
                (Judge::Engine, Err(format!("PANIC: {text}")))
            });
        let count = match judge {
            Judge::Engine => &mut self.report.judged,
            Judge::TextParser => &mut self.report.text,
        };
        if asserts {
            count.total += 1;
            count.passed += u64::from(outcome.is_ok());
        }
        if let Err(message) = outcome {
            self.report.failures.push((line, message));
        }
    }

    fn perform(&mut self, directive: WastDirective<'_>) -> (Judge, Outcome) {
        use WastDirective as D;
        let outcome = match directive {
            D::AssertMalformed { module, message, .. }
            | D::AssertMalformedCustom { module, message, .. } => {
                return self.must_reject(module, Kind::Malformed, message);
            }
            D::AssertInvalid { module, message, .. }
            | D::AssertInvalidCustom { module, message, .. } => {
                return self.must_reject(module, Kind::Invalid, message);
            }
            D::Module(module) => self.module(module),
            D::ModuleDefinition(mut module) => {
                let name = module.name().map(|id| id.name().to_string());
                self.define(name, &mut module).map(drop)
            }
            D::ModuleInstance { instance, module, .. } => {
                self.instance(instance.map(|id| id.name()), module.map(|id| id.name()))
            }
            D::Register { name, module, .. } => {
                let instance = self.find(module.map(|id| id.name())).cloned();
                instance.and_then(|instance| self.host.register(name, &instance).map_err(text))
            }
            D::Invoke(invoke) => self.invoke(&invoke).map(drop),
            D::AssertReturn { exec, results, .. } => self.execute(exec).and_then(|outcome| {
                let got = outcome.map_err(text)?;
                value::mismatch(&got, &results).map_or(Ok(()), Err)
            }),
            D::AssertTrap { exec, message, .. } => {
                self.execute(exec).and_then(|outcome| expect(outcome, Kind::Trap, message))
            }
            D::AssertExhaustion { call, message, .. } => {
                self.call(&call).and_then(|outcome| expect(outcome, Kind::Trap, message))
            }
            D::AssertException { exec, .. } => {
                self.execute(exec).and_then(|outcome| expect(outcome, Kind::Exception, ""))
            }
            D::AssertUnlinkable { mut module, message, .. } => module
                .encode()
                .map_err(|error| format!("text parser: {}", first_line(&error)))
                .and_then(|bytes| {
                    let outcome = self.instantiate(&bytes).map(|_| Vec::new());
                    expect(outcome, Kind::Link, message)
                }),
            D::AssertSuspension { .. } => Err("stack switching is not supported".to_string()),
            D::Thread(thread) => self.thread(thread),
            // The thread has run to its end where it was declared.
            D::Wait { .. } => Ok(()),
        };
        (Judge::Engine, outcome)
    }

    /// A module that must be rejected, by the text parser or by the engine.
    fn must_reject(
        &mut self,
        mut module: QuoteWat<'_>,
        kind: Kind,
        message: &str,
    ) -> (Judge, Outcome) {
        let quoted = matches!(module, QuoteWat::QuoteModule(..) | QuoteWat::QuoteComponent(..));
        let Ok(bytes) = encode(&mut module) else { return (Judge::TextParser, Ok(())) };
        let outcome = match self.host.compile(&bytes) {
            Ok(_) => Err(format!("accepted, expected {kind:?}: {message}")),
            // What the text parser let pass is no longer "malformed" for whoever reads the bytes.
            Err(failure) if quoted && failure.kind.is_rejection() => Ok(()),
            Err(failure) => expect(Err(failure), kind, message),
        };
        (Judge::Engine, outcome)
    }

    fn module(&mut self, mut module: QuoteWat<'_>) -> Outcome {
        let name = module.name().map(|id| id.name().to_string());
        self.scope.current = None;
        let module = self.define(name.clone(), &mut module)?;
        let instance = self.host.instantiate(&module).map_err(text)?;
        self.scope.current = Some(instance.clone());
        if let Some(name) = name {
            self.scope.instances.insert(name, instance);
        }
        Ok(())
    }

    fn define(
        &mut self,
        name: Option<String>,
        module: &mut QuoteWat<'_>,
    ) -> Result<Module, String> {
        let bytes = encode(module).map_err(|error| format!("text parser: {error}"))?;
        let module = self.host.compile(&bytes).map_err(text)?;
        self.scope.definition = Some(module.clone());
        if let Some(name) = name {
            self.scope.definitions.insert(name, module.clone());
        }
        Ok(module)
    }

    fn instance(&mut self, name: Option<&str>, module: Option<&str>) -> Outcome {
        let module = match module {
            Some(module) => self.scope.definitions.get(module),
            None => self.scope.definition.as_ref(),
        };
        let module = module.ok_or("no such module definition")?.clone();
        let instance = self.host.instantiate(&module).map_err(text)?;
        if let Some(name) = name {
            self.scope.instances.insert(name.to_string(), instance.clone());
        }
        self.scope.current = Some(instance);
        Ok(())
    }

    fn find(&self, name: Option<&str>) -> Result<&Instance, String> {
        let instance = match name {
            Some(name) => self.scope.instances.get(name),
            None => self.scope.current.as_ref(),
        };
        instance.ok_or_else(|| "the instance does not exist".to_string())
    }

    /// Runs the block at once, in a scope of its own: one of the interleavings that the script
    /// allows, as long as nothing in it waits for what comes later.
    fn thread(&mut self, thread: WastThread<'_>) -> Outcome {
        let mut inner = Scope::default();
        if let Some(shared) = thread.shared_module {
            let instance = self.find(Some(shared.name()))?.clone();
            inner.current = Some(instance.clone());
            inner.instances.insert(shared.name().to_string(), instance);
        }
        let outer = std::mem::replace(&mut self.scope, inner);
        for directive in thread.directives {
            self.directive(directive);
        }
        self.scope = outer;
        Ok(())
    }

    fn execute(&mut self, exec: WastExecute<'_>) -> Result<Result<Vec<Value>, Failure>, String> {
        match exec {
            WastExecute::Invoke(invoke) => self.call(&invoke),
            WastExecute::Get { module, global, .. } => {
                let instance = self.find(module.map(|id| id.name()))?.clone();
                Ok(self.host.get(&instance, global).map(|value| vec![value]))
            }
            WastExecute::Wat(mut module) => {
                let bytes = encode_wat(&mut module)?;
                Ok(self.instantiate(&bytes).map(|_| Vec::new()))
            }
        }
    }

    fn instantiate(&mut self, bytes: &[u8]) -> Result<Instance, Failure> {
        let module = self.host.compile(bytes)?;
        self.host.instantiate(&module)
    }

    fn call(&mut self, invoke: &WastInvoke<'_>) -> Result<Result<Vec<Value>, Failure>, String> {
        let args: Vec<Value> = invoke.args.iter().map(value::argument).collect::<Result<_, _>>()?;
        let instance = self.find(invoke.module.map(|id| id.name()))?.clone();
        Ok(self.host.invoke(&instance, invoke.name, &args))
    }

    fn invoke(&mut self, invoke: &WastInvoke<'_>) -> Result<Vec<Value>, String> {
        self.call(invoke)?.map_err(text)
    }
}

fn text(failure: Failure) -> String {
    format!("{:?}: {}", failure.kind, failure.message)
}

/// The kind of failure must be the expected one, and one message a prefix of the other, as in the
/// reference interpreter (which has longer messages than some files expect, and shorter ones).
fn expect(outcome: Result<Vec<Value>, Failure>, kind: Kind, message: &str) -> Outcome {
    match outcome {
        Ok(values) => Err(format!("got {}, expected {kind:?}: {message}", value::list(&values))),
        Err(failure) => {
            let words = failure.message.starts_with(message)
                || (!failure.message.is_empty() && message.starts_with(&failure.message));
            if failure.kind == kind && words {
                Ok(())
            } else {
                Err(format!("{}, expected {kind:?}: {message}", text(failure)))
            }
        }
    }
}

fn encode(module: &mut QuoteWat<'_>) -> Result<Vec<u8>, String> {
    let source = match module.to_test().map_err(|error| first_line(&error))? {
        QuoteWatTest::Binary(bytes) => return Ok(bytes),
        QuoteWatTest::Text(source) => source,
    };
    let source = std::str::from_utf8(&source).map_err(|_| "malformed UTF-8 encoding")?;
    let mut lexer = Lexer::new(source);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(|error| first_line(&error))?;
    let mut wat = parser::parse::<Wat<'_>>(&buffer).map_err(|error| first_line(&error))?;
    encode_wat(&mut wat)
}

fn encode_wat(wat: &mut Wat<'_>) -> Result<Vec<u8>, String> {
    wat.encode().map_err(|error| format!("text parser: {}", first_line(&error)))
}
