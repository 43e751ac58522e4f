//! Checking messages off the main thread: the language between page and worker, and the
//! worker's side of it (`cache`, `answer`, `scope`) and the page's (`client`).

pub mod answer;
pub mod bulk;
pub mod cache;
#[cfg(target_arch = "wasm32")]
pub mod client;
pub mod file;
pub mod fill;
pub mod form_model;
pub mod message;
#[cfg(target_arch = "wasm32")]
pub mod scope;
