//! A schema as a form: a tree of fields that is the same for all formats, for a page to draw and for versions to be
//! compared by. It describes; it judges no value, and what it cannot show (`not`, `if`, conditions between fields) it names.
//! Not reachable from validation: who draws no form pays nothing.

mod avro;
mod budget;
mod json_schema;
mod protobuf;

use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::{Schema, schema::Compiled};

/// A schema as a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Form {
    /// The whole value.
    pub root: FormField,
    /// The schema has more fields than a form may; the rest is [`FormShape::Any`].
    pub is_cut: bool,
}

/// One field: a property, an item, a branch of alternatives, or the whole value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FormField {
    /// The key in JSON; the name of the branch for one of several alternatives; empty for the whole value and for items.
    pub name: String,
    /// Where in the data: a JSON pointer with `*` for any item or key.
    pub path: String,
    /// Where in the schema: a JSON pointer, or for Protobuf the full name.
    pub schema_path: String,
    /// The type in the words of the schema language: `string`, `decimal(9,2)`, `google.protobuf.Timestamp`.
    pub type_name: String,
    /// A title for people; empty without one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Documentation; empty without any.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub doc: String,
    /// It must be there.
    pub required: bool,
    /// `null` may stand in its place.
    pub nullable: bool,
    /// What it is when it is left out.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// Protobuf's field number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// Other names that a reader takes for this one (Avro).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Of the fields with the same group, at most one is set (Protobuf's oneof).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The value of this branch stands in an object under this key (Avro's unions).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    /// Bounds on the value.
    #[serde(default, skip_serializing_if = "Constraints::is_empty")]
    pub constraints: Constraints,
    /// Rules that a form does not show. Validation checks them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<FurtherRule>,
    /// How it is edited.
    pub shape: FormShape,
}

/// A rule of the schema that has no place in a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FurtherRule {
    /// The keyword.
    pub keyword: String,
    /// What stands behind it.
    pub value: Value,
}

/// How a field is edited.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FormShape {
    /// Any JSON: the schema says nothing more, or more than a form shows.
    #[default]
    Any,
    /// No value fits.
    Never,
    /// Only `null`.
    Null,
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Text.
    Text,
    /// Bytes, as the format writes them in JSON.
    Bytes {
        /// How.
        encoding: BytesEncoding,
    },
    /// One of these.
    Choice {
        /// The values, as they stand in JSON.
        values: Vec<Value>,
    },
    /// Fields by name.
    Object {
        /// In the order of the definition where the format keeps one.
        fields: Vec<FormField>,
        /// What any other key may hold; none where there is no other key.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        others: Option<Box<FormField>>,
    },
    /// Any keys, one kind of value.
    Map {
        /// What keys are, in the words of the schema language.
        key: String,
        /// What each holds.
        values: Box<FormField>,
    },
    /// Items one after the other.
    List {
        /// The first items, each with a rule of its own.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        first: Vec<FormField>,
        /// All further ones; none where there are no further ones.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        items: Option<Box<FormField>>,
    },
    /// One of several alternatives.
    OneOf {
        /// The alternatives; their names tell them apart.
        branches: Vec<FormField>,
    },
    /// The same as a field further up, whose type holds itself.
    Again {
        /// The `path` of that field.
        path: String,
        /// Its `schema_path`.
        schema_path: String,
    },
}

/// How bytes are written in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BytesEncoding {
    /// Characters U+0000 to U+00FF, one for each byte (Avro).
    Characters,
    /// Base64 (Protobuf).
    Base64,
}

/// Bounds on a value, each only where the schema sets it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Constraints {
    /// The least number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Number>,
    /// The number must be greater.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclusive_minimum: Option<Number>,
    /// The largest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<Number>,
    /// The number must be less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclusive_maximum: Option<Number>,
    /// The number must be a multiple.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multiple_of: Option<Number>,
    /// The shortest text, in characters; the fewest bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length_min: Option<u64>,
    /// The longest text, in characters; the most bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub length_max: Option<u64>,
    /// Regular expressions that the text must match, all of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<String>,
    /// What the text or number means: `date-time`, `uuid`, `timestamp-millis`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The fewest items or properties.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items_min: Option<u64>,
    /// The most items or properties.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items_max: Option<u64>,
    /// No item twice.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
}

impl Constraints {
    /// Whether nothing is bounded.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl FormShape {
    /// What it is, with its article, for sentences.
    pub(crate) fn noun(&self) -> &'static str {
        match self {
            Self::Any => "any value",
            Self::Never => "no value",
            Self::Null => "null",
            Self::Boolean => "a boolean",
            Self::Integer => "an integer",
            Self::Number => "a number",
            Self::Text => "a text",
            Self::Bytes { .. } => "bytes",
            Self::Choice { .. } => "a choice",
            Self::Object { .. } => "an object",
            Self::Map { .. } => "a map",
            Self::List { .. } => "a list",
            Self::OneOf { .. } => "one of several",
            Self::Again { .. } => "the same as further up",
        }
    }
}

/// A default that is `null` is one all the same.
fn present<'de, D: serde::Deserializer<'de>>(source: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(source).map(Some)
}

impl Schema {
    /// The schema as a form, at most [`crate::limits::FORM_FIELDS_MAX`] fields of it.
    pub fn form(&self) -> Form {
        match &self.compiled {
            Compiled::Json(schema) => json_schema::form(schema.definition()),
            Compiled::Avro(schema) => avro::form(schema),
            Compiled::Protobuf(schema) => protobuf::form(schema.message()),
            Compiled::String => plain(self, FormShape::Text),
            Compiled::Number => plain(self, FormShape::Number),
            Compiled::Bytes => plain(self, FormShape::Any),
        }
    }
}

fn plain(schema: &Schema, shape: FormShape) -> Form {
    let type_name = schema.schema_type().name().to_owned();
    Form { root: FormField { type_name, required: true, shape, ..FormField::default() }, is_cut: false }
}
