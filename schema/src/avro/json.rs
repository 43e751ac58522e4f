//! JSON against an Avro schema, encoded on the way: every violation, and the datum when there is none. Takes Avro's own JSON
//! encoding and the plain one, in which a union's value stands without its tag, and dates, times and decimals as people write them.

use serde_json::{Map, Value};

use super::{
    logical::Meaning,
    model::{Field, Kind, Model},
};
use crate::{
    excerpt::{clip, counted, kind, listed, value},
    json::locate::escaped,
    limits::{AVRO_STEPS_MAX, NESTING_LEVELS_MAX, VIOLATIONS_MAX},
    violation::RULE_NESTING,
};

/// Each level of the data may pass through a union.
const LEVELS_MAX: usize = 2 * NESTING_LEVELS_MAX;

/// A broken rule whose place is still a path.
#[derive(Clone)]
pub(super) struct Broken {
    pub path: String,
    /// The key is at fault, not its value.
    pub key: bool,
    pub rule: &'static str,
    pub schema_path: String,
    pub message: String,
}

/// The datum for a JSON value, or why there is none.
pub(super) fn encode(model: &Model, json: &Value) -> Result<Vec<u8>, Vec<Broken>> {
    let mut walk = Walk { model, out: Vec::new(), broken: Vec::new(), steps: 0, levels: 0, strict: false };
    walk.value(0, json, "");
    if walk.broken.is_empty() { Ok(walk.out) } else { Err(walk.broken) }
}

struct Walk<'a> {
    model: &'a Model,
    out: Vec<u8>,
    broken: Vec<Broken>,
    /// Unions try their branches one after the other; nested ones could try for ever.
    steps: usize,
    /// Defaults of recursive records could nest for ever.
    levels: usize,
    /// Logical types take only what their underlying types take.
    strict: bool,
}

impl Walk<'_> {
    fn fail(&mut self, path: &str, rule: &'static str, node: usize, message: String) {
        let schema_path = self.model.nodes[node].pointer.clone();
        self.broken.push(Broken { path: path.to_owned(), key: false, rule, schema_path, message });
    }

    fn value(&mut self, node: usize, json: &Value, path: &str) {
        self.steps += 1;
        if self.broken.len() > VIOLATIONS_MAX {
            return;
        }
        if self.steps > AVRO_STEPS_MAX {
            let message = format!("the unions of the schema need more than {AVRO_STEPS_MAX} steps for this payload");
            return self.fail(path, "union", node, message);
        }
        if self.levels >= LEVELS_MAX {
            let message = format!("values and defaults are nested deeper than {LEVELS_MAX} levels");
            return self.fail(path, RULE_NESTING, node, message);
        }
        self.levels += 1;
        self.matched(node, json, path);
        self.levels -= 1;
    }

    fn matched(&mut self, node: usize, json: &Value, path: &str) {
        let model = self.model;
        if !self.strict && self.meant(node, json, path) {
            return;
        }
        match (&model.nodes[node].kind, json) {
            (Kind::Null, Value::Null) => {}
            (Kind::Boolean, Value::Bool(flag)) => self.out.push(u8::from(*flag)),
            (Kind::Int | Kind::Long, Value::Number(_)) => self.integer(node, json, path),
            (Kind::Float | Kind::Double, _) if float(json).is_some() => {
                let number = float(json).unwrap_or_default();
                match model.nodes[node].kind {
                    Kind::Float => self.out.extend((number as f32).to_le_bytes()),
                    _ => self.out.extend(number.to_le_bytes()),
                }
            }
            (Kind::String, Value::String(text)) => self.string(node, text, path),
            (Kind::Bytes | Kind::Fixed { .. }, Value::String(text)) => self.bytes(node, text, path),
            (Kind::Enum { symbols, .. }, Value::String(text)) => {
                match symbols.iter().position(|symbol| symbol == text) {
                    Some(index) => long(&mut self.out, index as i64),
                    None => {
                        let known = listed(symbols, |symbol| symbol.clone());
                        self.fail(path, "enum", node, format!("\"{}\" is not one of the symbols: {known}", clip(text)));
                    }
                }
            }
            (Kind::Array(items), Value::Array(values)) => {
                if !values.is_empty() {
                    long(&mut self.out, values.len() as i64);
                }
                for (index, item) in values.iter().enumerate() {
                    self.value(*items, item, &format!("{path}/{index}"));
                }
                self.out.push(0);
            }
            (Kind::Map(inner), Value::Object(members)) => {
                if !members.is_empty() {
                    long(&mut self.out, members.len() as i64);
                }
                for (key, member) in members {
                    text(&mut self.out, key.as_bytes());
                    self.value(*inner, member, &format!("{path}/{}", escaped(key)));
                }
                self.out.push(0);
            }
            (Kind::Record { fields, .. }, Value::Object(members)) => self.record(node, fields, members, path),
            (Kind::Union(branches), _) => self.union(node, branches, json, path),
            _ => {
                let message = match json {
                    Value::Null | Value::Array(_) | Value::Object(_) => {
                        format!("found {}, expected {}", kind(json), model.tag(node))
                    }
                    _ => format!("{} is {}, expected {}", value(json), kind(json), model.tag(node)),
                };
                self.fail(path, "type", node, message);
            }
        }
    }

    /// Takes the text or number that a person writes for a logical type, where this is one.
    fn meant(&mut self, node: usize, json: &Value, path: &str) -> bool {
        let of = &self.model.nodes[node];
        let made = match (&of.meaning, json) {
            (Some(meaning), Value::String(text)) => meaning.number(text).map(|number| {
                let mut out = Vec::new();
                number.map(|number| long(&mut out, number)).map(|()| out)
            }),
            (Some(meaning), Value::Number(number)) => match of.kind {
                Kind::Fixed { bytes, .. } => meaning.bytes(number, Some(bytes)),
                _ => meaning.bytes(number, None).map(|bytes| {
                    bytes.map(|bytes| {
                        let mut out = Vec::new();
                        text(&mut out, &bytes);
                        out
                    })
                }),
            },
            _ => None,
        };
        match made {
            Some(Ok(bytes)) => self.out.extend(bytes),
            Some(Err(complaint)) => self.fail(path, "logicalType", node, complaint),
            None => return false,
        }
        true
    }

    fn integer(&mut self, node: usize, json: &Value, path: &str) {
        let int = matches!(self.model.nodes[node].kind, Kind::Int);
        match json.as_i64() {
            Some(number) if !int || i32::try_from(number).is_ok() => {
                let meaning = self.model.nodes[node].meaning.as_ref();
                match meaning.and_then(|meaning| meaning.refuses(number)) {
                    Some(complaint) => self.fail(path, "logicalType", node, complaint),
                    None => long(&mut self.out, number),
                }
            }
            _ if json.is_f64() && json.as_f64().is_some_and(|number| number.fract() != 0.0) => {
                self.fail(path, "type", node, format!("{json} is a number, expected {}", self.model.tag(node)));
            }
            _ => {
                let (least, most) = if int { (i64::from(i32::MIN), i64::from(i32::MAX)) } else { (i64::MIN, i64::MAX) };
                let tag = self.model.tag(node);
                self.fail(path, "range", node, format!("{json} does not fit {tag}, which goes from {least} to {most}"));
            }
        }
    }

    fn string(&mut self, node: usize, string: &str, path: &str) {
        if matches!(self.model.nodes[node].meaning, Some(Meaning::Uuid)) && !is_uuid(string) {
            let message = format!("\"{}\" is not a UUID such as 2eb8aa08-aa98-11ea-b4aa-73b441d16380", clip(string));
            return self.fail(path, "logicalType", node, message);
        }
        text(&mut self.out, string.as_bytes());
    }

    /// Bytes are written in JSON as text whose characters U+0000 to U+00FF stand for one byte each.
    fn bytes(&mut self, node: usize, string: &str, path: &str) {
        let bytes: Result<Vec<u8>, char> = string.chars().map(|c| u8::try_from(u32::from(c)).map_err(|_| c)).collect();
        match (bytes, &self.model.nodes[node].kind) {
            (Err(c), _) => {
                let message =
                    format!("'{c}' (U+{:04X}) is no byte; bytes are written as characters up to U+00FF", u32::from(c));
                self.fail(path, "bytes", node, message);
            }
            (Ok(bytes), Kind::Fixed { bytes: size, .. }) if bytes.len() != *size => {
                let message = format!(
                    "\"{}\" has {}, exactly {size} required",
                    clip(string),
                    counted(bytes.len() as u64, "byte")
                );
                self.fail(path, "size", node, message);
            }
            (Ok(bytes), _) if self.refuses_bytes(node, &bytes, path) => {}
            (Ok(bytes), Kind::Fixed { .. }) => self.out.extend(bytes),
            (Ok(bytes), _) => text(&mut self.out, &bytes),
        }
    }

    /// Whether the logical type refuses the bytes, which is noted then.
    fn refuses_bytes(&mut self, node: usize, bytes: &[u8], path: &str) -> bool {
        let meaning = self.model.nodes[node].meaning.as_ref();
        let Some(complaint) = meaning.and_then(|meaning| meaning.refuses_bytes(bytes)) else { return false };
        self.fail(path, "logicalType", node, complaint);
        true
    }

    fn record(&mut self, node: usize, fields: &[Field], members: &Map<String, Value>, path: &str) {
        let pointer = self.model.nodes[node].pointer.clone();
        for (index, field) in fields.iter().enumerate() {
            let place = format!("{path}/{}", escaped(&field.name));
            match (members.get(&field.name), &field.default) {
                (Some(member), _) => self.value(field.node, member, &place),
                // The default of a union fits its first branch; trying all of them in order finds that one.
                (None, Some(default)) => self.value(field.node, default, &place),
                (None, None) => {
                    let message = format!("field \"{}\" is missing and has no default", clip(&field.name));
                    let schema_path = format!("{pointer}/fields/{index}");
                    self.broken.push(Broken {
                        path: path.to_owned(),
                        key: false,
                        rule: "required",
                        schema_path,
                        message,
                    });
                }
            }
        }
        for key in members.keys().filter(|key| !fields.iter().any(|field| field.name == **key)).take(VIOLATIONS_MAX + 1)
        {
            self.broken.push(Broken {
                path: format!("{path}/{}", escaped(key)),
                key: true,
                rule: "unknownField",
                schema_path: pointer.clone(),
                message: format!("field \"{}\" is not part of record {}", clip(key), self.model.tag(node)),
            });
        }
    }

    fn union(&mut self, node: usize, branches: &[usize], json: &Value, path: &str) {
        let tagged = json.as_object().filter(|members| members.len() == 1).and_then(|members| members.iter().next());
        let mut failures: Vec<Vec<Broken>> = Vec::new();
        for (index, branch) in branches.iter().enumerate() {
            if let Some((tag, inner)) = tagged
                && tag == self.model.tag(*branch)
            {
                match self.attempt(index, *branch, inner, &format!("{path}/{}", escaped(tag))) {
                    Ok(()) => return,
                    // The tag says which branch is meant: its violations are the ones to report.
                    Err(broken) => failures.insert(0, broken),
                }
            }
        }
        let by_tag = !failures.is_empty();
        // A branch that takes the value as it stands goes before one that takes it for a date or a decimal.
        if matches!(json, Value::String(_) | Value::Number(_)) {
            let strict = std::mem::replace(&mut self.strict, true);
            let taken = branches.iter().enumerate().any(|(at, branch)| self.attempt(at, *branch, json, path).is_ok());
            self.strict = strict;
            if taken {
                return;
            }
        }
        for (index, branch) in branches.iter().enumerate() {
            match self.attempt(index, *branch, json, path) {
                Ok(()) => return,
                Err(broken) => failures.push(broken),
            }
        }
        // Where one branch alone is of the right kind, its violations say more than "none of the branches".
        let near: Vec<&Vec<Broken>> =
            failures.iter().filter(|broken| !broken.iter().any(|one| one.rule == "type" && one.path == path)).collect();
        if by_tag || near.len() == 1 {
            let chosen = if by_tag { failures.swap_remove(0) } else { near[0].clone() };
            self.broken.extend(chosen);
            return;
        }
        let tags = listed(branches, |branch| self.model.tag(*branch).to_owned());
        self.fail(path, "union", node, format!("{} fits none of the branches: {tags}", value(json)));
    }

    /// Encodes as one branch; leaves nothing behind when that fails.
    fn attempt(&mut self, index: usize, branch: usize, json: &Value, path: &str) -> Result<(), Vec<Broken>> {
        let (written, known) = (self.out.len(), self.broken.len());
        long(&mut self.out, index as i64);
        self.value(branch, json, path);
        if self.broken.len() == known {
            return Ok(());
        }
        self.out.truncate(written);
        Err(self.broken.split_off(known))
    }
}

/// A number, or the names Avro's JSON encoding has for those JSON cannot write.
fn float(json: &Value) -> Option<f64> {
    match json {
        Value::Number(number) => number.as_f64(),
        Value::String(name) => match name.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Variable-length zigzag coding.
pub(super) fn long(out: &mut Vec<u8>, number: i64) {
    let mut rest = ((number << 1) ^ (number >> 63)) as u64;
    while rest >= 0x80 {
        out.push((rest as u8 & 0x7f) | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn text(out: &mut Vec<u8>, bytes: &[u8]) {
    long(out, bytes.len() as i64);
    out.extend(bytes);
}
