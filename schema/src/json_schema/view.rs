//! A schema with its references followed and its `allOf` joined, and what can be said about every value that satisfies
//! it: one side of a comparison, one field of a form. Decides nothing.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::{
    json::locate::pointer_of,
    json_schema::{has_lonely_references, reference_steps, resources},
};

/// Every type a value can have.
pub(crate) const TYPES: [&str; 6] = ["array", "boolean", "null", "number", "object", "string"];

/// A whole definition, to follow references in.
#[derive(Clone, Copy)]
pub(crate) struct Document<'a> {
    pub root: &'a Value,
    /// Up to draft 7 the neighbours of a `$ref` mean nothing.
    lonely_references: bool,
    /// Parts have identifiers of their own, so that a reference by pointer may count from one of them.
    embedded: bool,
}

impl<'a> Document<'a> {
    pub(crate) fn new(root: &'a Value) -> Self {
        Self { root, lonely_references: has_lonely_references(root), embedded: !resources(root).is_empty() }
    }

    pub(crate) fn resolve(&self, reference: &str) -> Option<(String, &'a Value)> {
        if self.embedded {
            return None;
        }
        let pointer = pointer_of(&reference_steps(reference)?);
        self.root.pointer(&pointer).map(|target| (pointer, target))
    }

    /// Two parts of two definitions that read the same and whose references lead to parts that read the same.
    pub(crate) fn same(&self, mine: &Value, other: &Document<'_>, theirs: &Value) -> bool {
        let mut seen = BTreeSet::new();
        mine == theirs && self.references_agree(mine, other, &mut seen)
    }

    fn references_agree(&self, value: &Value, other: &Document<'_>, seen: &mut BTreeSet<String>) -> bool {
        match value {
            Value::Object(members) => members.iter().all(|(key, child)| match (key.as_str(), child) {
                ("$ref" | "$dynamicRef" | "$recursiveRef", Value::String(reference)) => {
                    !seen.insert(reference.clone())
                        || match (self.resolve(reference), other.resolve(reference)) {
                            (Some((_, mine)), Some((_, theirs))) => {
                                mine == theirs && self.references_agree(mine, other, seen)
                            }
                            // By name or dynamic: only the whole definitions can say where it leads.
                            _ => self.root == other.root,
                        }
                }
                _ => self.references_agree(child, other, seen),
            }),
            Value::Array(items) => items.iter().all(|item| self.references_agree(item, other, seen)),
            _ => true,
        }
    }
}

/// All the keyword objects that apply to one value, with their pointers.
#[derive(Clone, Default)]
pub(crate) struct View<'a> {
    pub parts: Vec<(String, &'a Map<String, Value>)>,
    /// Alternatives already chosen from: the part and its keyword.
    pub spent: Vec<(usize, &'static str)>,
    /// Narrowed to one type, to compare type by type.
    pub only: Option<&'static str>,
    /// A `false` schema is among them: no value satisfies it.
    pub never: Option<String>,
}

impl<'a> View<'a> {
    pub(crate) fn of(document: Document<'a>, pointer: String, schema: &'a Value) -> Self {
        let mut view = Self::default();
        view.add(document, pointer, schema);
        view
    }

    pub(crate) fn add(&mut self, document: Document<'a>, pointer: String, schema: &'a Value) {
        let members = match schema {
            Value::Object(members) if members.is_empty() => return,
            Value::Object(members) => members,
            Value::Bool(false) => {
                self.never = Some(pointer);
                return;
            }
            _ => return,
        };
        let target = members.get("$ref").and_then(Value::as_str).and_then(|reference| document.resolve(reference));
        let lonely = document.lonely_references && target.is_some();
        if let Some((target, schema)) = target {
            self.add(document, target, schema);
        }
        if lonely {
            return;
        }
        if let Some(Value::Array(all)) = members.get("allOf") {
            for (index, schema) in all.iter().enumerate() {
                self.add(document, format!("{pointer}/allOf/{index}"), schema);
            }
        }
        self.parts.push((pointer, members));
    }

    /// A stable name of this view, to notice when a comparison comes back to itself.
    pub(crate) fn identity(&self) -> Vec<usize> {
        let parts = self.parts.iter().map(|(_, members)| std::ptr::from_ref(*members) as usize);
        let only = self.only.map(|name| name.as_ptr() as usize);
        parts.chain(self.spent.iter().map(|(part, _)| *part)).chain(only).collect()
    }

    /// The values of one keyword, from all parts that have it.
    pub(crate) fn all(&self, keyword: &str) -> impl Iterator<Item = &'a Value> {
        self.parts.iter().filter_map(move |(_, members)| members.get(keyword))
    }

    /// The values, where the schema lists them.
    pub(crate) fn values(&self) -> Option<Vec<&'a Value>> {
        let listed = self.all("enum").filter_map(Value::as_array).map(|values| values.iter().collect::<Vec<_>>());
        let fixed = self.all("const").map(|value| vec![value]);
        listed.chain(fixed).reduce(|one, other| one.into_iter().filter(|value| other.contains(value)).collect())
    }

    /// The types a value may have; `integer` only where `number` is not allowed.
    pub(crate) fn types(&self) -> BTreeSet<&'a str> {
        let mut types = BTreeSet::from(TYPES);
        types.retain(|name| self.only.is_none_or(|only| only == *name));
        for allowed in self.all("type") {
            let allowed = names(allowed);
            let mut both: BTreeSet<&str> = types.iter().copied().filter(|name| allowed.contains(name)).collect();
            if allowed.contains("integer") && types.contains("number") && !both.contains("number") {
                both.insert("integer");
            }
            if types.contains("integer") && allowed.contains("number") {
                both.insert("integer");
            }
            types = both;
        }
        if let Some(values) = self.values() {
            let present: BTreeSet<&str> = values.iter().map(|value| type_of(value)).collect();
            types.retain(|name| present.contains(name) || (*name == "number" && present.contains("integer")));
            if types.contains("number") && !present.contains("number") {
                types.remove("number");
                types.insert("integer");
            }
        }
        types
    }

    /// Whether a property is always there.
    pub(crate) fn requires(&self, name: &str) -> bool {
        self.all("required").filter_map(Value::as_array).flatten().any(|required| required.as_str() == Some(name))
    }

    /// The tightest count a keyword sets: the largest minimum or the smallest maximum.
    pub(crate) fn count(&self, keyword: &str) -> Option<u64> {
        let counts = self.all(keyword).filter_map(Value::as_f64).map(|count| count as u64);
        if keyword.starts_with("min") { counts.max() } else { counts.min() }
    }
}

/// The names in a `type` keyword.
pub(crate) fn names(keyword: &Value) -> BTreeSet<&str> {
    match keyword {
        Value::String(name) => BTreeSet::from([name.as_str()]),
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => BTreeSet::new(),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.as_f64().is_some_and(|number| number.fract() == 0.0) => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}
