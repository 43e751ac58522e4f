//! How a payload that is written as JSON travels. Which schema has which encodings, and the encoding itself, is elsewhere.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How a payload that is written as JSON becomes the bytes that travel.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// The text itself travels.
    #[default]
    Text,
    /// The format's own bytes: an Avro datum, the Protobuf wire format.
    Binary,
    /// An Avro object container, which carries its schema.
    Container,
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Encoding::Text => "text",
            Encoding::Binary => "binary",
            Encoding::Container => "container",
        })
    }
}

/// Not an encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an encoding is text, binary or container")]
pub struct UnknownEncoding;

impl FromStr for Encoding {
    type Err = UnknownEncoding;

    fn from_str(text: &str) -> Result<Self, UnknownEncoding> {
        match text {
            "text" => Ok(Encoding::Text),
            "binary" => Ok(Encoding::Binary),
            "container" => Ok(Encoding::Container),
            _ => Err(UnknownEncoding),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_encoding_has_one_name_everywhere() {
        for encoding in [Encoding::Text, Encoding::Binary, Encoding::Container] {
            assert_eq!(encoding.to_string().parse(), Ok(encoding));
            assert_eq!(serde_json::json!(encoding), serde_json::json!(encoding.to_string()));
        }
        assert_eq!("".parse::<Encoding>(), Err(UnknownEncoding));
    }
}
