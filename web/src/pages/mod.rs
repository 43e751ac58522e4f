//! The pages: each joins hooks and components and owns nothing else.

pub mod load;
pub mod not_found;
pub mod produce;
pub mod schemas;
pub mod tail;
pub mod topics;
