//! Runs one script (`.wast` file) against the engine and counts what held.

use super::engine::{Failure, Features, Host, Instance, Item, Kind, Module};
use super::twin::{self, Widen};
use super::value::{self, Value};
use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread::{self, Builder, ScopedJoinHandle};
use wast::lexer::Lexer;
use wast::parser::{self, ParseBuffer};
use wast::{QuoteWat, QuoteWatTest, Wast, WastDirective, WastExecute, WastInvoke, WastThread, Wat};

/// Assertions that held, of all.
#[derive(Clone, Copy, Default, Debug, PartialEq)]
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
#[derive(Default, Debug, PartialEq)]
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
pub fn run(source: &str, features: Features, widen: Option<Widen>, tell: &mut dyn FnMut(Event)) {
    let parsed = parse(source, |directives| {
        thread::scope(|threads| {
            let (scope, running) = (Scope::default(), HashMap::new());
            let host = Host::new(features);
            let script = Script { source, widen, widened: 0, host, scope, tell, threads, running };
            script.directives(directives);
        });
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

/// Whether a directive says that a module is rejected before it is linked.
fn rejects(directive: &WastDirective<'_>) -> bool {
    use WastDirective as D;
    matches!(
        directive,
        D::AssertMalformed { .. }
            | D::AssertMalformedCustom { .. }
            | D::AssertInvalid { .. }
            | D::AssertInvalidCustom { .. }
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
    current: Option<Item>,
    instances: HashMap<String, Item>,
    definition: Option<Module>,
    definitions: HashMap<String, Module>,
}

/// A script, or a `thread` block of one, which lives on a thread of its own and shares nothing
/// with others but what the script says.
struct Script<'scope, 'env, 'a> {
    source: &'env str,
    /// Which memories and tables are to have 64-bit addresses.
    widen: Option<Widen>,
    /// How many modules have been changed for that.
    widened: u32,
    host: Host,
    scope: Scope,
    tell: &'a mut dyn FnMut(Event),
    threads: &'scope thread::Scope<'scope, 'env>,
    /// The threads that nobody has waited for, with what they tell at their end.
    running: HashMap<String, ScopedJoinHandle<'scope, Vec<Event>>>,
}

/// The outcome of a directive: `Err` says what went wrong.
type Outcome = Result<(), String>;

impl<'env> Script<'_, 'env, '_> {
    /// Runs all directives, and waits for all threads.
    fn directives(mut self, directives: Vec<WastDirective<'env>>) {
        for directive in directives {
            self.directive(directive);
        }
        for (_, thread) in std::mem::take(&mut self.running) {
            self.join(thread);
        }
        if self.widen.is_some() && self.widened == 0 {
            (self.tell)(Event::Failure(0, "no module has a twin".to_string()));
        }
    }

    fn directive(&mut self, directive: WastDirective<'env>) {
        if self.widen.is_some() && rejects(&directive) {
            // Said of the module itself; it says nothing about its twin.
            return;
        }
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

    fn perform(&mut self, directive: WastDirective<'env>) -> (Judge, Outcome) {
        use WastDirective as D;
        let outcome = match directive {
            D::AssertMalformed { module, message, .. } => {
                return self.must_reject(module, Kind::Malformed, message, false);
            }
            D::AssertMalformedCustom { module, message, .. } => {
                return self.must_reject(module, Kind::Malformed, message, true);
            }
            D::AssertInvalid { module, message, .. } => {
                return self.must_reject(module, Kind::Invalid, message, false);
            }
            D::AssertInvalidCustom { module, message, .. } => {
                return self.must_reject(module, Kind::Invalid, message, true);
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
                let item = self.item(module.map(|id| id.name()));
                item.and_then(|item| self.host.register(name, &item).map_err(text))
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
            D::AssertUnlinkable { mut module, message, .. } => {
                encode_wat(&mut module).and_then(|bytes| {
                    let outcome = self.instantiate(&bytes)?.map(|_| Vec::new());
                    expect(outcome, Kind::Link, message)
                })
            }
            D::AssertSuspension { .. } => Err("stack switching is not supported".to_string()),
            D::Thread(thread) => self.thread(thread),
            D::Wait { thread, .. } => match self.running.remove(thread.name()) {
                Some(thread) => {
                    self.join(thread);
                    Ok(())
                }
                None => Err("no such thread".to_string()),
            },
        };
        (Judge::Engine, outcome)
    }

    /// A module that must be rejected, by the text parser or by the engine; one with a custom
    /// section (`custom`) at the latest when that is read.
    fn must_reject(
        &mut self,
        mut module: QuoteWat<'_>,
        kind: Kind,
        message: &str,
        custom: bool,
    ) -> (Judge, Outcome) {
        let quoted = matches!(module, QuoteWat::QuoteModule(..) | QuoteWat::QuoteComponent(..));
        let Ok(bytes) = encode(&mut module) else { return (Judge::TextParser, Ok(())) };
        let mut verdict = self.host.compile(&bytes);
        if custom {
            verdict = verdict.and_then(|module| {
                self.host.read_customs(&module)?;
                Ok(module)
            });
        }
        let outcome = match verdict {
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
        self.name(name, instance);
        Ok(())
    }

    fn define(
        &mut self,
        name: Option<String>,
        module: &mut QuoteWat<'_>,
    ) -> Result<Module, String> {
        let bytes = encode(module).map_err(|error| format!("text parser: {error}"))?;
        let bytes = self.widened(bytes)?;
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
        self.name(name.map(str::to_string), instance);
        Ok(())
    }

    /// Makes an instance the current one, and gives it a name.
    fn name(&mut self, name: Option<String>, instance: Instance) {
        if let Some(name) = name {
            self.scope.instances.insert(name, Item::Instance(instance));
        }
        self.scope.current = Some(Item::Instance(instance));
    }

    fn item(&self, name: Option<&str>) -> Result<Item, String> {
        let item = match name {
            Some(name) => self.scope.instances.get(name),
            None => self.scope.current.as_ref(),
        };
        item.cloned().ok_or_else(|| "the instance does not exist".to_string())
    }

    fn find(&self, name: Option<&str>) -> Result<Instance, String> {
        match self.item(name)? {
            Item::Instance(instance) => Ok(instance),
            Item::Shared(_) => Err("the instance belongs to another thread".to_string()),
        }
    }

    /// Begins a thread with a store of its own.
    fn thread(&mut self, thread: WastThread<'env>) -> Outcome {
        let mut scope = Scope::default();
        if let Some(shared) = thread.shared_module {
            let item = self.host.share(&self.item(Some(shared.name()))?).map_err(text)?;
            scope.instances.insert(shared.name().to_string(), item);
        }
        let (source, widen, threads) = (self.source, self.widen, self.threads);
        let host = self.host.thread();
        let run = move || {
            let mut events = Vec::new();
            let tell = &mut |event| events.push(event);
            let running = HashMap::new();
            let script = Script { source, widen, widened: 0, host, scope, tell, threads, running };
            script.directives(thread.directives);
            events
        };
        // The text parser recurses.
        let builder = Builder::new().stack_size(16 << 20);
        let handle = builder.spawn_scoped(self.threads, run).map_err(|error| error.to_string())?;
        match self.running.insert(thread.name.name().to_string(), handle) {
            Some(_) => Err("a thread of this name is running".to_string()),
            None => Ok(()),
        }
    }

    /// Waits for a thread, and tells what it has told.
    fn join(&mut self, thread: ScopedJoinHandle<'_, Vec<Event>>) {
        // Directives catch panics.
        for event in thread.join().expect("no thread panics") {
            (self.tell)(event);
        }
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
                Ok(self.instantiate(&bytes)?.map(|_| Vec::new()))
            }
        }
    }

    /// The module, or its twin.
    fn widened(&mut self, bytes: Vec<u8>) -> Result<Vec<u8>, String> {
        let Some(widen) = self.widen else { return Ok(bytes) };
        let twin = twin::rewrite(&bytes, widen)?;
        self.widened += u32::from(twin.is_some());
        Ok(twin.unwrap_or(bytes))
    }

    fn instantiate(&mut self, bytes: &[u8]) -> Result<Result<Instance, Failure>, String> {
        let bytes = self.widened(bytes.to_vec())?;
        let module = self.host.compile(&bytes);
        Ok(module.and_then(|module| self.host.instantiate(&module)))
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
