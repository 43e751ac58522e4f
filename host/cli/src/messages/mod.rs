//! The messages of a run: where their texts come from, how templates are filled in, and the form in which
//! messages are written to a file and read back. Nothing is sent from here.

pub(crate) mod attributes;
pub(crate) mod composer;
pub(crate) mod input;
pub(crate) mod rows;
mod system;
pub(crate) mod template;
