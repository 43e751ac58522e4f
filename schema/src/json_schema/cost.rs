//! What a schema may cost before it is compiled: the longest chain and the number of subschemas that apply to one value.
//! Reads only structure; an over-estimate where a reference could mean several places.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::work::Work;
use crate::{
    SchemaError,
    definition::Definition,
    json::locate::{pointer_of, steps_of},
    limits::{SCHEMA_CHAIN_HOPS_MAX, SCHEMA_VISITS_MAX},
};

/// Keywords whose value is another document's or subschema's address.
const REFERENCES: [&str; 4] = ["$ref", "$dynamicRef", "$recursiveRef", "$schema"];

/// Places tried for one ambiguous reference.
const CANDIDATES_MAX: usize = 1000;

/// Refuses schemas whose validation could exhaust the stack or never end.
///
/// Answers how to count what a payload costs under one that is not refused.
pub(crate) fn check(schema: &Value, place: &Definition<'_>) -> Result<Work, SchemaError> {
    let index = Index::new(schema);
    let mut walk = Walk { index: &index, known: BTreeMap::new(), open: BTreeSet::new() };
    let mut visits_max = 1;
    for pointer in index.subschemas() {
        match walk.visits(&pointer, 0) {
            Ok((visits, _)) => visits_max = visits_max.max(visits),
            Err((message, pointer)) => {
                return Err(SchemaError::TooCostly { message, place: place.of(&pointer), pointer });
            }
        }
    }
    Ok(Work::new(&index, visits_max))
}

/// The parts of a definition that have an identifier of their own, by the last step of it; not the root.
pub(crate) fn resources(schema: &Value) -> Vec<(String, String)> {
    let index = Index::new(schema);
    let places = index.named.into_iter().filter(|(name, _)| !name.starts_with('#'));
    let pairs = places.flat_map(|(name, paths)| paths.into_iter().map(move |path| (name.clone(), pointer_of(&path))));
    pairs.filter(|(_, pointer)| !pointer.is_empty()).collect()
}

/// The pointer of the first reference that means `wanted`, by its end: references are often relative.
pub(crate) fn find_reference(schema: &Value, wanted: &str) -> Option<String> {
    let mut open = vec![(Vec::new(), schema)];
    while let Some((path, value)) = open.pop() {
        if let Value::Object(members) = value {
            for keyword in REFERENCES {
                let target = members.get(keyword).and_then(Value::as_str);
                if target.is_some_and(|target| same_reference(target, wanted)) {
                    return Some(pointer_of(&[path, vec![keyword.to_owned()]].concat()));
                }
            }
        }
        open.extend(children(value).into_iter().map(|(step, child)| ([path.clone(), vec![step]].concat(), child)));
    }
    None
}

fn same_reference(target: &str, wanted: &str) -> bool {
    let bare = target.split('#').next().unwrap_or_default();
    target == wanted || (!bare.is_empty() && (wanted == bare || wanted.ends_with(&format!("/{bare}"))))
}

/// Where a reference within one document may lead, as JSON pointers.
pub(crate) fn reference_steps(reference: &str) -> Option<Vec<String>> {
    let fragment = reference.strip_prefix('#')?;
    (fragment.is_empty() || fragment.starts_with('/')).then(|| steps_of(&percent_decoded(fragment)))
}

fn percent_decoded(fragment: &str) -> String {
    let mut bytes = Vec::with_capacity(fragment.len());
    let mut rest = fragment.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match (first, code.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn children(value: &Value) -> Vec<(String, &Value)> {
    match value {
        Value::Object(members) => members.iter().map(|(key, child)| (key.clone(), child)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(at, child)| (at.to_string(), child)).collect(),
        _ => Vec::new(),
    }
}

/// Everything in a definition that has a name to refer to.
pub(crate) struct Index<'a> {
    root: &'a Value,
    /// Anchors as `#name`, identifiers by their last step; several places may share one.
    named: BTreeMap<String, Vec<Vec<String>>>,
}

impl<'a> Index<'a> {
    pub(crate) fn new(root: &'a Value) -> Self {
        let mut index = Self { root, named: BTreeMap::new() };
        index.collect(root, &mut Vec::new());
        index
    }

    fn collect(&mut self, value: &'a Value, path: &mut Vec<String>) {
        for keyword in ["$id", "id", "$anchor", "$dynamicAnchor"] {
            if let Some(name) = value.get(keyword).and_then(Value::as_str) {
                let name = match keyword {
                    "$anchor" | "$dynamicAnchor" => format!("#{name}"),
                    _ if name.starts_with('#') => name.to_owned(),
                    _ => last_step(name).to_owned(),
                };
                self.named.entry(name).or_default().push(path.clone());
            }
        }
        let examples = path.last().is_none_or(|step| step != "properties");
        for (step, child) in children(value) {
            if examples && ["default", "examples", "enum", "const"].contains(&step.as_str()) {
                continue;
            }
            path.push(step);
            self.collect(child, path);
            path.pop();
        }
    }

    /// What stands at a pointer.
    pub(crate) fn at(&self, pointer: &str) -> Option<&'a Value> {
        self.root.pointer(pointer)
    }

    /// The subschemas applied to the same value as the one at `pointer`.
    pub(crate) fn applied(&self, pointer: &str) -> Vec<String> {
        let Some(Value::Object(members)) = self.at(pointer) else { return Vec::new() };
        let mut all = Vec::new();
        for (keyword, value) in members {
            match (keyword.as_str(), value) {
                ("$ref" | "$dynamicRef" | "$recursiveRef", Value::String(reference)) => {
                    all.extend(self.targets(reference));
                }
                ("allOf" | "anyOf" | "oneOf", Value::Array(items)) => {
                    all.extend((0..items.len()).map(|at| format!("{pointer}/{keyword}/{at}")));
                }
                ("not" | "if" | "then" | "else", Value::Object(_)) => all.push(format!("{pointer}/{keyword}")),
                ("dependentSchemas" | "dependencies", Value::Object(cases)) => {
                    all.extend(
                        cases
                            .keys()
                            .map(|case| format!("{pointer}/{keyword}{}", pointer_of(std::slice::from_ref(case)))),
                    );
                }
                _ => {}
            }
        }
        all
    }

    /// Pointers to every object of the definition; some are no schemas, which costs nothing.
    fn subschemas(&self) -> Vec<String> {
        let mut all = Vec::new();
        let mut open = vec![(String::new(), self.root)];
        while let Some((pointer, value)) = open.pop() {
            for (step, child) in children(value) {
                open.push((format!("{pointer}{}", pointer_of(&[step])), child));
            }
            if value.is_object() {
                all.push(pointer);
            }
        }
        all
    }

    /// Where a reference may lead: to one place, or to every place of that name.
    pub(crate) fn targets(&self, reference: &str) -> Vec<String> {
        if let Some(steps) = reference_steps(reference) {
            let pointer = pointer_of(&steps);
            let resources = self.named.iter().filter(|(name, _)| !name.starts_with('#')).flat_map(|(_, paths)| paths);
            let within = resources.take(CANDIDATES_MAX).map(|path| format!("{}{pointer}", pointer_of(path)));
            let mut all: Vec<String> = std::iter::once(pointer.clone())
                .chain(within)
                .filter(|pointer| self.root.pointer(pointer).is_some())
                .collect();
            all.truncate(if steps.is_empty() { 1 } else { all.len() });
            return all;
        }
        let (bare, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let name = if bare.is_empty() { format!("#{fragment}") } else { last_step(bare).to_owned() };
        let suffix =
            if fragment.starts_with('/') && !bare.is_empty() { percent_decoded(fragment) } else { String::new() };
        let places = self.named.get(&name).into_iter().flatten().take(CANDIDATES_MAX);
        places.map(|path| format!("{}{suffix}", pointer_of(path))).collect()
    }
}

/// The last step of an identifier, which is all that relative references keep.
pub(crate) fn last_step(identifier: &str) -> &str {
    identifier.trim_end_matches('#').rsplit('/').next().unwrap_or(identifier)
}

/// Counts subschemas that apply to the same value.
struct Walk<'a> {
    index: &'a Index<'a>,
    known: BTreeMap<String, (u64, usize)>,
    open: BTreeSet<String>,
}

impl Walk<'_> {
    /// How many subschemas one value meets from here, and through how many hops; the error is a sentence and a pointer.
    fn visits(&mut self, pointer: &str, hops: usize) -> Result<(u64, usize), (String, String)> {
        if let Some((visits, below)) = self.known.get(pointer) {
            return within(*visits, hops + below, pointer).map(|()| (*visits, *below));
        }
        within(0, hops, pointer)?;
        if !self.open.insert(pointer.to_owned()) {
            let message = "it refers back to itself without going into a property or an item".to_owned();
            return Err((message, pointer.to_owned()));
        }
        let (mut visits, mut below) = (1_u64, 0);
        for next in self.index.applied(pointer) {
            let (more, deeper) = self.visits(&next, hops + 1)?;
            visits = visits.saturating_add(more);
            below = below.max(deeper + 1);
        }
        self.open.remove(pointer);
        self.known.insert(pointer.to_owned(), (visits, below));
        within(visits, hops + below, pointer).map(|()| (visits, below))
    }
}

fn within(visits: u64, hops: usize, pointer: &str) -> Result<(), (String, String)> {
    if visits > SCHEMA_VISITS_MAX {
        let message = format!("more than {SCHEMA_VISITS_MAX} subschemas apply to one value");
        return Err((message, pointer.to_owned()));
    }
    if hops > SCHEMA_CHAIN_HOPS_MAX {
        let message = format!("a chain of more than {SCHEMA_CHAIN_HOPS_MAX} subschemas applies to one value");
        return Err((message, pointer.to_owned()));
    }
    Ok(())
}
