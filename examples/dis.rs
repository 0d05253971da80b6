use wasmvm::{Engine, Module};
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let engine = Engine::default();
    let file = std::env::args().nth(1).unwrap();
    let module = Module::from_file(&engine, &file)?;
    let funcs: Vec<u32> = std::env::args().skip(2).map(|a| a.parse().unwrap()).collect();
    let range: Vec<u32> = if funcs.is_empty() { (0..100000).collect() } else { funcs };
    for f in range {
        if let Ok(t) = module.disassemble(f) {
            println!("func {f}\n{t}");
        }
    }
    Ok(())
}
