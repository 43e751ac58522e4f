//! Messages as people write them down: payloads with `{{seq}}` and the like to be filled in, and the file of messages that the
//! command line reads with `produce --from`. Also what dead letters say and how they are sent again. Needs nothing of a host, so that
//! what runs elsewhere can use it too. Sends nothing, opens no file, and knows no schema.

pub mod dead_letter;
mod encoding;
mod error;
mod record;
mod template;

pub use encoding::{Encoding, UnknownEncoding};
pub use error::{RecordError, TemplateError};
pub use record::{Record, SchemaName, parse_json, parse_yaml, to_yaml};
pub use template::{Context, Facts, Templates, Text, engine};
