//! Makes cargo look at the console's build output again when it changes. Builds nothing.

fn main() {
    let dist = std::env::current_dir().expect("cargo starts this in the package's folder").join("../../dist");
    // Cargo takes a watched path that is missing for changed, and would compile this crate
    // anew at every build until the console is built. A source tree that cannot be written
    // to has only that cost.
    let _ = std::fs::create_dir_all(&dist);
    println!("cargo::rerun-if-changed={}", dist.display());
    println!("cargo::rerun-if-changed=build.rs");
}
