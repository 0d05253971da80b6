//! Links the program `text` without the tables for unwinding, and with its relocations packed.

fn main() {
    println!("cargo:rerun-if-changed=discard.ld");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/discard.ld");
    let script = format!("-Wl,-T,{script}");
    for arg in [&script, "-Wl,--no-eh-frame-hdr", "-Wl,-z,pack-relative-relocs"] {
        println!("cargo:rustc-link-arg-bin=text={arg}");
    }
}
