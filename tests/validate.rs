//! Decoder and validator against the specification's own tests, and against `wasmparser` on
//! damaged modules.

#[path = "peer/cases.rs"]
mod cases;
#[path = "peer/features.rs"]
mod features;
#[path = "peer/random.rs"]
mod random;

use cases::{Case, Expected, cases};
use random::Random;
use std::collections::BTreeMap;
use wasmvm::wasm::error::{Error, ErrorKind};
use wasmvm::wasm::features::Features;
use wasmvm::wasm::module::Module;
use wasmvm::wasm::registry::TypeRegistry;
use wasmvm::wasm::{ops, validate};

/// What a test file is written for: some malformed modules are well-formed in a proposal.
fn features_of(file: &str) -> Features {
    let proposals = ["threads", "wide-arithmetic", "custom-page-sizes", "compact-import"];
    if file.contains("custom-descriptors") {
        Features::WASM3.union(Features::CUSTOM_DESCRIPTORS)
    } else if file.contains("threads-testsuite") {
        // Of the time of one memory and one table.
        Features::MVP.union(Features::BULK_MEMORY).union(Features::THREADS)
    } else if proposals.iter().any(|proposal| file.contains(proposal)) {
        Features::ALL
    } else {
        Features::WASM3
    }
}

fn check(bytes: &[u8], features: &Features) -> Result<(), Error> {
    let module = Module::decode(bytes, features, &TypeRegistry::new())?;
    validate::module(&module, bytes)
}

#[test]
fn specification_suite() {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    let mut failures = Vec::new();
    for case in cases() {
        let verdict = check(&case.bytes, &features_of(&case.file));
        let (class, ok) = match (&case.expected, &verdict) {
            (Expected::Valid, verdict) => ("valid", verdict.is_ok()),
            (Expected::Invalid(message), Err(error)) => (
                "invalid",
                matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Limit)
                    && error.message().starts_with(message.as_str()),
            ),
            (Expected::Invalid(_), Ok(())) => ("invalid", false),
            (Expected::Malformed(message), Err(error)) => (
                "malformed",
                error.kind() == ErrorKind::Malformed
                    && error.message().starts_with(message.as_str()),
            ),
            (Expected::Malformed(_), Ok(())) => ("malformed", false),
        };
        *counts.entry(class).or_default() += 1;
        if !ok {
            failures.push(format!(
                "{}:{}: expected {:?}, got {verdict:?}",
                case.file, case.line, case.expected
            ));
        }
    }
    println!("{counts:?}");
    assert!(counts["valid"] > 1000 && counts["invalid"] > 1000 && counts["malformed"] > 500);
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

/// How many damaged modules to try; more with `WASMVM_MUTATIONS`.
fn rounds() -> usize {
    std::env::var("WASMVM_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(20_000)
}

#[test]
fn verdicts_on_damaged_modules() {
    let modules: Vec<Case> = cases()
        .into_iter()
        .filter(|case| case.bytes.len() > 8 && case.bytes.len() < 20_000)
        .collect();
    let seed = std::env::var("WASMVM_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(1);
    let mut random = Random::new(seed);
    let (mut accepted, mut differences) = (0, Vec::new());
    for _ in 0..rounds() {
        let case = &modules[random.below(modules.len())];
        let mut bytes = case.bytes.clone();
        if random.below(4) == 0 {
            bytes.truncate(random.below(bytes.len()));
        } else {
            let at = 8 + random.below(bytes.len() - 8);
            bytes[at] = match random.below(3) {
                0 => random.next() as u8,
                1 => bytes[at].wrapping_add(1),
                _ => bytes[at] ^ 1 << random.below(8),
            };
        }
        // Mostly everything; now and then several bytes, or fewer proposals.
        while random.below(8) == 0 && bytes.len() > 8 {
            let at = 8 + random.below(bytes.len() - 8);
            bytes[at] = random.next() as u8;
        }
        let set = if random.below(2) == 0 { 0 } else { random.below(5) };
        let (features, peer) = features::sets()[set];
        let ours = check(&bytes, &features);
        let theirs = wasmparser::Validator::new_with_features(peer).validate_all(&bytes);
        accepted += u32::from(ours.is_ok());
        if ours.is_ok() != theirs.is_ok() && !is_known(&ours, &bytes) {
            differences.push(format!(
                "{}:{} set {set}: {ours:?}, {:?}\n  {bytes:02x?}",
                case.file,
                case.line,
                theirs.err()
            ));
        }
    }
    println!("{} damaged modules, {accepted} valid", rounds());
    assert!(
        differences.is_empty(),
        "{} differences:\n{}",
        differences.len(),
        differences.join("\n")
    );
}

/// Where the two differ on purpose.
fn is_known(ours: &Result<(), Error>, bytes: &[u8]) -> bool {
    let Err(error) = ours else { return false };
    let kind = match error.kind() {
        ErrorKind::Unsupported => features::Kind::Unsupported,
        ErrorKind::Malformed => features::Kind::Malformed,
        _ => return false,
    };
    features::is_known(kind, error.message(), error.offset(), bytes)
}

/// Every vector instruction, in text: the encoder and the table must agree on opcode, operands
/// and result.
#[test]
fn vector_rows_agree_with_the_text_format() {
    for op in ops::SimdOp::ALL {
        let (operands, result) = op.signature();
        let mut body = String::new();
        if op.shape().is_memory() {
            body += "i32.const 0 ";
        }
        for ty in operands {
            body += match ty.to_string().as_str() {
                "v128" => "v128.const i64x2 0 0 ",
                "i32" => "i32.const 0 ",
                "i64" => "i64.const 0 ",
                "f32" => "f32.const 0 ",
                _ => "f64.const 0 ",
            };
        }
        body += op.text();
        body += match op.shape() {
            ops::SimdShape::Const => " i64x2 0 0",
            ops::SimdShape::Shuffle => " 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 31",
            _ => "",
        };
        if op.shape().has_lane() {
            body += &format!(" {}", op.lanes() - 1);
        }
        let result = result.map_or(String::new(), |ty| format!("(result {ty})"));
        let text = format!("(module (memory 1) (func {result} {body}))");
        let bytes = wat::parse_str(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        check(&bytes, &Features::ALL).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert!(wasmparser::Validator::new().validate_all(&bytes).is_ok(), "{text}");
    }
}

/// A module of one section after the other.
fn module_of(sections: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    for (id, content) in sections {
        bytes.push(*id);
        number(&mut bytes, content.len());
        bytes.extend_from_slice(content);
    }
    bytes
}
fn number(bytes: &mut Vec<u8>, value: usize) {
    leb128::write::unsigned(bytes, value as u64).unwrap();
}
/// A list of `count` times the same bytes.
fn list_of(count: usize, item: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    number(&mut bytes, count);
    bytes.extend(item.repeat(count));
    bytes
}
/// The code section with this one body.
fn code_of(body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![1];
    number(&mut bytes, body.len() + 1);
    bytes.push(0);
    bytes.extend_from_slice(body);
    bytes
}
const ONE_TYPE: &[u8] = &[1, 0x60, 0, 0];

/// What grows with a few bytes of input must not grow faster than the input.
#[test]
fn large_modules_load_in_linear_time() {
    let one_func =
        |body: &[u8]| module_of(&[(1, ONE_TYPE.to_vec()), (3, vec![1, 0]), (10, code_of(body))]);
    let check_in_time = |what: &str, bytes: &[u8]| {
        let start = std::time::Instant::now();
        let verdict = check(bytes, &Features::ALL);
        let seconds = start.elapsed().as_secs_f64();
        println!("{what}: {} bytes, {seconds:.3} s", bytes.len());
        assert!(verdict.is_ok(), "{what}: {verdict:?}");
        // Some seconds at most; what is quadratic would take hours.
        assert!(seconds < 60.0, "{what}: {seconds} s");
    };
    // Every label is named by a br_table, from the innermost of 1,000,000 blocks.
    let depth = 1_000_000;
    let mut body = [0x02, 0x40].repeat(depth);
    body.extend([0x41, 0, 0x0E]);
    number(&mut body, depth);
    (0..=depth).for_each(|label| number(&mut body, label));
    body.extend([0x0B].repeat(depth + 1));
    check_in_time("blocks and labels", &one_func(&body));

    // Functions with 50,000 locals in five bytes.
    let funcs = 300_000;
    let mut code = Vec::new();
    number(&mut code, funcs);
    code.extend([6, 1, 0xD0, 0x86, 0x03, 0x7F, 0x0B].repeat(funcs));
    let func_section = list_of(funcs, &[0]);
    check_in_time("locals", &module_of(&[(1, ONE_TYPE.to_vec()), (3, func_section), (10, code)]));

    // In unreachable code, arrays of 10,000 operands that are not there; calls of 1,000 operands.
    let mut types = vec![3, 0x60, 0, 0, 0x5E, 0x7F, 0, 0x60];
    types.extend(list_of(1000, &[0x7E]));
    types.push(0);
    let mut body = vec![0x00];
    body.extend([0xFB, 8, 1, 0x90, 0x4E, 0x1A].repeat(600_000));
    body.extend([0x10, 1].repeat(1_000_000));
    body.push(0x0B);
    let funcs = (3, vec![2, 0, 2]);
    let mut code = code_of(&body);
    code[0] = 2;
    code.extend([3, 0, 0x00, 0x0B]);
    check_in_time("missing operands", &module_of(&[(1, types), funcs, (10, code)]));

    // Different types: structures of up to 20 fields that are i8 or i16, mutable or not.
    let mut types = Vec::new();
    number(&mut types, 1_000_000);
    for i in 0..1_000_000u32 {
        types.extend([0x5F, 10]);
        types.extend(
            (0..10).flat_map(|bit| {
                [0x77 + (i >> (2 * bit) & 1) as u8, (i >> (2 * bit + 1) & 1) as u8]
            }),
        );
    }
    check_in_time("types", &module_of(&[(1, types)]));

    // One recursion group, each type referring to the next.
    let count = 1_000_000;
    let mut types = vec![1, 0x4E];
    number(&mut types, count);
    for i in 0..count {
        types.extend([0x5F, 1, 0x63]);
        leb128::write::signed(&mut types, ((i + 1) % count) as i64).unwrap();
        types.push(0);
    }
    check_in_time("recursion group", &module_of(&[(1, types)]));

    // One import module name of 1,000,000 bytes, shared by 300,000 imports of no name.
    let mut imports = vec![1];
    number(&mut imports, 1_000_000);
    imports.extend([b'm'].repeat(1_000_000));
    imports.extend([0, 0x7E, 0, 0]);
    imports.extend(list_of(300_000, &[0]));
    check_in_time("imports", &module_of(&[(1, ONE_TYPE.to_vec()), (2, imports)]));
}
