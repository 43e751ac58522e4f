//! A real Chromium, driven as a person would use it: pages find elements by their
//! agreed `data-testid` and by nothing else.

pub mod axe;
mod driver;
mod elements;
mod produce;
mod schemas;
mod tail;

pub use driver::{Browser, Look};
pub use elements::Page;
pub use produce::{ProducePage, ViolationRow};
pub use schemas::SchemasPanel;
pub use tail::TailPage;
