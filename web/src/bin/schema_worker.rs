//! The schema worker: starts answering the page's questions. Everything else is in the library.

#[cfg(target_arch = "wasm32")]
fn main() {
    irongate_web::checks::scope::run();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("the schema worker runs in a browser; build it with `cargo xtask console`");
    std::process::exit(2);
}
