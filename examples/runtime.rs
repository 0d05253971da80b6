//! A host that knows modules and instances by numbers, and opens only what a manifest allows.

use wasmvm::runtime::{Capabilities, Code, Error, Runtime, Value, WasiConfig};
use wasmvm::wasi::Capture;

pub fn main() -> Result<(), Error> {
    // A program of some folder, and the manifest that came with it.
    let folder = std::env::temp_dir().join(format!("wasmvm-runtime-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("data"))?;
    std::fs::write(folder.join("app.wasm"), wat::parse_str(APP).expect("a module"))?;
    std::fs::write(folder.join("manifest.app.toml"), MANIFEST)?;
    let result = host(&folder);
    std::fs::remove_dir_all(&folder)?;
    result
}

fn host(folder: &std::path::Path) -> Result<(), Error> {
    let capabilities = Capabilities::from_manifest(folder.join("manifest.app.toml"))?;
    let mut runtime = Runtime::new(capabilities)?;
    let module = runtime.compile_file(folder.join("app.wasm"))?;
    for export in runtime.module_exports(module)? {
        println!("{export}");
    }

    let out = Capture::new();
    let config = WasiConfig::new().arg("app").preopen(folder.join("data"), "/").stdout(out.clone());
    let instance = runtime.instantiate(module, config)?;

    // Numbers become what the signature asks for: here an i64 and an f64.
    let area = runtime.call(instance, "area", &[6.into(), 7.into()])?;
    assert_eq!(area, [Value::F64(42.0)]);
    runtime.call(instance, "hello", &[])?;
    print!("{}", String::from_utf8_lossy(&out.contents()));

    // What the manifest does not name is not opened, and the code says why.
    let denied = runtime.compile_file("/etc/passwd").map(drop).unwrap_err();
    assert_eq!(denied.code(), Code::PermissionDenied);
    println!("{denied}");
    let everything = WasiConfig::new().preopen("/", "/");
    assert_eq!(runtime.instantiate(module, everything).unwrap_err().code().number(), 5009);

    runtime.drop_instance(instance)?;
    let gone = runtime.call(instance, "hello", &[]).unwrap_err();
    assert_eq!(gone.code(), Code::InvalidInstanceHandle);
    Ok(())
}

const MANIFEST: &str = "[capabilities.wasm]\nload = ['*.wasm']\npreopens = ['data']\n";

const APP: &str = r#"(module
    (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
    (memory (export "memory") 1)
    (data (i32.const 0) "\08\00\00\00\0e\00\00\00hello, handle\0a")
    (func (export "area") (param i64 f64) (result f64)
        (f64.mul (f64.convert_i64_s (local.get 0)) (local.get 1)))
    (func (export "hello")
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 100)))))"#;
