//! The page: starts the console in the element `#app`. Everything else is in the library, and here are the cuts: built
//! with the feature `split`, what [`draw`](irongate_web::components::later::draw) needs is a module of its own, and so is
//! what [`draw`](irongate_web::components::operations::draw) of the operating pages needs.

#[cfg(target_arch = "wasm32")]
mod cut {
    use irongate_web::components::later::{Draw, Module};
    use irongate_web::components::{later, operations};

    /// Fetches a module.
    #[cfg(feature = "split")]
    pub async fn load(module: Module) -> Option<Draw> {
        match module {
            Module::Pages => further_pages().await.ok(),
            Module::Operations => operating_pages().await.ok(),
        }
    }

    #[cfg(feature = "split")]
    #[wasm_split_helpers::wasm_split(pages, fallible)]
    fn further_pages() -> Result<Draw, wasm_split_helpers::SplitLoaderError> {
        Ok(later::draw)
    }

    #[cfg(feature = "split")]
    #[wasm_split_helpers::wasm_split(operations, fallible)]
    fn operating_pages() -> Result<Draw, wasm_split_helpers::SplitLoaderError> {
        Ok(operations::draw)
    }

    /// Nothing was cut off.
    #[cfg(not(feature = "split"))]
    pub async fn load(module: Module) -> Option<Draw> {
        Some(match module {
            Module::Pages => later::draw,
            Module::Operations => operations::draw,
        })
    }
}

#[cfg(target_arch = "wasm32")]
fn main() {
    irongate_web::app::start(|module| Box::pin(cut::load(module)));
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("the console runs in a browser; build it with `cargo xtask console`");
    std::process::exit(2);
}
