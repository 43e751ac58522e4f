//! Runs transforms: WASI components that take records and answer what became of them.
//!
//! [`Runtime::load`] checks and compiles a component, [`Plugin::configure`] makes a [`Transform`] of it, [`Transform::transform`] serves batches.
//! Everything is synchronous: call it from a blocking thread, one [`Transform`] per lane.
//!
//! The only crate that knows wasmtime. It does not know topics, brokers or pipelines: where records come from and go to, when state becomes lasting
//! and what happens to a record at fault is the caller's.

mod accept;
mod bindings;
mod cache;
mod call;
mod counters;
mod deny;
mod description;
mod error;
mod grants;
mod imports;
mod instance;
mod interface;
mod limits;
mod log;
mod memory;
mod packing;
mod plugin;
mod record;
mod report;
mod runtime;
mod standard_output;
mod state;
mod ticker;
mod transform;
mod trap;
mod wasi;

pub use description::{Capability, Description};
pub use error::{ConfigureError, GuestError, GuestFault, HostFault, LoadError, RecordFault};
pub use grants::Grants;
pub use limits::{EngineLimits, Limits};
pub use log::{Level, LogLine};
pub use plugin::{Import, Plugin};
pub use record::{OutputRecord, Record, SchemaReference};
pub use report::{BatchReport, Outcome};
pub use runtime::{Runtime, RuntimeConfig};
pub use state::{MemoryState, StateChange, StateReader};
pub use transform::Transform;
pub use trap::{GuestTrap, TrapKind};

/// The version of the interface `irongate:transform` that this crate knows.
pub const INTERFACE_VERSION: &str = "0.1.0";
