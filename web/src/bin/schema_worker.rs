//! The schema worker: starts answering the page's questions. Everything else is in the library, and here is the cut:
//! built with the feature `split`, what makes samples is a module of its own.

#[cfg(target_arch = "wasm32")]
mod cut {
    use irongate_web::checks::answer::{Sampler, sample};

    /// Fetches what makes samples.
    #[cfg(feature = "split")]
    pub async fn load() -> Option<Sampler> {
        samples().await.ok()
    }

    #[cfg(feature = "split")]
    #[wasm_split_helpers::wasm_split(samples, fallible)]
    fn samples() -> Result<Sampler, wasm_split_helpers::SplitLoaderError> {
        Ok(sample)
    }

    /// Nothing was cut off.
    #[cfg(not(feature = "split"))]
    pub async fn load() -> Option<Sampler> {
        Some(sample)
    }
}

#[cfg(target_arch = "wasm32")]
fn main() {
    irongate_web::checks::scope::run(|| Box::pin(cut::load()));
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("the schema worker runs in a browser; build it with `cargo xtask console`");
    std::process::exit(2);
}
