//! The page: starts the console in the element `#app`. Everything else is in the library.

#[cfg(target_arch = "wasm32")]
fn main() {
    irongate_web::app::start();
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("the console runs in a browser; build it with `cargo xtask console`");
    std::process::exit(2);
}
