//! Which encodings a type of schema has, by which what is typed becomes the bytes that travel, and which one is meant. Does
//! not encode: the worker does.

pub use irongate_messages::Encoding;

/// The encodings of Avro, the one that the guide uses first.
const AVRO: [(Encoding, &str); 3] = [
    (Encoding::Text, "JSON text"),
    (Encoding::Binary, "Datum, without the schema"),
    (Encoding::Container, "Object container, with the schema"),
];

/// The encodings of Protobuf, the one that other producers use first.
const PROTOBUF: [(Encoding, &str); 2] =
    [(Encoding::Binary, "Wire format"), (Encoding::Text, "Canonical JSON, as text")];

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
    let offered = offered(schema_type);
    let fits = |encoding: &Encoding| offered.iter().any(|(other, _)| other == encoding);
    let usual = offered.first().map_or(Encoding::Text, |(encoding, _)| *encoding);
    chosen.filter(fits).unwrap_or(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_that_a_type_does_not_have_falls_back_to_the_usual_one() {
        assert_eq!(in_force(None, "avro"), Encoding::Text);
        assert_eq!(in_force(None, "protobuf"), Encoding::Binary);
        assert_eq!(in_force(Some(Encoding::Container), "protobuf"), Encoding::Binary);
        assert_eq!(in_force(Some(Encoding::Text), "protobuf"), Encoding::Text);
        assert_eq!(in_force(Some(Encoding::Binary), "json_schema"), Encoding::Text);
    }
}
