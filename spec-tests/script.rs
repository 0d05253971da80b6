//! Runs one script (`.wast` file) against the engine and counts what held.

use super::engine::{Failure, Features, Host, Instance, Kind, Module};
use super::value::{self, Value};
use std::collections::HashMap;
use std::fmt;
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

impl Report {
    /// Takes note of an event.
    pub fn add(&mut self, event: Event) {
        match event {
            Event::Assertion(judge, held) => {
                let count = match judge {
                    Judge::Engine => &mut self.judged,
                    Judge::TextParser => &mut self.text,
                };
                count.add(Count { passed: u64::from(held), total: 1 });
            }
            Event::Failure(line, message) => self.failures.push((line, message)),
            Event::Unreadable(reason) => self.unreadable = Some(reason),
            Event::Line(_) | Event::End => {}
        }
    }
}

/// Whose judgement an outcome is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Judge {
    Engine,
    TextParser,
}

/// What happens while a script runs; one line of text each.
#[derive(Debug)]
pub enum Event {
    /// The directive at this line begins.
    Line(usize),
    /// An assertion was judged, and held or not.
    Assertion(Judge, bool),
    /// Something at this line went wrong.
    Failure(usize, String),
    /// The script cannot be read.
    Unreadable(String),
    /// The script has ended.
    End,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Line(line) => write!(f, "L {line}"),
            Event::Assertion(Judge::Engine, held) => write!(f, "J {held}"),
            Event::Assertion(Judge::TextParser, held) => write!(f, "T {held}"),
            Event::Failure(line, message) => write!(f, "F {line} {}", message.replace('\n', " ")),
            Event::Unreadable(reason) => write!(f, "U {}", reason.replace('\n', " ")),
            Event::End => f.write_str("E -"),
        }
    }
}

impl Event {
    /// The event that a line stands for.
    pub fn parse(line: &str) -> Option<Event> {
        let (kind, rest) = line.split_once(' ')?;
        Some(match kind {
            "L" => Event::Line(rest.parse().ok()?),
            "J" => Event::Assertion(Judge::Engine, rest.parse().ok()?),
            "T" => Event::Assertion(Judge::TextParser, rest.parse().ok()?),
            "F" => {
                let (line, message) = rest.split_once(' ')?;
                Event::Failure(line.parse().ok()?, message.to_string())
            }
            "U" => Event::Unreadable(rest.to_string()),
            "E" => Event::End,
            _ => return None,
        })
    }
}

/// Runs a script.
pub fn run(source: &str, features: Features, tell: &mut dyn FnMut(Event)) {
    let parsed = parse(source, |directives| {
        let host = Host::new(features);
        let mut script = Script { source, host, scope: Scope::default(), tell };
        for directive in directives {
            script.directive(directive);
        }
    });
    if let Err(reason) = parsed {
        tell(Event::Unreadable(reason));
    }
}

/// The assertions of a script, none of them run.
pub fn size(source: &str) -> Report {
    let mut report = Report::default();
    let parsed = parse(source, |directives| {
        for directive in directives {
            if !asserts(&directive) {
                continue;
            }
            let judge = match directive {
                WastDirective::AssertMalformed { mut module, .. } => match encode(&mut module) {
                    Ok(_) => Judge::Engine,
                    Err(_) => Judge::TextParser,
                },
                _ => Judge::Engine,
            };
            report.add(Event::Assertion(judge, false));
        }
    });
    report.unreadable = parsed.err();
    report
}

/// Whether a directive is an assertion; the others must succeed all the same.
fn asserts(directive: &WastDirective<'_>) -> bool {
    use WastDirective as D;
    !matches!(
        directive,
        D::Module(_)
            | D::ModuleDefinition(_)
            | D::ModuleInstance { .. }
            | D::Register { .. }
            | D::Invoke(_)
            | D::Thread(_)
            | D::Wait { .. }
    )
}

/// Parses a script and hands its directives on.
fn parse(source: &str, run: impl FnOnce(Vec<WastDirective<'_>>)) -> Result<(), String> {
    let mut lexer = Lexer::new(source);
    lexer.allow_confusing_unicode(true);
    let buffer = ParseBuffer::new_with_lexer(lexer).map_err(|error| first_line(&error))?;
    let wast = parser::parse::<Wast<'_>>(&buffer).map_err(|error| {
        let (line, _) = error.span().linecol_in(source);
        format!("line {}: {}", line + 1, first_line(&error))
    })?;
    run(wast.directives);
    Ok(())
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
    tell: &'a mut dyn FnMut(Event),
}

/// The outcome of a directive: `Err` says what went wrong.
type Outcome = Result<(), String>;

impl Script<'_> {
    fn directive(&mut self, directive: WastDirective<'_>) {
        let line = directive.span().linecol_in(self.source).0 + 1;
        let asserts = asserts(&directive);
        (self.tell)(Event::Line(line));
        let (judge, outcome) = catch_unwind(AssertUnwindSafe(|| self.perform(directive)))
            .unwrap_or_else(|panic| {
                let text = panic
                    .downcast_ref::<String>()
                    .cloned()
                    .or_else(|| panic.downcast_ref::<&str>().map(|text| text.to_string()))
                    .unwrap_or_default();
                (Judge::Engine, Err(format!("PANIC: {text}")))
            });
        if asserts {
            (self.tell)(Event::Assertion(judge, outcome.is_ok()));
        }
        if let Err(message) = outcome {
            (self.tell)(Event::Failure(line, message));
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
                let instance = self.find(module.map(|id| id.name()));
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
        self.scope.current = Some(instance);
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
            self.scope.instances.insert(name.to_string(), instance);
        }
        self.scope.current = Some(instance);
        Ok(())
    }

    fn find(&self, name: Option<&str>) -> Result<Instance, String> {
        let instance = match name {
            Some(name) => self.scope.instances.get(name),
            None => self.scope.current.as_ref(),
        };
        instance.copied().ok_or_else(|| "the instance does not exist".to_string())
    }

    /// Runs the block at once, in a scope of its own: one of the interleavings that the script
    /// allows, as long as nothing in it waits for what comes later.
    fn thread(&mut self, thread: WastThread<'_>) -> Outcome {
        let mut inner = Scope::default();
        if let Some(shared) = thread.shared_module {
            let instance = self.find(Some(shared.name()))?;
            inner.current = Some(instance);
            inner.instances.insert(shared.name().to_string(), instance);
        }
        self.host.enter_thread().map_err(text)?;
        let outer = std::mem::replace(&mut self.scope, inner);
        for directive in thread.directives {
            self.directive(directive);
        }
        self.scope = outer;
        self.host.leave_thread();
        Ok(())
    }

    fn execute(&mut self, exec: WastExecute<'_>) -> Result<Result<Vec<Value>, Failure>, String> {
        match exec {
            WastExecute::Invoke(invoke) => self.call(&invoke),
            WastExecute::Get { module, global, .. } => {
                let instance = self.find(module.map(|id| id.name()))?;
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
        let instance = self.find(invoke.module.map(|id| id.name()))?;
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
