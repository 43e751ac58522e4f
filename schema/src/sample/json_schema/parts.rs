//! Everything that applies to one value: the schema, what it refers to, what it joins, and one of each of its
//! alternatives. Makes no value.

use serde_json::{Map, Value};

use super::Maker;
use crate::{json_schema::sequence, limits::SCHEMA_CHAIN_HOPS_MAX, sample::source::Source};

/// Keywords and the type they speak of.
const TYPE_OF_KEYWORD: [(&str, &str); 18] = [
    ("properties", "object"),
    ("required", "object"),
    ("additionalProperties", "object"),
    ("patternProperties", "object"),
    ("minProperties", "object"),
    ("propertyNames", "object"),
    ("dependentRequired", "object"),
    ("items", "array"),
    ("prefixItems", "array"),
    ("contains", "array"),
    ("minItems", "array"),
    ("uniqueItems", "array"),
    ("pattern", "string"),
    ("format", "string"),
    ("minLength", "string"),
    ("maxLength", "string"),
    ("multipleOf", "number"),
    ("minimum", "number"),
];

const TYPES: [&str; 7] = ["string", "integer", "number", "boolean", "object", "array", "null"];

/// The keyword objects that apply to one value.
#[derive(Default)]
pub(super) struct Parts<'a> {
    pub all: Vec<&'a Map<String, Value>>,
    /// One of them allows nothing.
    pub never: bool,
}

impl<'a> Parts<'a> {
    /// The values of one keyword.
    pub(super) fn all(&self, keyword: &str) -> impl Iterator<Item = &'a Value> {
        self.all.iter().filter_map(move |members| members.get(keyword))
    }

    pub(super) fn largest(&self, keyword: &str) -> Option<usize> {
        self.all(keyword).filter_map(count).max()
    }

    pub(super) fn smallest(&self, keyword: &str) -> Option<usize> {
        self.all(keyword).filter_map(count).min()
    }

    /// The types that all parts allow; without any word on it, the type that their keywords speak of.
    pub(super) fn types(&self) -> Vec<&'static str> {
        let mut types: Vec<&'static str> = TYPES.to_vec();
        for allowed in self.all("type") {
            types.retain(|name| {
                names(allowed).any(|allowed| allowed == *name || (allowed == "number" && *name == "integer"))
            });
        }
        if types.len() < TYPES.len() {
            // A whole number is one way to write a number.
            if types.contains(&"number") {
                types.retain(|name| *name != "integer");
            }
            return types;
        }
        let spoken_of = TYPE_OF_KEYWORD.iter().find(|(keyword, _)| self.all(keyword).next().is_some());
        match spoken_of {
            Some((_, name)) => vec![name],
            None => vec!["string", "integer", "boolean"],
        }
    }

    /// The values, where one of the parts lists them: those that all lists share.
    pub(super) fn values(&self) -> Option<Vec<&'a Value>> {
        let listed = self.all("enum").filter_map(Value::as_array).map(|values| values.iter().collect::<Vec<_>>());
        let fixed = self.all("const").map(|value| vec![value]);
        listed.chain(fixed).reduce(|one, other| one.into_iter().filter(|value| other.contains(value)).collect())
    }

    pub(super) fn examples(&self) -> Vec<&'a Value> {
        self.all("examples").filter_map(Value::as_array).flatten().chain(self.all("default")).collect()
    }

    /// What must hold for the item at a position.
    pub(super) fn items_at(&self, position: usize) -> Vec<&'a Value> {
        let mut schemas = Vec::new();
        for members in &self.all {
            let (prefix, rest) = sequence(members);
            schemas.extend(prefix.get(position).copied().or(rest));
        }
        if schemas.is_empty() {
            schemas.extend(self.all("unevaluatedItems"));
        }
        schemas
    }
}

fn count(value: &Value) -> Option<usize> {
    value.as_f64().map(|count| count as usize)
}

/// The names in a `type` keyword.
fn names(keyword: &Value) -> impl Iterator<Item = &str> {
    keyword.as_str().into_iter().chain(keyword.as_array().into_iter().flatten().filter_map(Value::as_str))
}

pub(super) fn is_type(value: &Value, name: &str) -> bool {
    match value {
        Value::Null => name == "null",
        Value::Bool(_) => name == "boolean",
        Value::Number(_) => name == "number" || name == "integer",
        Value::String(_) => name == "string",
        Value::Array(_) => name == "array",
        Value::Object(_) => name == "object",
    }
}

impl<'a> Maker<'a> {
    pub(super) fn gather(&self, schema: &'a Value, parts: &mut Parts<'a>, source: &mut Source, hops: usize) {
        let members = match schema {
            Value::Object(members) if hops <= 2 * SCHEMA_CHAIN_HOPS_MAX => members,
            Value::Bool(true) => return,
            _ => {
                parts.never = true;
                return;
            }
        };
        let references = ["$ref", "$dynamicRef", "$recursiveRef"].iter().filter_map(|keyword| members.get(*keyword));
        for reference in references.filter_map(Value::as_str) {
            let target = self.index.targets(reference).first().and_then(|pointer| self.index.at(pointer));
            if let Some(target) = target {
                self.gather(target, parts, source, hops + 1);
            }
        }
        if self.lonely_references && members.contains_key("$ref") {
            return;
        }
        for schema in members.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.gather(schema, parts, source, hops + 1);
        }
        for keyword in ["anyOf", "oneOf"] {
            let branches = members.get(keyword).and_then(Value::as_array);
            if let Some(branch) = branches.and_then(|branches| choose(branches, source)) {
                self.gather(branch, parts, source, hops + 1);
            }
        }
        self.gather_condition(members, parts, source, hops);
        parts.all.push(members);
    }

    fn gather_condition(
        &self,
        members: &'a Map<String, Value>,
        parts: &mut Parts<'a>,
        source: &mut Source,
        hops: usize,
    ) {
        let Some(condition) = members.get("if") else { return };
        if source.flag() {
            self.gather(condition, parts, source, hops + 1);
            if let Some(then) = members.get("then") {
                self.gather(then, parts, source, hops + 1);
            }
        } else if let Some(otherwise) = members.get("else") {
            self.gather(otherwise, parts, source, hops + 1);
        }
    }
}

/// One alternative; deep down one that leads no deeper, where there is one.
fn choose<'a>(branches: &'a [Value], source: &mut Source) -> Option<&'a Value> {
    let leads_on = |branch: &Value| {
        let nested = branch.get("type").is_some_and(|kind| names(kind).any(|name| name == "object" || name == "array"));
        nested
            || ["$ref", "$dynamicRef", "$recursiveRef", "properties", "items"]
                .iter()
                .any(|it| branch.get(*it).is_some())
    };
    let all: Vec<&Value> = branches.iter().filter(|branch| *branch != &Value::Bool(false)).collect();
    let flat: Vec<&Value> = all.iter().copied().filter(|branch| !leads_on(branch)).collect();
    source.one_of(if source.is_deep() && !flat.is_empty() { &flat } else { &all })
}
