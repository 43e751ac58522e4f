//! A value for a JSON Schema: everything that applies to it is gathered first, with one alternative chosen of each; then the
//! value is made to fit. `not`, and what alternatives exclude, is left to chance and the next attempt.

mod object;
mod parts;
mod scalar;

use serde_json::Value;

use self::parts::Parts;
use super::{SampleError, source::Source};
use crate::json_schema::{Index, has_lonely_references, sequence};

/// Tries at an item that differs from those before it.
const UNIQUE_TRIES_MAX: usize = 20;

/// Items beyond the least.
const MORE_ITEMS_MAX: usize = 3;

/// What cannot be made becomes `null`, so that the validator says which rule stands in the way.
pub(super) fn make(root: &Value, source: &mut Source) -> Result<Value, SampleError> {
    let maker = Maker { index: Index::new(root), lonely_references: has_lonely_references(root) };
    Ok(maker.of(&[root], source).unwrap_or(Value::Null))
}

struct Maker<'a> {
    index: Index<'a>,
    lonely_references: bool,
}

impl<'a> Maker<'a> {
    /// A value that fits all the schemas; none where one of them allows nothing, or the budget is spent.
    fn of(&self, schemas: &[&'a Value], source: &mut Source) -> Option<Value> {
        if !source.enter() {
            source.leave();
            return None;
        }
        let mut parts = Parts::default();
        for schema in schemas {
            self.gather(schema, &mut parts, source, 0);
        }
        let made = if parts.never { None } else { self.fitting(parts, source) };
        source.leave();
        made
    }

    fn fitting(&self, parts: Parts<'a>, source: &mut Source) -> Option<Value> {
        let types = parts.types();
        if let Some(values) = parts.values() {
            let fitting: Vec<&Value> =
                values.iter().copied().filter(|value| types.iter().any(|name| parts::is_type(value, name))).collect();
            let choices = if fitting.is_empty() { &values } else { &fitting };
            return source.one_of(choices).cloned();
        }
        // What a person wrote as an example says more than words by chance.
        if source.attempt() == 0
            && let Some(example) = source.one_of(&parts.examples())
        {
            return Some(example.clone());
        }
        let plain: Vec<&str> = types.iter().copied().filter(|name| !["array", "object"].contains(name)).collect();
        let choices = if source.is_deep() && !plain.is_empty() { &plain } else { &types };
        match source.one_of(choices)? {
            "null" => Some(Value::Null),
            "boolean" => Some(source.flag().into()),
            "integer" => scalar::number(&parts, true, source),
            "number" => scalar::number(&parts, false, source),
            "string" => Some(scalar::string(&parts, source).into()),
            "array" => self.array(&parts, source),
            _ => self.object(parts, source),
        }
    }

    fn array(&self, parts: &Parts<'a>, source: &mut Source) -> Option<Value> {
        let least = parts.largest("minItems").unwrap_or(0);
        let mut most = parts.smallest("maxItems").unwrap_or(usize::MAX);
        let mut contained: Vec<&'a Value> = Vec::new();
        for members in &parts.all {
            if let Some(schema) = members.get("contains") {
                let count = members.get("minContains").and_then(Value::as_u64).unwrap_or(1);
                contained.extend(std::iter::repeat_n(schema, usize::try_from(count).unwrap_or(usize::MAX).min(100)));
            }
            if let (prefix, Some(Value::Bool(false))) = sequence(members) {
                most = most.min(prefix.len());
            }
        }
        let least = least.max(contained.len());
        let more = if source.is_deep() { 0 } else { source.size(0..=MORE_ITEMS_MAX) };
        let count = least.saturating_add(more).min(most.max(least));
        let is_unique = parts.all("uniqueItems").any(|unique| unique == &Value::Bool(true));
        let mut items: Vec<Value> = Vec::new();
        for position in 0..count {
            let mut schemas: Vec<&'a Value> = parts.items_at(position);
            // The last positions are the free ones: those before may be named one by one.
            schemas.extend(contained.get(count - position - 1));
            let mut item = self.of(&schemas, source);
            for _ in 0..UNIQUE_TRIES_MAX {
                if !is_unique || item.as_ref().is_none_or(|item| !items.contains(item)) {
                    break;
                }
                item = self.of(&schemas, source);
            }
            match item {
                Some(item) => items.push(item),
                None if position >= least => break,
                None => return None,
            }
        }
        Some(items.into())
    }
}
