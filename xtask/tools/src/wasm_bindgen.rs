//! wasm-bindgen itself. Our own build uses it as a library; wasm-pack and Trunk want
//! the program, beside its test runner.

fn main() -> anyhow::Result<()> {
    env_logger::init();
    wasm_bindgen_cli::wasm_bindgen::run_cli_with_args(std::env::args_os())
}
