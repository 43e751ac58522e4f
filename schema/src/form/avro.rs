//! An Avro schema as a form. Names, types and defaults come from the compiled table, documentation from the definition.

use serde_json::Value;

use super::{BytesEncoding, Form, FormField, FormShape, budget::Budget};
use crate::{
    avro::{
        Avro,
        model::{Kind, Model},
    },
    json::locate::escaped,
};

pub(super) fn form(schema: &Avro) -> Form {
    let mut drawing = Drawing { model: schema.model(), definition: schema.parsed(), budget: Budget::new() };
    let mut root = FormField { required: true, ..FormField::default() };
    drawing.draw(0, &mut root);
    Form { root, is_cut: drawing.budget.is_cut }
}

struct Drawing<'a> {
    model: &'a Model,
    definition: Value,
    budget: Budget<usize>,
}

impl<'a> Drawing<'a> {
    fn draw(&mut self, node: usize, field: &mut FormField) {
        let model = self.model;
        let of = &model.nodes[node];
        field.schema_path.clone_from(&of.pointer);
        field.type_name = of.logical.clone().unwrap_or_else(|| model.tag(node).to_owned());
        field.constraints.format.clone_from(&of.logical);
        if self.budget.enter(node, 1, field) {
            field.shape = self.shape(node, field);
            self.budget.leave();
        }
    }

    fn shape(&mut self, node: usize, field: &mut FormField) -> FormShape {
        let model = self.model;
        if field.doc.is_empty() {
            field.doc = self.doc(&model.nodes[node].pointer);
        }
        match &model.nodes[node].kind {
            Kind::Null => FormShape::Null,
            Kind::Boolean => FormShape::Boolean,
            Kind::Int => {
                field.constraints.minimum = Some(i32::MIN.into());
                field.constraints.maximum = Some(i32::MAX.into());
                FormShape::Integer
            }
            Kind::Long => FormShape::Integer,
            Kind::Float | Kind::Double => FormShape::Number,
            Kind::String => FormShape::Text,
            Kind::Bytes => FormShape::Bytes { encoding: BytesEncoding::Characters },
            Kind::Fixed { bytes, aliases, .. } => {
                field.aliases.extend(aliases.iter().cloned());
                field.constraints.length_min = Some(*bytes as u64);
                field.constraints.length_max = Some(*bytes as u64);
                FormShape::Bytes { encoding: BytesEncoding::Characters }
            }
            Kind::Enum { symbols, default, aliases, .. } => {
                field.aliases.extend(aliases.iter().cloned());
                let values: Vec<Value> = symbols.iter().map(|symbol| symbol.as_str().into()).collect();
                if let Some(default) = default {
                    field
                        .rules
                        .push(super::FurtherRule { keyword: "default symbol".into(), value: default.as_str().into() });
                }
                match self.budget.values(values.iter()) {
                    Some(values) => FormShape::Choice { values },
                    None => FormShape::Text,
                }
            }
            Kind::Array(items) => {
                FormShape::List { first: Vec::new(), items: Some(Box::new(self.inner(*items, field))) }
            }
            Kind::Map(values) => FormShape::Map { key: "string".into(), values: Box::new(self.inner(*values, field)) },
            Kind::Union(branches) => self.union(branches, field),
            Kind::Record { fields, aliases, .. } => {
                field.aliases.extend(aliases.iter().cloned());
                let pointer = &model.nodes[node].pointer;
                let mut drawn = Vec::with_capacity(fields.len());
                for (index, one) in fields.iter().enumerate() {
                    let mut inner = FormField {
                        name: one.name.clone(),
                        path: format!("{}/{}", field.path, escaped(&one.name)),
                        doc: self.doc(&format!("{pointer}/fields/{index}")),
                        required: one.default.is_none(),
                        default: one.default.as_ref().and_then(|default| self.budget.value(default)),
                        aliases: one.aliases.clone(),
                        ..FormField::default()
                    };
                    self.draw(one.node, &mut inner);
                    drawn.push(inner);
                }
                FormShape::Object { fields: drawn, others: None }
            }
        }
    }

    /// An item of a list or a value of a map.
    fn inner(&mut self, node: usize, outer: &FormField) -> FormField {
        let mut field = FormField { path: format!("{}/*", outer.path), required: true, ..FormField::default() };
        self.draw(node, &mut field);
        field
    }

    /// A union with null and one other is that other, and may be null.
    fn union(&mut self, branches: &'a [usize], field: &mut FormField) -> FormShape {
        let is_null = |branch: &&usize| matches!(self.model.nodes[**branch].kind, Kind::Null);
        let others: Vec<usize> = branches.iter().filter(|branch| !is_null(branch)).copied().collect();
        field.nullable = others.len() < branches.len();
        match others[..] {
            [] => FormShape::Null,
            [only] => {
                let schema_path = field.schema_path.clone();
                self.draw(only, field);
                field.schema_path = schema_path;
                std::mem::take(&mut field.shape)
            }
            _ => FormShape::OneOf { branches: others.into_iter().map(|branch| self.branch(branch, field)).collect() },
        }
    }

    fn branch(&mut self, branch: usize, outer: &FormField) -> FormField {
        let tag = self.model.tag(branch).to_owned();
        let mut field = FormField {
            name: tag.clone(),
            path: format!("{}/{}", outer.path, escaped(&tag)),
            tag: Some(tag),
            required: true,
            ..FormField::default()
        };
        self.draw(branch, &mut field);
        field
    }

    fn doc(&mut self, pointer: &str) -> String {
        let doc = self.definition.pointer(pointer).and_then(|schema| schema.get("doc")).and_then(Value::as_str);
        match doc {
            Some(doc) => self.budget.text(doc),
            None => String::new(),
        }
    }
}
