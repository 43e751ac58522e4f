//! A value of an Avro schema in Avro's JSON. Where types hold themselves, the way that comes to an end soonest is taken.

use serde_json::{Map, Value};

use super::{SampleError, source::Source};
use crate::avro::model::{Kind, Model};

pub(super) fn make(model: &Model, source: &mut Source) -> Result<Value, SampleError> {
    let maker = Maker { model, heights: heights(model) };
    maker.value(0, source).ok_or_else(|| SampleError::Endless { name: model.tag(0).to_owned() })
}

/// Never comes to an end.
const ENDLESS: usize = usize::MAX;

/// For each node the least number of levels of a value of it.
fn heights(model: &Model) -> Vec<usize> {
    let mut heights = vec![ENDLESS; model.nodes.len()];
    loop {
        let mut changed = false;
        for (index, node) in model.nodes.iter().enumerate() {
            let height = match &node.kind {
                Kind::Union(branches) => branches.iter().map(|branch| heights[*branch]).min().unwrap_or(ENDLESS),
                Kind::Record { fields, .. } => fields.iter().map(|field| heights[field.node]).max().unwrap_or(0),
                Kind::Enum { symbols, .. } if symbols.is_empty() => ENDLESS,
                _ => 0,
            };
            let height = height.saturating_add(1);
            changed |= height < heights[index];
            heights[index] = heights[index].min(height);
        }
        if !changed {
            return heights;
        }
    }
}

struct Maker<'a> {
    model: &'a Model,
    heights: Vec<usize>,
}

impl Maker<'_> {
    fn value(&self, node: usize, source: &mut Source) -> Option<Value> {
        if self.heights[node] == ENDLESS || !source.enter() {
            return None;
        }
        let made = self.made(node, source);
        source.leave();
        made
    }

    fn made(&self, node: usize, source: &mut Source) -> Option<Value> {
        let logical = self.model.nodes[node].logical.as_deref().unwrap_or_default();
        Some(match &self.model.nodes[node].kind {
            Kind::Null => Value::Null,
            Kind::Boolean => source.flag().into(),
            Kind::Int => source.number(0..=20_000).into(),
            Kind::Long => source.number(0..=if logical.is_empty() { 1_000_000 } else { 80_000_000_000 }).into(),
            Kind::Float | Kind::Double => (source.number(-4_000..=4_000) as f64 / 8.0).into(),
            Kind::String if logical == "uuid" => source.uuid().into(),
            Kind::String => source.words(2).into(),
            // One byte and a positive sign: fits a decimal of any precision.
            Kind::Bytes if logical.starts_with("decimal") => latin1(&[source.number(0..=9) as u8]),
            Kind::Bytes => source.word().into(),
            Kind::Fixed { bytes, .. } => self.fixed(*bytes, logical, source)?,
            Kind::Enum { symbols, .. } => source.one_of(symbols)?.into(),
            Kind::Array(items) => {
                let count = if source.is_deep() || self.heights[*items] == ENDLESS { 0 } else { source.size(0..=3) };
                (0..count).map(|_| self.value(*items, source)).collect::<Option<Vec<_>>>()?.into()
            }
            Kind::Map(inner) => {
                let count = if source.is_deep() || self.heights[*inner] == ENDLESS { 0 } else { source.size(0..=2) };
                let mut members = Map::new();
                for _ in 0..count {
                    members.insert(source.word().to_owned(), self.value(*inner, source)?);
                }
                members.into()
            }
            Kind::Record { fields, .. } => {
                let mut members = Map::new();
                for field in fields {
                    members.insert(field.name.clone(), self.value(field.node, source)?);
                }
                members.into()
            }
            Kind::Union(branches) => {
                let ending: Vec<usize> = match source.is_deep() {
                    true => branches.iter().copied().min_by_key(|branch| self.heights[*branch]).into_iter().collect(),
                    false => branches.iter().copied().filter(|branch| self.heights[*branch] != ENDLESS).collect(),
                };
                let branch = source.one_of(&ending)?;
                self.model.tagged(branches, branch, self.value(branch, source)?)
            }
        })
    }

    fn fixed(&self, bytes: usize, logical: &str, source: &mut Source) -> Option<Value> {
        if bytes > crate::limits::SAMPLE_TEXT_CHARS_MAX {
            return None;
        }
        let mut made: Vec<u8> = (0..bytes).map(|_| source.number(0x61..=0x7a) as u8).collect();
        if logical.starts_with("decimal") {
            made.fill(0);
            *made.last_mut()? = source.number(0..=9) as u8;
        }
        Some(latin1(&made))
    }
}

fn latin1(bytes: &[u8]) -> Value {
    Value::String(bytes.iter().map(|byte| char::from(*byte)).collect())
}
