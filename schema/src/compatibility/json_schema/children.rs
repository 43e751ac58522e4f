//! Rules that lead into properties, items and alternatives. Comparing the schemas found there is `Check::schema` again.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Check, rules::Rule};
use crate::{
    compatibility::Finding,
    excerpt::{clip, counted},
    json::locate::escaped,
    json_schema::{
        sequence,
        view::{View, names},
    },
};

impl<'a> Check<'a> {
    pub(super) fn children(&mut self, rule: &Rule<'a>, written: &View<'a>, path: &str) -> Vec<Finding> {
        let types = written.types();
        match rule.keyword {
            "items" | "prefixItems" | "additionalItems" if types.contains("array") => self.items(rule, written, path),
            "properties" if types.contains("object") => self.properties(rule, written, path),
            "patternProperties" if types.contains("object") => self.patterns(rule, written, path),
            "additionalProperties" if types.contains("object") => self.additional(rule, written, path),
            "propertyNames" if types.contains("object") => self.names(rule, written, path),
            _ => Vec::new(),
        }
    }

    fn properties(&mut self, rule: &Rule<'a>, written: &View<'a>, path: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (name, schema) in rule.value.as_object().into_iter().flatten() {
            let sent = self.property(written, name);
            let mentioned = sent.never.is_some() || !sent.parts.is_empty() || declares(written, name);
            if !mentioned && !self.strict && !written.requires(name) {
                continue;
            }
            let place = format!("{}/{}", rule.place, escaped(name));
            findings.extend(self.schema(place, schema, &sent, &format!("{path}/{}", escaped(name))));
        }
        findings
    }

    /// What the writer says about one property; a pattern that might match it is left out, which only widens the view.
    fn property(&self, written: &View<'a>, name: &str) -> View<'a> {
        let mut view = View::default();
        for (pointer, members) in &written.parts {
            match members.get("properties").and_then(|properties| properties.get(name)) {
                Some(schema) => view.add(self.writer, format!("{pointer}/properties/{}", escaped(name)), schema),
                None if members.contains_key("patternProperties") => {}
                None => {
                    if let Some(schema) = members.get("additionalProperties") {
                        view.add(self.writer, format!("{pointer}/additionalProperties"), schema);
                    }
                }
            }
        }
        view
    }

    fn patterns(&mut self, rule: &Rule<'a>, written: &View<'a>, path: &str) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (pattern, schema) in rule.value.as_object().into_iter().flatten() {
            let place = format!("{}/{}", rule.place, escaped(pattern));
            let mut sent = View::default();
            for (pointer, members) in &written.parts {
                if let Some(schema) = members.get("patternProperties").and_then(|patterns| patterns.get(pattern)) {
                    sent.add(self.writer, format!("{pointer}/patternProperties/{}", escaped(pattern)), schema);
                }
            }
            if sent.parts.is_empty() && sent.never.is_none() && trivial(schema) {
                continue;
            }
            if sent.parts.is_empty() && sent.never.is_none() {
                let message = format!(
                    "cannot decide which properties of the {} version match the pattern {}",
                    self.writer_name,
                    clip(pattern)
                );
                findings.push(self.finding(path, place, message));
                continue;
            }
            findings.extend(self.schema(place, schema, &sent, &format!("{path}/*")));
        }
        findings
    }

    /// Properties the writer may send and the reader does not name.
    fn additional(&mut self, rule: &Rule<'a>, written: &View<'a>, path: &str) -> Vec<Finding> {
        if trivial(rule.value) {
            return Vec::new();
        }
        let empty = Map::new();
        let known = rule.members.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let patterns = rule.members.get("patternProperties").and_then(Value::as_object).unwrap_or(&empty);
        let mut findings = Vec::new();
        let mut sent: BTreeSet<&'a str> = BTreeSet::new();
        for properties in written.all("properties").filter_map(Value::as_object) {
            sent.extend(properties.keys().map(String::as_str).filter(|name| !known.contains_key(*name)));
        }
        for name in sent {
            let inner = format!("{path}/{}", escaped(name));
            if !patterns.is_empty() {
                let message = format!(
                    "cannot decide whether property \"{}\" matches a pattern of the {} version",
                    clip(name),
                    self.reader_name
                );
                findings.push(self.finding(&inner, rule.place.clone(), message));
                continue;
            }
            let view = self.property(written, name);
            if rule.value == &Value::Bool(false) && view.never.is_none() {
                let message = format!("property \"{}\" is not allowed by the {} version", clip(name), self.reader_name);
                findings.push(self.finding(&inner, rule.place.clone(), message));
            } else {
                findings.extend(self.schema(rule.place.clone(), rule.value, &view, &inner));
            }
        }
        findings.extend(self.open_ends(rule, patterns, written, path));
        findings
    }

    /// Properties that neither side names.
    fn open_ends(
        &mut self,
        rule: &Rule<'a>,
        patterns: &Map<String, Value>,
        written: &View<'a>,
        path: &str,
    ) -> Vec<Finding> {
        let mut rest = View::default();
        let mut foreign = Vec::new();
        for (pointer, members) in &written.parts {
            if let Some(schema) = members.get("additionalProperties") {
                rest.add(self.writer, format!("{pointer}/additionalProperties"), schema);
            }
            let own = members.get("patternProperties").and_then(Value::as_object).into_iter().flatten();
            foreign.extend(own.filter(|(pattern, _)| !patterns.contains_key(*pattern)).map(|(pattern, _)| pattern));
        }
        let mut findings = self.schema(rule.place.clone(), rule.value, &rest, &format!("{path}/*"));
        if let (Value::Bool(false), [_, ..]) = (rule.value, findings.as_slice()) {
            let message = format!(
                "the {} version allows no further properties, the {} version does",
                self.reader_name, self.writer_name
            );
            findings = vec![self.finding(&format!("{path}/*"), rule.place.clone(), message)];
        }
        findings.extend(foreign.into_iter().map(|pattern| {
            let message = format!(
                "cannot decide whether the {} version accepts the properties that match {}",
                self.reader_name,
                clip(pattern)
            );
            self.finding(path, rule.place.clone(), message)
        }));
        findings
    }

    fn names(&mut self, rule: &Rule<'a>, written: &View<'a>, path: &str) -> Vec<Finding> {
        let mut sent = View::default();
        for (pointer, members) in &written.parts {
            if let Some(schema) = members.get("propertyNames") {
                sent.add(self.writer, format!("{pointer}/propertyNames"), schema);
            }
        }
        let findings = self.schema(rule.place.clone(), rule.value, &sent, path);
        let only_type = rule.value.get("type").is_some_and(|kind| names(kind).contains("string"))
            && rule.value.as_object().is_some_and(|members| members.len() == 1);
        if only_type || findings.is_empty() {
            return Vec::new();
        }
        let message = format!("the {} version restricts the names of properties in another way", self.reader_name);
        vec![self.finding(path, rule.place.clone(), message)]
    }

    fn items(&mut self, rule: &Rule<'a>, written: &View<'a>, path: &str) -> Vec<Finding> {
        let (prefix, rest) = sequence(rule.members);
        let mut findings = Vec::new();
        let written_prefix = written.parts.iter().map(|(_, members)| sequence(members).0.len()).max().unwrap_or(0);
        let at_most = written.count("maxItems").unwrap_or(u64::MAX);
        // `items` and `prefixItems` are two keywords of one rule: each compares its own share.
        let first = matches!((rule.keyword, rule.value), ("prefixItems", _) | ("items", Value::Array(_)));
        let positions = if first { 0..prefix.len() } else { prefix.len()..written_prefix.max(prefix.len()) };
        for position in positions.filter(|position| (*position as u64) < at_most) {
            let Some(schema) = prefix.get(position).copied().or(rest) else { continue };
            let place = if first { format!("{}/{position}", rule.place) } else { rule.place.clone() };
            let sent = self.item(written, Some(position));
            findings.extend(self.schema(place, schema, &sent, &format!("{path}/{position}")));
        }
        if let (Some(rest), false) = (rest, first)
            && prefix.len().max(written_prefix) as u64 <= at_most.saturating_sub(1)
        {
            let sent = self.item(written, None);
            findings.extend(self.schema(rule.place.clone(), rest, &sent, &format!("{path}/*")));
        }
        findings
    }

    /// What the writer says about the item at a position, or about those after all positions it names.
    fn item(&self, written: &View<'a>, position: Option<usize>) -> View<'a> {
        let mut view = View::default();
        for (pointer, members) in &written.parts {
            let (prefix, rest) = sequence(members);
            if let Some(schema) = position.and_then(|at| prefix.get(at)).copied().or(rest) {
                view.add(self.writer, format!("{pointer}/items"), schema);
            }
        }
        view
    }

    /// One alternative of the reader must accept everything; for `oneOf` no other may accept any of it.
    pub(super) fn alternatives(&mut self, rule: &Rule<'a>, written: &View<'a>, path: &str) -> Vec<Finding> {
        if written.all(rule.keyword).any(|other| self.reader.same(rule.value, &self.writer, other)) {
            return Vec::new();
        }
        let branches = rule.value.as_array().map_or(&[][..], Vec::as_slice);
        let mut closest: Option<Vec<Finding>> = None;
        for (index, branch) in branches.iter().enumerate() {
            let findings = self.schema(format!("{}/{index}", rule.place), branch, written, path);
            if findings.is_empty() {
                let others = branches.iter().enumerate().filter(|(other, _)| *other != index);
                let apart = others.map(|(_, other)| other).all(|other| self.apart(other, written));
                if rule.keyword == "anyOf" || apart {
                    return Vec::new();
                }
                let message = format!(
                    "cannot decide whether values of the {} version match more than one alternative of the {} version",
                    self.writer_name, self.reader_name
                );
                return vec![self.finding(path, rule.place.clone(), message)];
            }
            if closest.as_ref().is_none_or(|best| findings.len() < best.len()) {
                closest = Some(findings);
            }
        }
        let reason = closest.and_then(|findings| findings.into_iter().next()).map(|finding| finding.message);
        let message = format!(
            "none of the {} of the {} version accepts everything the {} version allows{}",
            counted(branches.len() as u64, "alternative"),
            self.reader_name,
            self.writer_name,
            reason.map(|reason| format!(": {reason}")).unwrap_or_default()
        );
        vec![self.finding(path, rule.place.clone(), message)]
    }

    /// Whether no value as written can satisfy the reader's schema: by type, by listed values, or by a required property.
    fn apart(&self, reader: &'a Value, written: &View<'a>) -> bool {
        let other = View::of(self.reader, String::new(), reader);
        views_apart(self, &other, written, 3)
    }
}

fn views_apart<'a>(check: &Check<'a>, mine: &View<'a>, theirs: &View<'a>, levels: u32) -> bool {
    if mine.never.is_some() || theirs.never.is_some() {
        return true;
    }
    let (a, b) = (mine.types(), theirs.types());
    let numbers = |types: &BTreeSet<&str>| types.contains("number") || types.contains("integer");
    if a.is_disjoint(&b) && !(numbers(&a) && numbers(&b)) {
        return true;
    }
    if let (Some(mine), Some(theirs)) = (mine.values(), theirs.values())
        && !mine.iter().any(|value| theirs.contains(value))
    {
        return true;
    }
    let objects = a.iter().eq(["object"].iter()) && b.iter().eq(["object"].iter());
    let required = |view: &View<'a>| -> BTreeSet<&'a str> {
        view.all("required").filter_map(Value::as_array).flatten().filter_map(Value::as_str).collect()
    };
    objects
        && levels > 0
        && required(mine).union(&required(theirs)).any(|name| {
            let of_mine = property_of(check.reader, mine, name);
            let of_theirs = check.property(theirs, name);
            views_apart(check, &of_mine, &of_theirs, levels - 1)
        })
}

fn property_of<'a>(document: super::Document<'a>, view: &View<'a>, name: &str) -> View<'a> {
    let mut found = View::default();
    for (_, members) in &view.parts {
        if let Some(schema) = members.get("properties").and_then(|properties| properties.get(name)) {
            found.add(document, String::new(), schema);
        }
    }
    found
}

fn declares(written: &View<'_>, name: &str) -> bool {
    written.all("properties").any(|properties| properties.get(name).is_some())
}

/// A schema that accepts everything.
fn trivial(schema: &Value) -> bool {
    schema == &Value::Bool(true) || schema.as_object().is_some_and(Map::is_empty)
}
