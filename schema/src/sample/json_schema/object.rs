//! An object for a JSON Schema: which properties it has, then a value for each.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::{Maker, parts::Parts};
use crate::sample::{pattern, source::Source};

/// Rounds in which one property may ask for the next.
const DEPENDENT_ROUNDS_MAX: usize = 10;

/// Properties that neither the schema names nor anything but `minProperties` asks for.
const FURTHER_PROPERTIES_MAX: usize = 100;

impl<'a> Maker<'a> {
    pub(super) fn object(&self, mut parts: Parts<'a>, source: &mut Source) -> Option<Value> {
        let most = parts.smallest("maxProperties").unwrap_or(usize::MAX);
        let least = parts.largest("minProperties").unwrap_or(0);
        let mut names = required(&parts);
        let known: BTreeSet<&'a str> =
            parts.all("properties").filter_map(Value::as_object).flat_map(Map::keys).map(String::as_str).collect();
        for name in &known {
            if names.len() < most && source.wants_optional() {
                names.insert((*name).to_owned());
            }
        }
        self.add_dependents(&mut parts, &mut names, source);
        if parts.never {
            return None;
        }
        for name in known {
            if names.len() < least {
                names.insert(name.to_owned());
            }
        }
        let mut schemas = BTreeMap::new();
        for _ in 0..FURTHER_PROPERTIES_MAX {
            if names.len() >= least {
                break;
            }
            names.insert(self.further_name(&parts, names.len(), source)?);
        }
        let needed = required(&parts);
        for name in names {
            let of_name = schemas_of(&parts, &name);
            match self.of(&of_name, source) {
                Some(value) => drop(schemas.insert(name, value)),
                None if needed.contains(&name) => return None,
                None => {}
            }
        }
        Some(schemas.into_iter().collect::<Map<_, _>>().into())
    }

    /// What the presence of one property asks for: other properties, or further rules.
    fn add_dependents(&self, parts: &mut Parts<'a>, names: &mut BTreeSet<String>, source: &mut Source) {
        let mut spent: BTreeSet<(*const Value, bool)> = BTreeSet::new();
        for _ in 0..DEPENDENT_ROUNDS_MAX {
            let mut further: Vec<&'a Value> = Vec::new();
            for keyword in ["dependentRequired", "dependentSchemas", "dependencies"] {
                for (name, dependents) in parts.all(keyword).filter_map(Value::as_object).flatten() {
                    if names.contains(name) && spent.insert((std::ptr::from_ref(dependents), true)) {
                        further.push(dependents);
                    }
                }
            }
            if further.is_empty() {
                return;
            }
            for dependents in further {
                match dependents {
                    Value::Array(all) => names.extend(all.iter().filter_map(Value::as_str).map(str::to_owned)),
                    schema => self.gather(schema, parts, source, 0),
                }
            }
            names.extend(required(parts));
        }
    }

    /// A name that no rule knows, or one that a pattern describes.
    fn further_name(&self, parts: &Parts<'a>, count: usize, source: &mut Source) -> Option<String> {
        let rules: Vec<&'a Value> = parts.all("propertyNames").collect();
        if !rules.is_empty() {
            return self.of(&rules, source)?.as_str().map(str::to_owned);
        }
        let patterns: Vec<&'a String> =
            parts.all("patternProperties").filter_map(Value::as_object).flat_map(Map::keys).collect();
        match source.one_of(&patterns) {
            Some(known) => pattern::text(known, 0, source),
            None => Some(format!("{}{count}", source.word())),
        }
    }
}

fn required(parts: &Parts<'_>) -> BTreeSet<String> {
    let names = parts.all("required").filter_map(Value::as_array).flatten().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

/// Everything that applies to the value of one property.
fn schemas_of<'a>(parts: &Parts<'a>, name: &str) -> Vec<&'a Value> {
    let mut schemas = Vec::new();
    for members in &parts.all {
        let named = members.get("properties").and_then(|properties| properties.get(name));
        let patterns = members.get("patternProperties").and_then(Value::as_object);
        let matching = patterns.into_iter().flatten().filter(|(pattern, _)| matches(pattern, name));
        let own: Vec<&Value> = named.into_iter().chain(matching.map(|(_, schema)| schema)).collect();
        if own.is_empty() {
            schemas.extend(members.get("additionalProperties"));
        }
        schemas.extend(own);
    }
    if schemas.is_empty() {
        schemas.extend(parts.all("unevaluatedProperties"));
    }
    schemas
}

fn matches(pattern: &str, name: &str) -> bool {
    jsonschema::is_valid(&json!({ "pattern": pattern }), &name.into())
}
