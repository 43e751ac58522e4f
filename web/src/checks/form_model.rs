//! A schema as a form, as the worker hands it to the page: the form of the schema crate, with the words that a page shows
//! beside each field. Made in the worker; the page knows no schema language.

use irongate_schema::{BytesEncoding, Constraints, FormField, FormShape};

/// How a field is edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, prost::Enumeration)]
#[repr(i32)]
pub enum Shape {
    /// Any JSON.
    Any = 0,
    /// No value fits.
    Never = 1,
    /// Only `null`.
    Null = 2,
    /// True or false.
    Boolean = 3,
    /// A whole number.
    Integer = 4,
    /// A number.
    Number = 5,
    /// Text, and bytes written as text.
    Text = 6,
    /// One of [`Field::choices`].
    Choice = 7,
    /// [`Field::parts`] by name, and [`Field::rest`] under any other name.
    Object = 8,
    /// [`Field::rest`] under any name.
    Map = 9,
    /// [`Field::parts`] one after the other, then [`Field::rest`] again and again.
    List = 10,
    /// One of [`Field::parts`].
    OneOf = 11,
    /// As the field further up whose path and schema path are [`Field::again_path`] and [`Field::again_schema_path`].
    Again = 12,
}

/// One field.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Field {
    /// The key in JSON, or the name of a branch.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Where in the data, `*` for any item or key.
    #[prost(string, tag = "2")]
    pub path: String,
    /// Where in the schema.
    #[prost(string, tag = "3")]
    pub schema_path: String,
    /// The type in the words of the schema language.
    #[prost(string, tag = "4")]
    pub type_name: String,
    /// A title for people.
    #[prost(string, tag = "5")]
    pub title: String,
    /// Documentation.
    #[prost(string, tag = "6")]
    pub doc: String,
    /// It must be there.
    #[prost(bool, tag = "7")]
    pub required: bool,
    /// `null` may stand in its place.
    #[prost(bool, tag = "8")]
    pub nullable: bool,
    /// What it is when it is left out, as JSON.
    #[prost(string, optional, tag = "9")]
    pub absent: Option<String>,
    /// Of the fields with the same group, at most one is set.
    #[prost(string, optional, tag = "10")]
    pub group: Option<String>,
    /// The value of this branch stands in an object under this key.
    #[prost(string, optional, tag = "11")]
    pub tag: Option<String>,
    /// Bounds on the value, in words.
    #[prost(string, tag = "12")]
    pub bounds: String,
    /// How it is edited.
    #[prost(enumeration = "Shape", tag = "13")]
    pub shape: i32,
    /// The values to choose from, as JSON.
    #[prost(string, repeated, tag = "14")]
    pub choices: Vec<String>,
    /// Members, first items or branches.
    #[prost(message, repeated, tag = "15")]
    pub parts: Vec<Field>,
    /// What other keys or further items hold.
    #[prost(message, optional, boxed, tag = "16")]
    pub rest: Option<Box<Field>>,
    /// For [`Shape::Again`].
    #[prost(string, tag = "17")]
    pub again_path: String,
    /// For [`Shape::Again`].
    #[prost(string, tag = "18")]
    pub again_schema_path: String,
    /// The least number, as JSON.
    #[prost(string, optional, tag = "19")]
    pub least: Option<String>,
    /// Another key that means the same; empty: none.
    #[prost(string, tag = "20")]
    pub also: String,
}

/// A field of the schema crate's form, with all below it.
#[must_use]
pub fn field(of: &FormField) -> Field {
    let mut made = Field {
        name: of.name.clone(),
        path: of.path.clone(),
        schema_path: of.schema_path.clone(),
        type_name: of.type_name.clone(),
        title: of.title.clone(),
        doc: of.doc.clone(),
        required: of.required,
        nullable: of.nullable,
        absent: of.default.as_ref().map(ToString::to_string),
        group: of.group.clone(),
        tag: of.tag.clone(),
        bounds: bounds(of),
        also: of.number.map(|_| own_name(&of.schema_path)).unwrap_or_default(),
        least: of.constraints.minimum.as_ref().map(ToString::to_string),
        ..Field::default()
    };
    let boxed = |one: &FormField| Box::new(field(one));
    let shape = match &of.shape {
        FormShape::Any => Shape::Any,
        FormShape::Never => Shape::Never,
        FormShape::Null => Shape::Null,
        FormShape::Boolean => Shape::Boolean,
        FormShape::Integer => Shape::Integer,
        FormShape::Number => Shape::Number,
        FormShape::Text | FormShape::Bytes { .. } => Shape::Text,
        FormShape::Choice { values } => {
            made.choices = values.iter().map(ToString::to_string).collect();
            Shape::Choice
        }
        FormShape::Object { fields, others } => {
            made.parts = fields.iter().map(field).collect();
            made.rest = others.as_deref().map(boxed);
            Shape::Object
        }
        FormShape::Map { values, .. } => {
            made.rest = Some(boxed(values));
            Shape::Map
        }
        FormShape::List { first, items } => {
            made.parts = first.iter().map(field).collect();
            made.rest = items.as_deref().map(boxed);
            Shape::List
        }
        FormShape::OneOf { branches } => {
            made.parts = branches.iter().map(field).collect();
            Shape::OneOf
        }
        FormShape::Again { path, schema_path } => {
            made.again_path.clone_from(path);
            made.again_schema_path.clone_from(schema_path);
            Shape::Again
        }
    };
    made.set_shape(shape);
    made
}

/// A Protobuf field as its definition spells it, which JSON may do as well.
fn own_name(full_name: &str) -> String {
    full_name.rsplit('.').next().unwrap_or_default().to_owned()
}

/// What bounds a value, in words for people; empty: nothing that a form can show.
fn bounds(of: &FormField) -> String {
    let Constraints { minimum, exclusive_minimum, maximum, exclusive_maximum, multiple_of, .. } = &of.constraints;
    let Constraints { length_min, length_max, patterns, format, items_min, items_max, unique, .. } = &of.constraints;
    let mut words = Vec::new();
    if let FormShape::Bytes { encoding } = &of.shape {
        words.push(match encoding {
            BytesEncoding::Characters => "bytes, written as characters up to ÿ".to_owned(),
            BytesEncoding::Base64 => "bytes in base64".to_owned(),
        });
    }
    words.extend(minimum.iter().map(|number| format!("at least {number}")));
    words.extend(exclusive_minimum.iter().map(|number| format!("more than {number}")));
    words.extend(maximum.iter().map(|number| format!("at most {number}")));
    words.extend(exclusive_maximum.iter().map(|number| format!("less than {number}")));
    words.extend(multiple_of.iter().map(|number| format!("a multiple of {number}")));
    let what = if matches!(of.shape, FormShape::Bytes { .. }) { "bytes" } else { "characters" };
    words.extend(length_min.iter().map(|count| format!("at least {count} {what}")));
    words.extend(length_max.iter().map(|count| format!("at most {count} {what}")));
    let what = if matches!(of.shape, FormShape::List { .. }) { "items" } else { "properties" };
    words.extend(items_min.iter().map(|count| format!("at least {count} {what}")));
    words.extend(items_max.iter().map(|count| format!("at most {count} {what}")));
    words.extend(unique.then(|| "no item twice".to_owned()));
    words.extend(patterns.iter().map(|pattern| format!("matches {pattern}")));
    words.extend(format.iter().filter(|format| **format != of.type_name).cloned());
    words.extend(of.rules.iter().map(|rule| format!("{}: {}", rule.keyword, rule.value)));
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use irongate_schema::{Schema, SchemaType};

    use super::*;

    fn form(schema_type: SchemaType, definition: &str) -> Field {
        field(&Schema::compile(schema_type, definition.as_bytes()).unwrap().form().root)
    }

    #[test]
    fn a_form_says_in_words_what_bounds_each_field() {
        let root = form(
            SchemaType::JsonSchema,
            r#"{"type":"object","required":["n"],"properties":{
                "n":{"type":"integer","minimum":1,"exclusiveMaximum":9,"multipleOf":2},
                "t":{"type":["string","null"],"minLength":1,"maxLength":3,"pattern":"^a","format":"uuid","default":"abc"},
                "l":{"type":"array","items":{"enum":["x",7]},"maxItems":3,"uniqueItems":true}}}"#,
        );
        assert_eq!(root.shape(), Shape::Object);
        let part = |name: &str| root.parts.iter().find(|part| part.name == name).unwrap();
        assert_eq!(part("n").bounds, "at least 1, less than 9, a multiple of 2");
        assert_eq!((part("n").required, part("n").least.as_deref()), (true, Some("1")));
        assert_eq!(part("t").bounds, "at least 1 characters, at most 3 characters, matches ^a, uuid");
        assert_eq!((part("t").nullable, part("t").absent.as_deref()), (true, Some("\"abc\"")));
        assert_eq!(part("l").bounds, "at most 3 items, no item twice");
        let items = part("l").rest.as_deref().unwrap();
        assert_eq!((items.shape(), items.choices.join(" ")), (Shape::Choice, "\"x\" 7".to_owned()));
    }

    #[test]
    fn unions_have_tags_and_types_that_hold_themselves_point_back() {
        let root = form(
            SchemaType::Avro,
            r#"{"type":"record","name":"N","fields":[{"name":"v","type":["int","string"]},
                {"name":"next","type":["null","N"],"default":null}]}"#,
        );
        let tags: Vec<_> = root.parts[0].parts.iter().map(|branch| branch.tag.as_deref()).collect();
        assert_eq!((root.parts[0].shape(), tags), (Shape::OneOf, vec![Some("int"), Some("string")]));
        assert_eq!((root.parts[1].shape(), root.parts[1].nullable), (Shape::Again, true));
        assert_eq!((&*root.parts[1].again_path, &root.parts[1].again_schema_path), ("", &root.schema_path));
    }
}
