//! Danube's contract row by row, with messages put together by field numbers instead of the
//! generated code: what these tests send and read is what a foreign client sends and reads.
//! docs/danube-contract.md lists the rows and their tests.

mod deliberate;
mod fields;
mod wire;
mod wire_admin;
mod wire_failures;
mod wire_messages;
mod wire_methods;
mod wire_names;
mod wire_producers;
mod wire_registry;
mod wire_schemas;
mod wire_semantics;
mod wire_statuses;
mod wire_validation;
