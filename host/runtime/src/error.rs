//! What can go wrong, by who is to blame: the guest answered badly ([`GuestError`]), the guest was stopped ([`GuestTrap`]), or the host could not
//! ([`HostFault`]). Decides nothing: what happens to the record is the caller's policy.

use std::{error::Error, path::PathBuf};

use thiserror::Error;

use crate::{description::Capability, trap::GuestTrap};

/// An answer of a guest that is alive and well, but which the host does not accept.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum GuestError {
    /// The guest refused its configuration.
    #[error("the transform refuses its configuration: {reason}")]
    ConfigurationRefused {
        /// The guest's sentence.
        reason: String,
    },
    /// What the guest says of itself breaks a rule of the interface.
    #[error("the transform describes itself wrongly: {reason}")]
    DescriptionInvalid {
        /// The rule and the value.
        reason: String,
    },
    /// Too many records for one.
    #[error("the transform answered {count} records for one, at most {count_max} are allowed (outputs_per_record_max)")]
    OutputsTooMany {
        /// Records answered.
        count: usize,
        /// Records allowed.
        count_max: usize,
    },
    /// Too many bytes for one record.
    #[error(
        "the transform answered {bytes} bytes for one record, at most {bytes_max} are allowed (output_bytes_per_record_max)"
    )]
    OutputsTooLarge {
        /// Bytes of topics, keys, attributes and payloads.
        bytes: usize,
        /// Bytes allowed.
        bytes_max: usize,
    },
}

/// What a guest did to one call: it answered badly, or it was stopped.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum GuestFault {
    /// It answered; the instance lives on.
    #[error(transparent)]
    Error(#[from] GuestError),
    /// It was stopped; the instance is gone.
    #[error(transparent)]
    Trap(#[from] Box<GuestTrap>),
}

/// Why a record has no outcome: everything that a person or a dead letter needs to know of it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("transform {plugin_name} {plugin_version}: record of {topic}{place}, attempt {attempts}: {fault}",
    place = place(*.partition, *.offset))]
pub struct RecordFault {
    /// The plugin's name, by its own description.
    pub plugin_name: String,
    /// The plugin's version, by its own description.
    pub plugin_version: String,
    /// The sha256 of the plugin's bytes, in lower-case hexadecimal.
    pub plugin_sha256: String,
    /// The record's topic.
    pub topic: String,
    /// The record's partition, if it has one.
    pub partition: Option<u32>,
    /// The record's offset, if it is stored.
    pub offset: Option<u64>,
    /// How often this record was tried alone: 1 for an answer that is not accepted, 2 for a trap.
    pub attempts: u32,
    /// What happened, in the last attempt.
    pub fault: GuestFault,
}

fn place(partition: Option<u32>, offset: Option<u64>) -> String {
    let partition = partition.map_or_else(String::new, |partition| format!(" partition {partition}"));
    let offset = offset.map_or_else(String::new, |offset| format!(" offset {offset}"));
    partition + &offset
}

/// The host could not do its part. No record is to blame: none may be acknowledged, dropped or dead-lettered for it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HostFault {
    /// The machine does not give what the pool of instances needs.
    #[error("the engine for transforms cannot be made: {reason}; lower instances_max or memory_bytes_ceiling")]
    Engine {
        /// The engine's sentence.
        reason: String,
    },
    /// The folder for compiled components cannot be used.
    #[error("the folder {} for compiled transforms cannot be used", folder.display())]
    CacheFolder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A limit asks for more than the engine was made for.
    #[error("the limit {limit} is {value}, but this host allows at most {ceiling}; lower it or raise the host's")]
    LimitBeyondEngine {
        /// The limit's name.
        limit: &'static str,
        /// Its value, in its unit.
        value: u64,
        /// The engine's ceiling, in the same unit.
        ceiling: u64,
    },
    /// A limit of fuel on an engine that does not count.
    #[error(
        "the limit fuel_max is set, but this host does not count instructions; set counts_fuel or remove the limit"
    )]
    FuelNotCounted,
    /// No instance could be made: the pool is full, or the machine is out of memory.
    #[error("no instance of the transform could be made: {reason}")]
    Instantiate {
        /// The engine's sentence.
        reason: String,
    },
    /// The store behind the transform's state failed.
    #[error("the state of the transform could not be read")]
    State(#[source] Box<dyn Error + Send + Sync>),
    /// A transform that had been configured before could not be configured again, for a fresh instance.
    #[error("the transform accepted its configuration before, but not again")]
    ConfigureAgain(#[source] GuestFault),
}

/// Why a component cannot be used as a transform.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LoadError {
    /// Over [`EngineLimits::component_bytes_max`](crate::EngineLimits::component_bytes_max).
    #[error("the component has {bytes} bytes, at most {bytes_max} are allowed (component_bytes_max)")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// Not WebAssembly, or a core module.
    #[error(
        "this is not a WebAssembly component: {reason}; build it for wasm32-wasip2, or wrap a core module with `wasm-tools component new`"
    )]
    NotAComponent {
        /// What was found instead.
        reason: String,
    },
    /// A component, but not one of ours.
    #[error("the component does not export `irongate:transform/guest`, so it is not a transform; it exports {exports}")]
    NotATransform {
        /// What it exports, in words.
        exports: String,
    },
    /// A transform of another time.
    #[error(
        "the component was made for {found}, but this host knows {}: rebuild it with the matching SDK",
        format_args!("irongate:transform@{}", crate::INTERFACE_VERSION)
    )]
    InterfaceVersion {
        /// The interface with the version that it names.
        found: String,
    },
    /// The right name, but not the functions or types that belong to it.
    #[error("the component claims irongate:transform@{} but does not keep to it: {reason}", crate::INTERFACE_VERSION)]
    InterfaceShape {
        /// The first difference.
        reason: String,
    },
    /// It wants something that no host of transforms has.
    #[error(
        "the component imports `{import}`, which this host does not have; a transform may import irongate:transform and wasi only"
    )]
    ImportUnknown {
        /// The import's full name.
        import: String,
    },
    /// It is a component, but the compiler refuses it.
    #[error("the component does not compile: {reason}")]
    Compile {
        /// The compiler's sentence.
        reason: String,
    },
    /// `describe` failed.
    #[error("the component cannot say what it is")]
    Describe(#[source] GuestFault),
    /// The host could not.
    #[error(transparent)]
    Host(#[from] HostFault),
}

/// Why a transform does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigureError {
    /// It wants what it was not granted.
    #[error(
        "the transform {plugin_name} wants the capability `{capability}`, which is not granted; grant it, or use another transform"
    )]
    CapabilityDenied {
        /// The plugin's name.
        plugin_name: String,
        /// The first capability that is missing.
        capability: Capability,
    },
    /// Over [`Limits::config_bytes_max`](crate::Limits::config_bytes_max).
    #[error("the configuration has {bytes} bytes, at most {bytes_max} are allowed (config_bytes_max)")]
    TooLarge {
        /// Its size.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// The configuration is not JSON.
    #[error("the configuration is not JSON")]
    NotJson(#[source] serde_json::Error),
    /// It refused, or it trapped.
    #[error("the transform cannot be configured")]
    Guest(#[source] GuestFault),
    /// The host could not.
    #[error(transparent)]
    Host(#[from] HostFault),
}
