//! The broker through its public methods, on real data directories.

#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod back_pressure;
mod binding;
mod browse;
mod deletion;
mod delivery;
mod durability;
mod failures;
mod harness;
mod key_shared;
mod model;
mod names;
mod producing;
mod registry;
mod transactions;
mod transforms;
