//! A JSON Schema as a form: references followed, `allOf` joined, alternatives side by side. Keywords that have no place in
//! a form are listed as further rules.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Number, Value};

use super::{Constraints, Form, FormField, FormShape, FurtherRule, budget::Budget};
use crate::{
    excerpt::clip,
    json::locate::escaped,
    json_schema::{
        sequence,
        view::{Document, TYPES, View},
    },
};

pub(super) fn form(definition: &Value) -> Form {
    let document = Document::new(definition);
    let mut drawing = Drawing { document, budget: Budget::new() };
    let mut root = FormField { required: true, ..FormField::default() };
    drawing.draw(&View::of(document, String::new(), definition), &mut root);
    Form { root, is_cut: drawing.budget.is_cut }
}

/// Keywords that a form shows, or that say nothing about values.
const SHOWN: [&str; 46] = [
    "$anchor",
    "$comment",
    "$defs",
    "$dynamicAnchor",
    "$id",
    "$recursiveAnchor",
    "$ref",
    "$schema",
    "$vocabulary",
    "additionalItems",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "contentMediaType",
    "default",
    "definitions",
    "deprecated",
    "description",
    "enum",
    "examples",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "id",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "multipleOf",
    "oneOf",
    "pattern",
    "prefixItems",
    "properties",
    "readOnly",
    "required",
    "title",
    "type",
    "uniqueItems",
    "writeOnly",
    "contentEncoding",
];

/// Those among them that say nothing about values.
const WORDS: [&str; 11] = [
    "$comment",
    "$defs",
    "$id",
    "$schema",
    "default",
    "definitions",
    "deprecated",
    "description",
    "examples",
    "id",
    "title",
];

/// Which keywords speak of which type, for schemas that name none.
const HINTS: [(&str, &[&str]); 4] = [
    (
        "object",
        &["properties", "required", "additionalProperties", "patternProperties", "minProperties", "maxProperties"],
    ),
    ("array", &["items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"]),
    ("string", &["pattern", "minLength", "maxLength", "format"]),
    ("number", &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]),
];

struct Drawing<'a> {
    document: Document<'a>,
    budget: Budget<Vec<usize>>,
}

impl<'a> Drawing<'a> {
    fn draw(&mut self, view: &View<'a>, field: &mut FormField) {
        if let Some((pointer, _)) = view.parts.last() {
            field.schema_path.clone_from(pointer);
        }
        if view.never.is_some() {
            field.type_name = "never".into();
            field.shape = FormShape::Never;
            return;
        }
        if view.parts.is_empty() {
            field.type_name = "any".into();
            return;
        }
        self.describe(view, field);
        if self.budget.enter(identity(view), view.parts.len(), field) {
            field.shape = self.shape(view, field);
            self.budget.leave();
        }
    }

    /// What people read; the outermost words count.
    fn describe(&mut self, view: &View<'a>, field: &mut FormField) {
        let last = |keyword: &str| view.all(keyword).last();
        if field.title.is_empty() {
            field.title = last("title").and_then(Value::as_str).map(|text| self.budget.text(text)).unwrap_or_default();
        }
        if field.doc.is_empty() {
            field.doc =
                last("description").and_then(Value::as_str).map(|text| self.budget.text(text)).unwrap_or_default();
        }
        if field.default.is_none() {
            field.default = last("default").and_then(|value| self.budget.value(value));
        }
    }

    fn shape(&mut self, view: &View<'a>, field: &mut FormField) -> FormShape {
        let mut types = view.types();
        if let Some(shape) = self.alternatives(view, field, &types) {
            return shape;
        }
        self.rules(view, field);
        if let Some(values) = view.values() {
            let values: Vec<&Value> = values.into_iter().filter(|value| fits(value, &types)).collect();
            field.nullable |= values.contains(&&Value::Null) && values.len() > 1;
            field.type_name = if values.len() == 1 { "const" } else { "enum" }.into();
            let choices = values.iter().copied().filter(|value| !field.nullable || !value.is_null());
            return match self.budget.values(choices) {
                Some(values) => FormShape::Choice { values },
                None => FormShape::Any,
            };
        }
        if types.len() == TYPES.len() {
            let hinted = HINTS.iter().filter(|(_, keywords)| keywords.iter().any(|key| view.all(key).next().is_some()));
            let hinted: Vec<&str> = hinted.map(|(name, _)| *name).collect();
            if let [only] = hinted[..] {
                types = BTreeSet::from([only]);
            }
        }
        field.nullable |= types.len() > 1 && types.len() < TYPES.len() && types.remove("null");
        field.type_name = match types.len() {
            count if count == TYPES.len() => "any".into(),
            _ => types.iter().copied().collect::<Vec<_>>().join(" or "),
        };
        match types.iter().copied().collect::<Vec<_>>()[..] {
            [] => FormShape::Never,
            [only] => self.typed(only, view, field),
            _ if types.len() == TYPES.len() => FormShape::Any,
            _ => self.by_type(&types, view, field),
        }
    }

    fn typed(&mut self, name: &str, view: &View<'a>, field: &mut FormField) -> FormShape {
        match name {
            "null" => FormShape::Null,
            "boolean" => FormShape::Boolean,
            "integer" | "number" => {
                field.constraints = numbers(view);
                if name == "integer" { FormShape::Integer } else { FormShape::Number }
            }
            "string" => {
                field.constraints = texts(view, &mut self.budget);
                FormShape::Text
            }
            "array" => self.list(view, field),
            _ => self.object(view, field),
        }
    }

    /// Several types are several branches.
    fn by_type(&mut self, types: &BTreeSet<&'a str>, view: &View<'a>, field: &FormField) -> FormShape {
        let mut branches = Vec::new();
        for name in types {
            let mut branch = self.branch((*name).to_owned(), field);
            branch.type_name = (*name).to_owned();
            branch.schema_path.clone_from(&field.schema_path);
            branch.shape = self.typed(name, view, &mut branch);
            branches.push(branch);
        }
        FormShape::OneOf { branches }
    }

    /// The branches of the first `anyOf` or `oneOf`, each joined with the rest of the schema.
    fn alternatives(&mut self, view: &View<'a>, field: &mut FormField, types: &BTreeSet<&str>) -> Option<FormShape> {
        let (part, keyword, branches) = view.parts.iter().enumerate().find_map(|(index, (_, members))| {
            let fresh = ["anyOf", "oneOf"].into_iter().filter(|keyword| !view.spent.contains(&(index, *keyword)));
            fresh.filter_map(|keyword| Some((index, keyword, members.get(keyword)?.as_array()?))).next()
        })?;
        let place = format!("{}/{keyword}", view.parts[part].0);
        // Where nothing else is said, a branch is its own type: so one that leads back to a type further up is noticed.
        let is_alone = view.parts.len() == 1 && says_nothing_but(view.parts[0].1, &[keyword]);
        let mut views = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            let mut one = if is_alone { View::default() } else { view.clone() };
            if !is_alone {
                one.spent.push((part, keyword));
            }
            one.add(self.document, format!("{place}/{index}"), branch);
            let only_null = one.types().iter().eq(["null"].iter());
            if only_null && types.len() > 1 {
                field.nullable = true;
            } else {
                views.push((index, one));
            }
        }
        if let [(_, only)] = &views[..]
            && field.nullable
        {
            let schema_path = field.schema_path.clone();
            self.draw(only, field);
            field.schema_path = schema_path;
            return Some(std::mem::take(&mut field.shape));
        }
        field.type_name = keyword.into();
        let mut drawn = Vec::new();
        for (index, one) in views {
            let mut branch = self.branch(String::new(), field);
            self.draw(&one, &mut branch);
            branch.schema_path = format!("{place}/{index}");
            branch.name = match (&branch.title[..], &branch.type_name[..]) {
                ("", "") => format!("{}", index + 1),
                ("", type_name) => type_name.to_owned(),
                (title, _) => clip(title),
            };
            drawn.push(branch);
        }
        Some(FormShape::OneOf { branches: drawn })
    }

    fn branch(&self, name: String, outer: &FormField) -> FormField {
        FormField { name, path: outer.path.clone(), required: true, ..FormField::default() }
    }

    fn object(&mut self, view: &View<'a>, field: &mut FormField) -> FormShape {
        field.constraints.items_min = view.count("minProperties");
        field.constraints.items_max = view.count("maxProperties");
        let mut properties: BTreeMap<&str, View<'a>> = BTreeMap::new();
        for (pointer, members) in &view.parts {
            for (name, schema) in members.get("properties").and_then(Value::as_object).into_iter().flatten() {
                let place = format!("{pointer}/properties/{}", escaped(name));
                properties.entry(name).or_default().add(self.document, place, schema);
            }
        }
        for name in view.all("required").filter_map(Value::as_array).flatten().filter_map(Value::as_str) {
            properties.entry(name).or_default();
        }
        let mut fields = Vec::new();
        for (name, inner) in properties {
            let mut property = FormField {
                name: name.to_owned(),
                path: format!("{}/{}", field.path, escaped(name)),
                required: view.requires(name),
                ..FormField::default()
            };
            self.draw(&inner, &mut property);
            fields.push(property);
        }
        let others = self.others(view, field);
        match others {
            Some(values) if fields.is_empty() && !matches!(values.shape, FormShape::Any) => {
                FormShape::Map { key: "string".into(), values: Box::new(values) }
            }
            others => FormShape::Object { fields, others: others.map(Box::new) },
        }
    }

    /// What keys without a rule of their own hold; none where there may be none.
    fn others(&mut self, view: &View<'a>, field: &FormField) -> Option<FormField> {
        let mut inner = View::default();
        for (pointer, members) in &view.parts {
            for keyword in ["additionalProperties", "unevaluatedProperties"] {
                if let Some(schema) = members.get(keyword) {
                    inner.add(self.document, format!("{pointer}/{keyword}"), schema);
                }
            }
        }
        self.below(&inner, field)
    }

    fn list(&mut self, view: &View<'a>, field: &mut FormField) -> FormShape {
        field.constraints.items_min = view.count("minItems");
        field.constraints.items_max = view.count("maxItems");
        field.constraints.unique = view.all("uniqueItems").any(|unique| unique == &Value::Bool(true));
        let mut prefix: Vec<View<'a>> = Vec::new();
        let mut rest = View::default();
        for (pointer, members) in &view.parts {
            let (first, further) = sequence(members);
            let key = if members.contains_key("prefixItems") { "prefixItems" } else { "items" };
            for (index, schema) in first.iter().enumerate() {
                if prefix.len() <= index {
                    prefix.push(View::default());
                }
                prefix[index].add(self.document, format!("{pointer}/{key}/{index}"), schema);
            }
            if let Some(schema) = further {
                let key = if members.get("items") == Some(schema) { "items" } else { "additionalItems" };
                rest.add(self.document, format!("{pointer}/{key}"), schema);
            }
        }
        let mut first = Vec::new();
        for (index, one) in prefix.iter().enumerate() {
            let path = format!("{}/{index}", field.path);
            let required =
                field.constraints.items_min.is_some_and(|least| index < usize::try_from(least).unwrap_or(usize::MAX));
            let mut item = FormField { path, required, ..FormField::default() };
            self.draw(one, &mut item);
            first.push(item);
        }
        FormShape::List { first, items: self.below(&rest, field).map(Box::new) }
    }

    /// What any item or other key holds.
    fn below(&mut self, view: &View<'a>, field: &FormField) -> Option<FormField> {
        if view.never.is_some() {
            return None;
        }
        let mut inner = FormField { path: format!("{}/*", field.path), required: true, ..FormField::default() };
        self.draw(view, &mut inner);
        Some(inner)
    }

    /// What a form does not show.
    fn rules(&mut self, view: &View<'a>, field: &mut FormField) {
        for (_, members) in &view.parts {
            for (keyword, value) in members.iter().filter(|(keyword, _)| !SHOWN.contains(&keyword.as_str())) {
                if keyword.starts_with("unevaluated") && value.is_boolean() {
                    continue;
                }
                if let Some(value) = self.budget.value(value) {
                    field.rules.push(FurtherRule { keyword: clip(keyword), value });
                }
            }
        }
    }
}

/// What tells types apart: the parts that say something. One that only leads to another is no type of its own.
fn identity(view: &View<'_>) -> Vec<usize> {
    let mut telling = view.clone();
    telling.parts.retain(|(_, members)| !says_nothing_but(members, &["$ref", "allOf"]));
    if telling.parts.is_empty() { view.identity() } else { telling.identity() }
}

fn says_nothing_but(members: &Map<String, Value>, keywords: &[&str]) -> bool {
    members.keys().all(|name| keywords.contains(&name.as_str()) || WORDS.contains(&name.as_str()))
}

fn fits(value: &Value, types: &BTreeSet<&str>) -> bool {
    types.iter().any(|name| match (*name, value) {
        ("null", Value::Null) | ("boolean", Value::Bool(_)) | ("string", Value::String(_)) => true,
        ("number" | "integer", Value::Number(_)) | ("array", Value::Array(_)) | ("object", Value::Object(_)) => true,
        _ => false,
    })
}

/// The tightest of several bounds.
fn bound(view: &View<'_>, keyword: &str) -> Option<Number> {
    let numbers = view.all(keyword).filter_map(|value| match value {
        Value::Number(number) => Some(number),
        _ => None,
    });
    let lower = keyword == "minimum" || keyword == "exclusiveMinimum";
    let tighter = |one: &Number, other: &Number| (one.as_f64() > other.as_f64()) == lower;
    numbers.reduce(|one, other| if tighter(one, other) { one } else { other }).cloned()
}

fn numbers(view: &View<'_>) -> Constraints {
    let mut constraints = Constraints {
        minimum: bound(view, "minimum"),
        exclusive_minimum: bound(view, "exclusiveMinimum"),
        maximum: bound(view, "maximum"),
        exclusive_maximum: bound(view, "exclusiveMaximum"),
        multiple_of: bound(view, "multipleOf"),
        ..Constraints::default()
    };
    // In draft 4 the exclusive bounds are flags beside the others.
    let is_set = |members: &&Map<String, Value>, keyword: &str| members.get(keyword) == Some(&Value::Bool(true));
    let parts = || view.parts.iter().map(|(_, members)| *members);
    if parts().any(|members| is_set(&members, "exclusiveMinimum")) {
        constraints.exclusive_minimum = constraints.minimum.take();
    }
    if parts().any(|members| is_set(&members, "exclusiveMaximum")) {
        constraints.exclusive_maximum = constraints.maximum.take();
    }
    constraints
}

fn texts(view: &View<'_>, budget: &mut Budget<Vec<usize>>) -> Constraints {
    Constraints {
        length_min: view.count("minLength"),
        length_max: view.count("maxLength"),
        patterns: view.all("pattern").filter_map(Value::as_str).map(|pattern| budget.text(pattern)).collect(),
        format: view.all("format").filter_map(Value::as_str).last().map(|format| budget.text(format)),
        ..Constraints::default()
    }
}
