//! The browser test runner that wasm-pack and cargo look for on PATH, at the version
//! this workspace pins. No behaviour of its own.

fn main() -> anyhow::Result<()> {
    env_logger::init();
    wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(std::env::args_os())
}
