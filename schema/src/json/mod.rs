//! JSON text read strictly, and places found in it again. Not schemas.

pub(crate) mod locate;
pub(crate) mod parse;
