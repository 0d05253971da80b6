//! Decides how instructions are dispatched: a property of the target, not a cargo feature.
//!
//! Threaded dispatch needs sibling calls, which LLVM makes only from optimised code; everywhere
//! else the same handlers run under one loop. `WASMVM_DISPATCH=loop|threaded` overrides.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=WASMVM_DISPATCH");
    let env = |name: &str| std::env::var(name).unwrap_or_default();
    let optimised = matches!(env("OPT_LEVEL").as_str(), "2" | "3" | "s" | "z");
    let capable = env("CARGO_CFG_TARGET_ARCH") == "x86_64";
    let threaded = match env("WASMVM_DISPATCH").as_str() {
        "loop" => false,
        "threaded" => true,
        _ => optimised && capable,
    };
    if threaded {
        println!("cargo:rustc-cfg=threaded");
        // Operands in registers multiply the handlers, which is what `small` is not to have.
        if std::env::var_os("CARGO_FEATURE_SMALL").is_none() {
            println!("cargo:rustc-cfg=registers");
        }
    }
}
