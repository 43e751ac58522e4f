//! One keyword of the reader after the other, against everything the writer says about the same value. Keywords that lead
//! into properties and items are in `children`.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Check;
use crate::{
    compatibility::Finding,
    excerpt,
    json::locate::escaped,
    json_schema::view::{View, names},
};

/// Keywords that say nothing about which values are valid.
const ANNOTATIONS: [&str; 18] = [
    "$schema",
    "$id",
    "id",
    "$anchor",
    "$dynamicAnchor",
    "$recursiveAnchor",
    "$defs",
    "definitions",
    "$comment",
    "title",
    "description",
    "default",
    "examples",
    "example",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$vocabulary",
];

impl<'a> Check<'a> {
    /// Every reason why a value as written may break a rule of the reader.
    pub(super) fn rules(&mut self, wanted: &View<'a>, written: &View<'a>, path: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (pointer, members) in &wanted.parts {
            for (keyword, value) in *members {
                if ANNOTATIONS.contains(&keyword.as_str()) {
                    continue;
                }
                let place = format!("{pointer}/{}", escaped(keyword));
                let rule = Rule { keyword, value, members, place };
                findings.extend(self.rule(&rule, written, path));
            }
        }
        findings
    }

    fn rule(&mut self, rule: &Rule<'a>, written: &View<'a>, path: &str) -> Vec<Finding> {
        let message = match rule.keyword {
            "type" => self.types(rule.value, written),
            "enum" | "const" => self.values(rule, written),
            "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum" => self.bound(rule, written),
            "multipleOf" => self.multiple(rule.value, written),
            "minLength" | "maxLength" => self.count(rule, written, "string"),
            "minItems" | "maxItems" => self.count(rule, written, "array"),
            "minProperties" | "maxProperties" => self.count(rule, written, "object"),
            "pattern" | "format" | "contentEncoding" | "contentMediaType" => self.equal(rule, written, "string"),
            "uniqueItems" if rule.value == &Value::Bool(false) => None,
            "uniqueItems" | "contains" | "minContains" | "maxContains" => self.equal(rule, written, "array"),
            "unevaluatedItems" => self.unevaluated(rule, written, "array"),
            "unevaluatedProperties" => self.unevaluated(rule, written, "object"),
            "dependentSchemas" => self.equal(rule, written, "object"),
            "$dynamicRef" | "$recursiveRef" | "not" => self.equal(rule, written, ""),
            "if" | "then" | "else" => self.conditional(rule, written),
            "$ref" if rule.value.as_str().is_some_and(|it| self.reader.resolve(it).is_some()) => None,
            "$ref" => self.equal(rule, written, ""),
            "required" => return self.required(rule, written, path),
            "dependentRequired" | "dependencies" => return self.dependents(rule, written, path),
            "properties"
            | "patternProperties"
            | "additionalProperties"
            | "propertyNames"
            | "items"
            | "prefixItems"
            | "additionalItems" => {
                return self.children(rule, written, path);
            }
            "anyOf" | "oneOf" => return self.alternatives(rule, written, path),
            // `allOf` is part of the view; unknown keywords are annotations.
            _ => None,
        };
        message.map(|message| self.finding(path, rule.place.clone(), message)).into_iter().collect()
    }

    fn types(&self, allowed: &Value, written: &View<'a>) -> Option<String> {
        let allowed = names(allowed);
        let accepts = |name: &str| allowed.contains(name) || (name == "integer" && allowed.contains("number"));
        let refused: Vec<&str> = written.types().into_iter().filter(|name| !accepts(name)).collect();
        if refused.is_empty() {
            return None;
        }
        let refused = excerpt::listed(&refused, |name| (*name).to_owned());
        let allowed: Vec<&str> = allowed.into_iter().collect();
        let allowed = excerpt::listed(&allowed, |name| (*name).to_owned());
        Some(format!(
            "the {} version allows type {refused}, the {} version only {allowed}",
            self.writer_name, self.reader_name
        ))
    }

    fn values(&self, rule: &Rule<'a>, written: &View<'a>) -> Option<String> {
        let allowed: Vec<&Value> = match (rule.keyword, rule.value) {
            ("enum", Value::Array(values)) => values.iter().collect(),
            (_, value) => vec![value],
        };
        let (yes, no) = (Value::Bool(true), Value::Bool(false));
        let only = |name: &str| written.types().into_iter().eq([name]);
        let sent = match written.values() {
            Some(values) => values,
            None if only("boolean") => vec![&yes, &no],
            None if only("null") => vec![&Value::Null],
            None => {
                let allowed = excerpt::listed(&allowed, |value| excerpt::constant(value));
                return Some(format!(
                    "the {} version allows only {allowed}, the {} version does not list its values",
                    self.reader_name, self.writer_name
                ));
            }
        };
        let refused: Vec<&Value> = sent.into_iter().filter(|value| !allowed.contains(value)).collect();
        (!refused.is_empty()).then(|| {
            let refused = excerpt::listed(&refused, |value| excerpt::constant(value));
            format!(
                "the {} version does not allow {refused}, which the {} version allows",
                self.reader_name, self.writer_name
            )
        })
    }

    fn bound(&self, rule: &Rule<'a>, written: &View<'a>) -> Option<String> {
        let lower = rule.keyword.ends_with("inimum");
        let (limit, open) = bound_of(rule.members, rule.keyword)?;
        let types = written.types();
        if !types.contains("number") && !types.contains("integer") {
            return None;
        }
        let beyond = |value: f64, value_open: bool| {
            let wider = if lower { value < limit } else { value > limit };
            wider || (value == limit && open && !value_open)
        };
        let keywords = if lower { ["minimum", "exclusiveMinimum"] } else { ["maximum", "exclusiveMaximum"] };
        let bounds = written.parts.iter().flat_map(|(_, part)| keywords.map(|keyword| bound_of(part, keyword)));
        let mut bounds = bounds.flatten().peekable();
        let none = bounds.peek().is_none();
        if bounds.any(|(value, value_open)| !beyond(value, value_open)) {
            return None;
        }
        if let Some(values) = written.values() {
            let outside = values.into_iter().find(|value| value.as_f64().is_some_and(|value| beyond(value, false)))?;
            return Some(format!("the {} version does not allow {outside}", self.reader_name));
        }
        let word = match (lower, open) {
            (true, false) => format!("values of at least {limit}"),
            (true, true) => format!("values greater than {limit}"),
            (false, false) => format!("values of at most {limit}"),
            (false, true) => format!("values less than {limit}"),
        };
        let other = if none { "sets no such bound" } else { "sets a wider bound" };
        Some(format!("the {} version allows only {word}, the {} version {other}", self.reader_name, self.writer_name))
    }

    fn multiple(&self, divisor: &Value, written: &View<'a>) -> Option<String> {
        let types = written.types();
        if !types.contains("number") && !types.contains("integer") {
            return None;
        }
        let divides = |value: f64| divisor.as_f64().is_some_and(|divisor| (value / divisor).fract() == 0.0);
        let whole = types.contains("integer") && !types.contains("number") && divides(1.0);
        let listed = written.values().is_some_and(|all| all.iter().filter_map(|one| one.as_f64()).all(divides));
        if whole || listed || written.all("multipleOf").filter_map(Value::as_f64).any(divides) {
            return None;
        }
        Some(format!("the {} version allows only multiples of {divisor}", self.reader_name))
    }

    fn count(&self, rule: &Rule<'a>, written: &View<'a>, on: &str) -> Option<String> {
        let limit = rule.value.as_f64()? as u64;
        let least = rule.keyword.starts_with("min");
        if !written.types().contains(on) || (least && limit == 0) {
            return None;
        }
        let beyond = |count: u64| if least { count < limit } else { count > limit };
        let of_value = |value: &Value| match value {
            Value::String(text) => text.chars().count() as u64,
            Value::Array(items) => items.len() as u64,
            Value::Object(members) => members.len() as u64,
            _ => limit,
        };
        if written.values().is_some_and(|values| !values.into_iter().any(|value| beyond(of_value(value)))) {
            return None;
        }
        let required: BTreeSet<&str> = match rule.keyword {
            "minProperties" => {
                written.all("required").filter_map(Value::as_array).flatten().filter_map(Value::as_str).collect()
            }
            _ => BTreeSet::new(),
        };
        if written.count(rule.keyword).is_some_and(|count| !beyond(count)) || (least && required.len() as u64 >= limit)
        {
            return None;
        }
        let noun = match on {
            "string" => "character",
            "array" => "item",
            _ => "property",
        };
        let word = if least { "at least" } else { "at most" };
        Some(format!(
            "the {} version allows {word} {}, the {} version sets no such limit or a wider one",
            self.reader_name,
            excerpt::counted(limit, noun),
            self.writer_name
        ))
    }

    /// Rules that can only be compared by being the same.
    fn equal(&self, rule: &Rule<'a>, written: &View<'a>, on: &str) -> Option<String> {
        if !on.is_empty() && !written.types().contains(on) {
            return None;
        }
        let mut others = written.all(rule.keyword).peekable();
        let none = others.peek().is_none();
        let alike = |other: &Value| match rule.keyword.starts_with('$') {
            // A name or a dynamic reference: only the whole definitions say where it leads.
            true => rule.value == other && self.reader.root == self.writer.root,
            false => self.reader.same(rule.value, &self.writer, other),
        };
        if others.any(alike) {
            return None;
        }
        let shown = excerpt::constant(rule.value);
        Some(if none {
            format!(
                "the {} version has the rule {} {shown}, the {} version has none",
                self.reader_name, rule.keyword, self.writer_name
            )
        } else {
            format!(
                "cannot decide whether values under the {} version's {} satisfy {shown}",
                self.writer_name, rule.keyword
            )
        })
    }

    /// What is left over depends on all the neighbours, so only whole schemas can be compared.
    fn unevaluated(&self, rule: &Rule<'a>, written: &View<'a>, on: &str) -> Option<String> {
        let whole = Value::Object(rule.members.clone());
        let same = |part: &Map<String, Value>| self.reader.same(&whole, &self.writer, &Value::Object(part.clone()));
        let free = rule.value == &Value::Bool(true) || !written.types().contains(on);
        if free || written.parts.iter().any(|(_, part)| same(part)) {
            return None;
        }
        Some(format!("cannot decide what {} of the {} version leaves over", rule.keyword, self.reader_name))
    }

    /// A conditional is the same only as a whole.
    fn conditional(&self, rule: &Rule<'a>, written: &View<'a>) -> Option<String> {
        if rule.keyword != "if" || !(rule.members.contains_key("then") || rule.members.contains_key("else")) {
            return None;
        }
        let same = |part: &Map<String, Value>| {
            ["if", "then", "else"].iter().all(|keyword| match (rule.members.get(*keyword), part.get(*keyword)) {
                (Some(mine), Some(theirs)) => self.reader.same(mine, &self.writer, theirs),
                (None, None) => true,
                _ => false,
            })
        };
        if written.parts.iter().any(|(_, part)| same(part)) {
            return None;
        }
        Some(format!(
            "cannot decide whether the condition of the {} version holds for all values of the {} version",
            self.reader_name, self.writer_name
        ))
    }

    fn required(&self, rule: &Rule<'a>, written: &View<'a>, path: &str) -> Vec<Finding> {
        if !written.types().contains("object") {
            return Vec::new();
        }
        let names = rule.value.as_array().into_iter().flatten().filter_map(Value::as_str);
        let missing = names.filter(|name| !written.requires(name)).map(|name| {
            let message = format!(
                "property \"{}\" is required by the {} version, but not by the {} version",
                excerpt::clip(name),
                self.reader_name,
                self.writer_name
            );
            self.finding(&format!("{path}/{}", escaped(name)), rule.place.clone(), message)
        });
        missing.collect()
    }

    fn dependents(&self, rule: &Rule<'a>, written: &View<'a>, path: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (name, dependents) in rule.value.as_object().into_iter().flatten() {
            let given = written.all(rule.keyword).filter_map(|other| other.get(name));
            if given.into_iter().any(|other| self.reader.same(dependents, &self.writer, other)) {
                continue;
            }
            let required = dependents.as_array().map(|all| all.iter().filter_map(Value::as_str).collect::<Vec<_>>());
            if required.is_some_and(|all| all.into_iter().all(|one| written.requires(one))) {
                continue;
            }
            let message = format!(
                "cannot decide whether the {} version satisfies what the {} version demands beside property \"{}\"",
                self.writer_name,
                self.reader_name,
                excerpt::clip(name)
            );
            findings.push(self.finding(path, format!("{}/{}", rule.place, escaped(name)), message));
        }
        findings
    }
}

/// One keyword of the reader.
pub(super) struct Rule<'a> {
    pub keyword: &'a str,
    pub value: &'a Value,
    /// The object it stands in, for keywords that mean something only together.
    pub members: &'a Map<String, Value>,
    pub place: String,
}

/// The number of a bound and whether it is itself excluded; in draft 4 the exclusion is a flag beside it.
fn bound_of(members: &Map<String, Value>, keyword: &str) -> Option<(f64, bool)> {
    let limit = members.get(keyword)?.as_f64()?;
    let flag = match keyword {
        "minimum" => "exclusiveMinimum",
        "maximum" => "exclusiveMaximum",
        _ => return Some((limit, true)),
    };
    Some((limit, members.get(flag) == Some(&Value::Bool(true))))
}
