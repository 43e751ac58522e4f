//! The pages: each joins hooks and components and owns nothing else.

pub mod dead_letters;
pub mod load;
pub mod not_found;
pub mod pipelines;
pub mod produce;
pub mod schemas;
pub mod tail;
pub mod topics;
pub mod transforms;
