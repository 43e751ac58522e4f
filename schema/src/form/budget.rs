//! What bounds a form while it is built: fields, levels, repeated text, and the types that are open further up. Knows no
//! schema language.

use serde_json::Value;

use super::{FormField, FormShape};
use crate::limits::{FORM_FIELDS_MAX, FORM_LEVELS_MAX, FORM_PARTS_MAX, FORM_TEXT_BYTES_MAX};

/// The budget of one form. `Identity` tells types apart.
pub(super) struct Budget<Identity> {
    fields: usize,
    text_bytes: usize,
    parts: usize,
    /// Types being drawn further up, with the place of each.
    open: Vec<(Identity, String, String)>,
    pub is_cut: bool,
}

impl<Identity: PartialEq> Budget<Identity> {
    pub(super) fn new() -> Self {
        Self { fields: 0, text_bytes: 0, parts: 0, open: Vec::new(), is_cut: false }
    }

    /// Whether one more field may be drawn; otherwise its shape says why not. Every yes is followed by [`Self::leave`].
    pub(super) fn enter(&mut self, identity: Identity, parts: usize, field: &mut FormField) -> bool {
        if let Some((_, path, schema_path)) = self.open.iter().find(|(open, ..)| *open == identity) {
            field.shape = FormShape::Again { path: path.clone(), schema_path: schema_path.clone() };
            return false;
        }
        self.fields += 1;
        self.parts += parts;
        if self.fields > FORM_FIELDS_MAX || self.open.len() >= FORM_LEVELS_MAX || self.parts > FORM_PARTS_MAX {
            self.is_cut = true;
            return false;
        }
        self.open.push((identity, field.path.clone(), field.schema_path.clone()));
        true
    }

    pub(super) fn leave(&mut self) {
        self.open.pop();
    }

    /// Whether this much more text of the definition may be repeated.
    pub(super) fn affords(&mut self, bytes: usize) -> bool {
        let fits = self.text_bytes + bytes <= FORM_TEXT_BYTES_MAX;
        if fits {
            self.text_bytes += bytes;
        } else {
            self.is_cut = true;
        }
        fits
    }

    /// A copy of a text, empty when it is one too many.
    pub(super) fn text(&mut self, text: &str) -> String {
        if self.affords(text.len()) { text.to_owned() } else { String::new() }
    }

    /// A copy of a value, when it is not one too many.
    pub(super) fn value(&mut self, value: &Value) -> Option<Value> {
        self.affords(weight(value)).then(|| value.clone())
    }

    /// Copies of values; none of them when they are too many.
    pub(super) fn values<'a>(&mut self, values: impl Iterator<Item = &'a Value> + Clone) -> Option<Vec<Value>> {
        self.affords(values.clone().map(weight).sum()).then(|| values.cloned().collect())
    }
}

/// About the bytes that a copy takes.
fn weight(value: &Value) -> usize {
    const EACH: usize = 32;
    EACH + match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(weight).sum(),
        Value::Object(members) => members.iter().map(|(key, value)| key.len() + weight(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}
