//! Links the program `text` without the tables for unwinding.

fn main() {
    println!("cargo:rerun-if-changed=discard.ld");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/discard.ld");
    for arg in ["-Wl,--no-eh-frame-hdr", &format!("-Wl,-T,{script}")] {
        println!("cargo:rustc-link-arg-bin=text={arg}");
    }
}
