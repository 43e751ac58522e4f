//! How what is typed becomes the bytes that travel: which encodings a type of schema has,
//! and which one is meant. Does not encode: the worker does.

use std::fmt;
use std::str::FromStr;

/// An encoding of a message that is typed as JSON.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// The text itself travels.
    #[default]
    Text,
    /// The format's own bytes: an Avro datum, the Protobuf wire format.
    Binary,
    /// An Avro object container, which carries its schema.
    Container,
}

/// The encodings of Avro, the one that the guide uses first.
const AVRO: [(Encoding, &str); 3] = [
    (Encoding::Text, "JSON text"),
    (Encoding::Binary, "Datum, without the schema"),
    (Encoding::Container, "Object container, with the schema"),
];

/// The encodings of Protobuf, the one that other producers use first.
const PROTOBUF: [(Encoding, &str); 2] =
    [(Encoding::Binary, "Wire format"), (Encoding::Text, "Canonical JSON, as text")];

impl Encoding {
    /// The encodings of a type of schema with their words, the usual one first; none where the text is all there is.
    #[must_use]
    pub fn offered(schema_type: &str) -> &'static [(Encoding, &'static str)] {
        match schema_type {
            "avro" => &AVRO,
            "protobuf" => &PROTOBUF,
            _ => &[],
        }
    }

    /// The encoding that a choice means for a type: that one if the type has it, else the usual one.
    #[must_use]
    pub fn in_force(chosen: Option<Encoding>, schema_type: &str) -> Encoding {
        let offered = Encoding::offered(schema_type);
        let fits = |encoding: &Encoding| offered.iter().any(|(other, _)| other == encoding);
        let usual = offered.first().map_or(Encoding::Text, |(encoding, _)| *encoding);
        chosen.filter(fits).unwrap_or(usual)
    }
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    fn encodings_survive_the_way_through_a_field() {
        for (encoding, _) in AVRO {
            assert_eq!(encoding.to_string().parse(), Ok(encoding));
        }
        assert_eq!("".parse::<Encoding>(), Err(UnknownEncoding));
    }

    #[test]
    fn a_choice_that_a_type_does_not_have_falls_back_to_the_usual_one() {
        assert_eq!(Encoding::in_force(None, "avro"), Encoding::Text);
        assert_eq!(Encoding::in_force(None, "protobuf"), Encoding::Binary);
        assert_eq!(Encoding::in_force(Some(Encoding::Container), "protobuf"), Encoding::Binary);
        assert_eq!(Encoding::in_force(Some(Encoding::Text), "protobuf"), Encoding::Text);
        assert_eq!(Encoding::in_force(Some(Encoding::Binary), "json_schema"), Encoding::Text);
    }
}
