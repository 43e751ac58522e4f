//! The console: pages, components and state, and the schema worker, as one library for
//! two programs of the browser. Neither a server nor a client library: the network is
//! in [`api`], everything native is in the host.

pub mod checks;
pub mod routes;
pub mod state;
pub mod text;

#[cfg(target_arch = "wasm32")]
pub mod api;
#[cfg(target_arch = "wasm32")]
pub mod app;
#[cfg(target_arch = "wasm32")]
pub mod archive;
#[cfg(target_arch = "wasm32")]
pub mod browser;
#[cfg(target_arch = "wasm32")]
pub mod components;
#[cfg(target_arch = "wasm32")]
pub mod hooks;
#[cfg(target_arch = "wasm32")]
pub mod pages;
