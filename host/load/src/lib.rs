//! Load, and what it does to whoever takes it: the clock that messages are due by, the generator, and latencies counted from when a message was due. Knows no network and no broker: what a message is sent to is a
//! [`Target`], a client for the command line and the broker itself for the host.

mod arrivals;
mod drive;
mod error;
mod measure;
mod pace;
mod run;

pub use arrivals::at_the_end;
pub use drive::{DUE_ATTRIBUTE, Failure, Target};
pub use error::LoadError;
pub use measure::{Bucket, LATE_US_MAX, Latencies, Measured, QUANTILES, Second};
pub use pace::{Pace, RATE_MAX};
pub use run::{Plan, Running};
