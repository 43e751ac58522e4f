//! The schema worker: starts answering the page's questions. Everything else is in the library, and here are the cuts:
//! built with the feature `split`, what makes samples is a module of its own, and so are what fills templates in and what knows files of
//! messages.

#[cfg(target_arch = "wasm32")]
mod cut {
    use irongate_web::checks::answer::{Filler, Sampler, sample};
    use irongate_web::checks::file::write_or_read;
    use irongate_web::checks::fill::fill;

    /// Fetches what makes samples.
    #[cfg(feature = "split")]
    pub async fn load_samples() -> Option<Sampler> {
        samples().await.ok()
    }

    #[cfg(feature = "split")]
    #[wasm_split_helpers::wasm_split(samples, fallible)]
    fn samples() -> Result<Sampler, wasm_split_helpers::SplitLoaderError> {
        Ok(sample)
    }

    /// Fetches what fills templates in.
    #[cfg(feature = "split")]
    pub async fn load_templates() -> Option<Filler> {
        templates().await.ok()
    }

    #[cfg(feature = "split")]
    #[wasm_split_helpers::wasm_split(templates, fallible)]
    fn templates() -> Result<Filler, wasm_split_helpers::SplitLoaderError> {
        Ok(fill)
    }

    /// Fetches what reads and writes files of messages.
    #[cfg(feature = "split")]
    pub async fn load_files() -> Option<Filler> {
        files().await.ok()
    }

    #[cfg(feature = "split")]
    #[wasm_split_helpers::wasm_split(files, fallible)]
    fn files() -> Result<Filler, wasm_split_helpers::SplitLoaderError> {
        Ok(write_or_read)
    }

    /// Nothing was cut off.
    #[cfg(not(feature = "split"))]
    pub async fn load_files() -> Option<Filler> {
        Some(write_or_read)
    }

    /// Nothing was cut off.
    #[cfg(not(feature = "split"))]
    pub async fn load_samples() -> Option<Sampler> {
        Some(sample)
    }

    /// Nothing was cut off.
    #[cfg(not(feature = "split"))]
    pub async fn load_templates() -> Option<Filler> {
        Some(fill)
    }
}

#[cfg(target_arch = "wasm32")]
fn main() {
    irongate_web::checks::scope::run(
        || Box::pin(cut::load_samples()),
        || Box::pin(cut::load_templates()),
        || Box::pin(cut::load_files()),
    );
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("the schema worker runs in a browser; build it with `cargo xtask console`");
    std::process::exit(2);
}
