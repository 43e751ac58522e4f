//! The page: starts the console in the element `#app`. Everything else is in the library, and here is the cut:
//! built with the feature `split`, what [`draw`](irongate_web::components::later::draw) needs is a module of its own.

#[cfg(target_arch = "wasm32")]
mod cut {
    use irongate_web::components::later::{Draw, draw};

    /// Fetches the further pages.
    #[cfg(feature = "split")]
    pub async fn load() -> Option<Draw> {
        further_pages().await.ok()
    }

    #[cfg(feature = "split")]
    #[wasm_split_helpers::wasm_split(pages, fallible)]
    fn further_pages() -> Result<Draw, wasm_split_helpers::SplitLoaderError> {
        Ok(draw)
    }

    /// Nothing was cut off.
    #[cfg(not(feature = "split"))]
    pub async fn load() -> Option<Draw> {
        Some(draw)
    }
}

#[cfg(target_arch = "wasm32")]
fn main() {
    irongate_web::app::start(|| Box::pin(cut::load()));
}

#[cfg(not(target_arch = "wasm32"))]
fn main() {
    eprintln!("the console runs in a browser; build it with `cargo xtask console`");
    std::process::exit(2);
}
