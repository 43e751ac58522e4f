//! What the tests need beyond Rust itself: each file finds one thing and installs it
//! where it is missing, from cargo's, Debian's, Python's or Node's packages, or says what to type.

pub mod browser;
pub mod debian;
pub mod guests;
pub mod python;
pub mod rust_targets;
pub mod tools;
pub mod wasm_pack;
