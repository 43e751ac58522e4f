//! What each broken keyword says to a person: the value, then the limit. Not where it stands.

use jsonschema::{
    ValidationError,
    error::{TypeKind, ValidationErrorKind as Kind},
};
use serde_json::Value;

use crate::excerpt::{clip, constant, counted, kind, listed, value};

/// The sentence for one violation. Violations that name several properties are split before this is called; what is
/// left of them here names the first ones.
pub(crate) fn of(error: &ValidationError<'_>) -> String {
    let instance = error.instance();
    let shown = value(instance);
    match error.kind() {
        Kind::Type { kind: wanted } => wrong_type(instance, wanted),
        Kind::Required { property } => format!("required property {} is missing", constant(property)),
        Kind::Enum { options } => format!("{shown} is not one of the allowed values: {}", allowed(options)),
        Kind::Constant { expected_value } => {
            format!("{shown} is not {}, the only allowed value", constant(expected_value))
        }
        Kind::Minimum { limit } => format!("{shown} is less than the minimum of {limit}"),
        Kind::Maximum { limit } => format!("{shown} is greater than the maximum of {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("{shown} is not greater than the exclusive minimum of {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("{shown} is not less than the exclusive maximum of {limit}"),
        Kind::MultipleOf { multiple_of } => format!("{shown} is not a multiple of {multiple_of}"),
        Kind::MinLength { limit } => too_few(&shown, characters(instance), *limit, "character"),
        Kind::MaxLength { limit } => too_many(&shown, characters(instance), *limit, "character"),
        Kind::MinItems { limit } => too_few("the array", items(instance), *limit, "item"),
        Kind::MaxItems { limit } => too_many("the array", items(instance), *limit, "item"),
        Kind::AdditionalItems { limit } => too_many("the array", items(instance), *limit as u64, "item"),
        Kind::MinProperties { limit } => too_few("the object", items(instance), *limit, "property"),
        Kind::MaxProperties { limit } => too_many("the object", items(instance), *limit, "property"),
        Kind::UniqueItems => duplicate(instance),
        Kind::Contains => contains(error.schema_path().as_str()),
        Kind::Pattern { pattern } => format!("{shown} does not match the pattern {}", clip(pattern)),
        Kind::Format { format } => format!("{shown} is not a valid {}", clip(format)),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            format!("{} is not an allowed property", listed(unexpected, |name| format!("\"{}\"", clip(name))))
        }
        Kind::UnevaluatedItems { unexpected } => {
            format!("the array has {} that no rule allows", counted(unexpected.len() as u64, "item"))
        }
        Kind::PropertyNames { error } => format!("property name not allowed: {}", of(error)),
        Kind::FalseSchema => format!("no value is allowed here, found {shown}"),
        Kind::Not { schema } => format!("{shown} matches what it must not match: {}", constant(schema)),
        Kind::AnyOf { context } | Kind::OneOfNotValid { context } => {
            none_of(&shown, error.instance_path().as_str(), context)
        }
        Kind::OneOfMultipleValid { .. } => {
            format!("{shown} matches more than one of the alternatives, exactly one is allowed")
        }
        Kind::ContentEncoding { content_encoding } => format!("{shown} is not encoded as {}", clip(content_encoding)),
        Kind::ContentMediaType { content_media_type } => format!("{shown} is not {}", clip(content_media_type)),
        Kind::FromUtf8 { .. } => format!("{shown} does not decode to UTF-8 text"),
        Kind::BacktrackLimitExceeded { .. } | Kind::RegexEngineFailure { .. } => {
            format!("{shown} is too costly to match against this pattern; write the pattern without look-around")
        }
        Kind::Referencing(_) | Kind::Custom { .. } => clip(&error.to_string()),
    }
}

fn wrong_type(instance: &Value, wanted: &TypeKind) -> String {
    match instance {
        Value::Null | Value::Array(_) | Value::Object(_) => {
            format!("found {}, expected {}", kind(instance), types(wanted))
        }
        _ => format!("{} is {}, expected {}", value(instance), kind(instance), types(wanted)),
    }
}

fn contains(schema_path: &str) -> String {
    let what = match schema_path.rsplit('/').next() {
        Some("minContains") => "too few items of the array match the schema under contains",
        Some("maxContains") => "too many items of the array match the schema under contains",
        _ => "no item of the array matches the schema under contains",
    };
    what.into()
}

fn types(wanted: &TypeKind) -> String {
    let names: Vec<&str> = match wanted {
        TypeKind::Single(one) => vec![one.as_str()],
        TypeKind::Multiple(several) => several.iter().map(|one| one.as_str()).collect(),
    };
    listed(&names, |name| (*name).to_owned())
}

fn allowed(options: &Value) -> String {
    match options {
        Value::Array(options) => listed(options, constant),
        other => constant(other),
    }
}

fn too_few(what: &str, count: u64, limit: u64, noun: &str) -> String {
    format!("{what} has {}, at least {limit} required", counted(count, noun))
}

fn too_many(what: &str, count: u64, limit: u64, noun: &str) -> String {
    format!("{what} has {}, at most {limit} allowed", counted(count, noun))
}

fn characters(instance: &Value) -> u64 {
    instance.as_str().map_or(0, |text| text.chars().count() as u64)
}

fn items(instance: &Value) -> u64 {
    match instance {
        Value::Array(items) => items.len() as u64,
        Value::Object(members) => members.len() as u64,
        _ => 0,
    }
}

/// Names the first pair of equal items, where looking for it is cheap.
fn duplicate(instance: &Value) -> String {
    const SEARCHED_ITEMS_MAX: usize = 200;
    let items = instance.as_array().map_or(&[][..], Vec::as_slice);
    for (later, item) in items.iter().enumerate().take(SEARCHED_ITEMS_MAX) {
        if let Some(earlier) = items[..later].iter().position(|other| other == item) {
            return format!("items {earlier} and {later} are equal ({}), all items must differ", value(item));
        }
    }
    "the array has equal items, all items must differ".into()
}

/// The violation of the alternative that came closest: deepest in the data, then with the fewest violations.
pub(crate) fn closest<'a>(
    context: &'a [Vec<ValidationError<'static>>],
) -> Option<(usize, &'a ValidationError<'static>)> {
    let nearest = context.iter().enumerate().filter(|(_, errors)| !errors.is_empty()).max_by_key(|(index, errors)| {
        let depth = errors.iter().map(|error| error.instance_path().as_str().matches('/').count()).max();
        (depth, std::cmp::Reverse(errors.len()), std::cmp::Reverse(*index))
    });
    nearest.map(|(index, errors)| (index, &errors[0]))
}

/// Why no alternative fits: the one that came closest speaks for all.
fn none_of(shown: &str, path: &str, context: &[Vec<ValidationError<'static>>]) -> String {
    let count = counted(context.len() as u64, "alternative");
    let Some((index, error)) = closest(context) else {
        return format!("{shown} matches none of the {count}");
    };
    let inner = error.instance_path().as_str();
    let place = if inner == path { String::new() } else { format!("at {}, ", clip(inner)) };
    let reason = match error.kind() {
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => "no inner alternative fits".into(),
        _ => of(error),
    };
    format!("{shown} matches none of the {count}; number {} comes closest: {place}{reason}", index + 1)
}
