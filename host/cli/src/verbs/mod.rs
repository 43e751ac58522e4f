//! One file per verb: its arguments, and what it does with them.

pub(crate) mod backup;
pub(crate) mod consume;
pub(crate) mod doctor;
pub(crate) mod load;
pub(crate) mod produce;
pub(crate) mod schema;
pub(crate) mod serve;
pub(crate) mod shell;
pub(crate) mod token;
pub(crate) mod topics;
