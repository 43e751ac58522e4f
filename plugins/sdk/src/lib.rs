//! Write transforms for Irongate in Rust: implement [`Transform`], say [`export!`], build for `wasm32-wasip2`.
//!
//! ```
//! use irongate_transform::{Description, Host, Outcome, Record, Transform, testing::Tester};
//!
//! struct Shout;
//!
//! impl Transform for Shout {
//!     type Configuration = ();
//!
//!     fn describe() -> Description {
//!         Description::new("shout", "1.0.0")
//!     }
//!
//!     fn configure(_: ()) -> Result<Shout, String> {
//!         Ok(Shout)
//!     }
//!
//!     fn transform(&mut self, record: Record, _host: &mut Host) -> Outcome {
//!         let shouted = record.payload.to_ascii_uppercase();
//!         Outcome::emit(record.with_payload(shouted))
//!     }
//! }
//!
//! irongate_transform::export!(Shout);
//!
//! let mut tester = Tester::<Shout>::new(());
//! assert_eq!(tester.transform(Record::new("/default/words", "hello")).payloads(), ["HELLO"]);
//! ```
//!
//! What the host promises, and what it does when a transform fails, is in `transform.wit`. The same code compiles natively, where [`testing::Tester`]
//! takes the host's place; nothing here runs a component.

#[cfg(any(target_family = "wasm", test))]
mod allocator;
mod description;
mod export;
mod host;
#[cfg(any(target_family = "wasm", test))]
mod packing;
mod record;
pub mod testing;

pub use description::{Capability, Description};
pub use host::{Host, Level, StateError};
pub use record::{Outcome, OutputRecord, Record, SchemaReference};

use serde::de::DeserializeOwned;

#[doc(hidden)]
pub use export::glue;

/// What a transform does. One value of the type is one instance; it may be thrown away without notice, so what must outlive it belongs into
/// [`Host::set`].
pub trait Transform: Sized {
    /// The configuration, read from JSON. Use `()` for none. A good type refuses fields that it does not know (`#[serde(deny_unknown_fields)]`).
    type Configuration: DeserializeOwned;

    /// What this transform is. Always the same.
    fn describe() -> Description;

    /// Takes the configuration.
    ///
    /// # Errors
    /// A sentence for the person who wrote it, naming the field. The pipeline does not start.
    fn configure(configuration: Self::Configuration) -> Result<Self, String>;

    /// Transforms one record.
    fn transform(&mut self, record: Record, host: &mut Host) -> Outcome;

    /// Transforms a batch: as many outcomes as records, in the same order. Worth writing only where records are cheaper together.
    fn transform_batch(&mut self, batch: Vec<Record>, host: &mut Host) -> Vec<Outcome> {
        batch.into_iter().map(|record| self.transform(record, host)).collect()
    }
}

/// Reads a configuration and makes the transform of it.
///
/// # Errors
/// It is not JSON of the right form, or the transform refuses it.
#[doc(hidden)]
pub fn configure<T: Transform>(configuration: &str) -> Result<T, String> {
    let configuration = serde_json::from_str(configuration).map_err(|error| error.to_string())?;
    T::configure(configuration)
}
