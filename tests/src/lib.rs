//! The system tests' harness: the built binary as a process of its own, clients on
//! real sockets, a real browser. Knows no code of the host: what it cannot see from
//! outside, it cannot test.

pub mod browser;
pub mod cli;
pub mod components;
pub mod guide;
pub mod host;
pub mod http;
pub mod page;
pub mod rpc;
pub mod seed;
pub mod surroundings;
pub mod until;

pub use host::Host;
