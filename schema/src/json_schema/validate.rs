//! One payload against one JSON Schema: the verdict first, places only when it fails.

use jsonschema::{ValidationError, error::ValidationErrorKind as Kind};
use serde_json::Value;

use super::{JsonSchema, cost, sentence};
use crate::{
    excerpt::clip,
    json::{
        locate::{Target, Wanted, escaped, locate, steps_of},
        parse::{self, Fault},
    },
    limits::{BACKTRACKING_PAYLOAD_BYTES_MAX, VIOLATIONS_MAX},
    place::ByteRange,
    violation::{Found, RULE_PAYLOAD_BYTES, RULE_WORK, Violation, clip_path, finish},
};

impl JsonSchema {
    /// Every violation of the payload, in the order of the text; none when it is valid.
    pub(crate) fn validate(&self, payload: &[u8]) -> Vec<Violation> {
        let text = match parse::utf8(payload) {
            Ok(text) => text,
            Err(fault) => {
                let valid = std::str::from_utf8(&payload[..fault.range.start]).unwrap_or_default();
                return finish(vec![unreadable(fault)], Some(valid), false, payload.len());
            }
        };
        match parse::parse(text) {
            Ok(value) => self.validate_value(text, &value),
            Err(fault) => finish(vec![unreadable(fault)], Some(text), false, payload.len()),
        }
    }

    fn validate_value(&self, text: &str, value: &Value) -> Vec<Violation> {
        if self.backtracks && text.len() > BACKTRACKING_PAYLOAD_BYTES_MAX {
            return finish(vec![too_long_to_backtrack(text.len())], Some(text), false, text.len());
        }
        if !self.work.is_bounded(value, text.len()) {
            return finish(vec![too_costly(text.len(), self.work.visits_limit())], Some(text), false, text.len());
        }
        if self.validator.is_valid(value) {
            return Vec::new();
        }
        let mut broken: Vec<Broken> = Vec::new();
        for error in self.validator.iter_errors(value) {
            self.split(&error, value, &mut broken);
            if broken.len() > VIOLATIONS_MAX {
                break;
            }
        }
        let more = broken.len() > VIOLATIONS_MAX;
        broken.truncate(VIOLATIONS_MAX);
        let wanted: Vec<Wanted> =
            broken.iter().map(|one| Wanted { path: steps_of(&one.place_path), target: one.target }).collect();
        let ranges = locate(text, &wanted);
        let whole = ByteRange { start: 0, end: text.len() };
        let found = broken.into_iter().zip(ranges).map(|(one, range)| Found {
            instance_path: clip_path(one.instance_path),
            range: range.unwrap_or(whole),
            rule: one.rule,
            schema_path: one.schema_path,
            message: one.message,
        });
        finish(found.collect(), Some(text), more, text.len())
    }
}

/// A violation whose place is still a path.
struct Broken {
    instance_path: String,
    /// The path of what is shown as wrong: `instance_path`, or a key below it.
    place_path: String,
    target: Target,
    rule: String,
    schema_path: String,
    message: String,
}

impl JsonSchema {
    /// One violation per offending property; all others as they are.
    fn split(&self, error: &ValidationError<'_>, root: &Value, broken: &mut Vec<Broken>) {
        let path = error.instance_path().to_string();
        let schema_path = self.schema_path(error);
        // Where an object may have no property at all, the library names only the first, and as a false schema.
        let closed = matches!(error.kind(), Kind::FalseSchema) && schema_path.ends_with("/additionalProperties");
        let rule = match error.kind() {
            Kind::FalseSchema if closed => "additionalProperties".to_owned(),
            Kind::FalseSchema => "false".to_owned(),
            Kind::Contains => schema_path.rsplit('/').next().unwrap_or("contains").to_owned(),
            other => other.keyword().to_owned(),
        };
        let one = |instance_path: String, target, message| Broken {
            place_path: instance_path.clone(),
            instance_path,
            target,
            rule: rule.clone(),
            schema_path: schema_path.clone(),
            message,
        };
        let mut unexpected = |names: &mut dyn Iterator<Item = &String>| {
            for name in names.take(VIOLATIONS_MAX + 1) {
                let message = format!("property \"{}\" is not allowed", clip(name));
                broken.push(one(format!("{path}/{}", escaped(name)), Target::Key, message));
            }
        };
        match (error.kind(), root.pointer(&path)) {
            (
                Kind::AdditionalProperties { unexpected: names } | Kind::UnevaluatedProperties { unexpected: names },
                _,
            ) => {
                unexpected(&mut names.iter());
            }
            (Kind::FalseSchema, Some(Value::Object(members))) if closed => unexpected(&mut members.keys()),
            (Kind::AdditionalItems { limit }, _) => {
                broken.push(one(format!("{path}/{limit}"), Target::Value, sentence::of(error)));
            }
            (Kind::PropertyNames { error: inner }, _) => {
                let message = sentence::of(error);
                let name = inner.instance().as_str().unwrap_or_default();
                let place_path = format!("{path}/{}", escaped(name));
                broken.push(Broken { place_path, ..one(path, Target::Key, message) });
            }
            _ => broken.push(one(path, Target::Value, sentence::of(error))),
        }
    }

    /// Where the rule stands in the definition. Inside a part with an identifier of its own the library counts from that
    /// part; a person looks from the root.
    fn schema_path(&self, error: &ValidationError<'_>) -> String {
        let path = error.schema_path().to_string();
        let Some(uri) = error.absolute_keyword_location() else { return path };
        let (resource, fragment) = uri.as_str().split_once('#').unwrap_or((uri.as_str(), ""));
        let name = cost::last_step(resource);
        let within = self.resources.iter().find(|(identifier, _)| identifier == name);
        match within {
            Some((_, pointer)) if fragment.is_empty() || fragment.starts_with('/') => {
                let full = format!("{pointer}{path}");
                if self.definition.pointer(&full).is_some() { full } else { path }
            }
            _ => path,
        }
    }
}

fn unreadable(fault: Fault) -> Found {
    Found {
        instance_path: clip_path(fault.pointer),
        range: fault.range,
        rule: fault.rule.into(),
        schema_path: String::new(),
        message: fault.message,
    }
}

fn too_costly(bytes: usize, limit: u64) -> Found {
    Found {
        instance_path: String::new(),
        range: ByteRange { start: 0, end: bytes },
        rule: RULE_WORK.into(),
        schema_path: String::new(),
        message: format!(
            "checking this payload would apply more than {limit} subschemas; nest it less deep, or let the \
             schema lead to the same items in fewer ways"
        ),
    }
}

fn too_long_to_backtrack(bytes: usize) -> Found {
    Found {
        instance_path: String::new(),
        range: ByteRange { start: 0, end: bytes },
        rule: RULE_PAYLOAD_BYTES.into(),
        schema_path: String::new(),
        message: format!(
            "payload has {bytes} bytes; a schema whose patterns use look-around checks at most \
             {BACKTRACKING_PAYLOAD_BYTES_MAX}; write the patterns without it"
        ),
    }
}
