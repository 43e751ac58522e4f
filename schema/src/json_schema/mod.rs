//! JSON Schema, drafts 4 to 2020-12: compiled once, checked many times. Never fetches anything.

mod cost;
mod sentence;
mod validate;
pub(crate) mod view;
mod work;

use std::error::Error;

use jsonschema::{
    PatternOptions, Retrieve, Uri, ValidationError, ValidationOptions, Validator, error::ValidationErrorKind,
};
use serde_json::{Map, Value};

use crate::{
    SchemaError,
    definition::{self, Definition},
    excerpt::clip,
    limits::{PATTERN_BACKTRACK_STEPS_MAX, PATTERN_COMPILED_BYTES_MAX},
};

pub(crate) use cost::{Index, reference_steps, resources};
use work::Work;

/// A compiled JSON Schema.
pub(crate) struct JsonSchema {
    validator: Validator,
    /// Patterns with look-around or back-references run on the backtracking engine, which bounds the payload.
    backtracks: bool,
    definition: Value,
    work: Work,
    /// Parts with an identifier of their own and their pointers.
    resources: Vec<(String, String)>,
}

impl JsonSchema {
    pub(crate) fn compile(definition: &[u8]) -> Result<Self, SchemaError> {
        let text = definition::text(definition)?;
        let value = definition::json(text)?;
        let place = Definition { text };
        let work = cost::check(&value, &place)?;
        let linear = options().with_pattern_options(
            PatternOptions::regex().size_limit(PATTERN_COMPILED_BYTES_MAX).dfa_size_limit(PATTERN_COMPILED_BYTES_MAX),
        );
        let resources = cost::resources(&value);
        if let Ok(validator) = linear.build(&value) {
            return Ok(Self { validator, backtracks: false, definition: value, work, resources });
        }
        let backtracking = options().with_pattern_options(
            PatternOptions::fancy_regex()
                .backtrack_limit(PATTERN_BACKTRACK_STEPS_MAX)
                .size_limit(PATTERN_COMPILED_BYTES_MAX)
                .dfa_size_limit(PATTERN_COMPILED_BYTES_MAX),
        );
        match backtracking.build(&value) {
            Ok(validator) => Ok(Self { validator, backtracks: true, definition: value, work, resources }),
            Err(error) => Err(refusal(&error, &value, &place)),
        }
    }

    /// The definition as parsed.
    pub(crate) fn definition(&self) -> &Value {
        &self.definition
    }
}

fn options<'i>() -> ValidationOptions<'i> {
    jsonschema::options().should_validate_formats(true).with_retriever(Closed)
}

/// The schemas of the first items and of all further ones, in the spelling of any draft.
pub(crate) fn sequence(members: &Map<String, Value>) -> (Vec<&Value>, Option<&Value>) {
    match (members.get("prefixItems"), members.get("items")) {
        (Some(Value::Array(prefix)), rest) => (prefix.iter().collect(), rest),
        (_, Some(Value::Array(prefix))) => (prefix.iter().collect(), members.get("additionalItems")),
        (_, rest) => (Vec::new(), rest),
    }
}

/// Whether the neighbours of a `$ref` mean nothing, as up to draft 7.
pub(crate) fn has_lonely_references(root: &Value) -> bool {
    let draft = root.get("$schema").and_then(Value::as_str).unwrap_or_default();
    ["draft-04", "draft-06", "draft-07"].iter().any(|old| draft.contains(old))
}

/// Answers every request for another document with no.
struct Closed;

impl Retrieve for Closed {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        Err(format!("'{uri}' is not part of the definition").into())
    }
}

/// Puts the library's refusal into a sentence with a place.
fn refusal(error: &ValidationError<'_>, value: &Value, place: &Definition<'_>) -> SchemaError {
    if let ValidationErrorKind::Referencing(reference) = error.kind() {
        return unresolved(reference, value, place);
    }
    let pointer = error.instance_path().to_string();
    let message = match error.kind() {
        ValidationErrorKind::Format { format } if format == "regex" => {
            format!("{} is not a regular expression, or one too large", crate::excerpt::value(error.instance()))
        }
        ValidationErrorKind::AnyOf { context } => {
            sentence::closest(context).map_or_else(|| sentence::of(error), |(_, closest)| sentence::of(closest))
        }
        _ => sentence::of(error),
    };
    SchemaError::Invalid { message, place: place.of(&pointer), pointer }
}

fn unresolved(error: &jsonschema::ReferencingError, value: &Value, place: &Definition<'_>) -> SchemaError {
    use jsonschema::ReferencingError as Reason;
    let find = |wanted: &str| cost::find_reference(value, wanted).unwrap_or_default();
    match error {
        Reason::Unretrievable { uri, .. } => {
            let reference = uri.strip_prefix("json-schema:///").unwrap_or(uri);
            let pointer = find(reference);
            SchemaError::RemoteReference { reference: clip(reference), place: place.of(&pointer), pointer }
        }
        Reason::UnknownSpecification { specification } => {
            let pointer = find(specification);
            SchemaError::RemoteReference { reference: clip(specification), place: place.of(&pointer), pointer }
        }
        Reason::PointerToNowhere { pointer: wanted } => {
            let pointer = find(&format!("#{wanted}"));
            let message = format!("'#{}' refers to a part of the definition that does not exist", clip(wanted));
            SchemaError::Invalid { message, place: place.of(&pointer), pointer }
        }
        Reason::NoSuchAnchor { anchor } => {
            let pointer = find(&format!("#{anchor}"));
            let message = format!("no part of the definition has the anchor '{}'", clip(anchor));
            SchemaError::Invalid { message, place: place.of(&pointer), pointer }
        }
        other => {
            let message = clip(&other.to_string());
            SchemaError::Invalid { message, pointer: String::new(), place: None }
        }
    }
}
