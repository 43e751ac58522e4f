//! Validation natively: one message of 10 kB at every key that is pressed, and small messages in bulk, each next to the
//! plain library that only says yes or no. One thread, in this process; the browser's share is measured in a browser.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use apache_avro::reader::datum::GenericDatumReader;
use irongate_schema::{Schema, SchemaType};
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use protox::file::{File, FileResolver};
use serde_json::{Value, json};

use crate::page::{Goals, median, micros};

/// The size of the message that is typed, in bytes, at least.
pub const TYPED_BYTES: usize = 10_000;

/// How often it is validated.
const KEYS: usize = 2_000;

/// The most that one key may cost.
pub const KEY_GOAL: Duration = Duration::from_millis(5);

/// Small messages that differ.
pub const SMALL_MESSAGES: usize = 1_000;

/// How long each is measured.
const MEASURED: Duration = Duration::from_secs(2);

/// The least that is validated in bulk, in messages per second.
pub const BULK_GOAL: f64 = 50_000.0;

/// How often bulk is measured; the median counts.
const ROUNDS: usize = 5;

/// One key: what a validation of the typed message costs.
pub struct Typed {
    name: &'static str,
    bytes: usize,
    median: Duration,
    p99: Duration,
}

/// Bulk: ours and the plain library's messages per second.
pub struct Bulk {
    name: &'static str,
    baseline: &'static str,
    bytes: usize,
    ours: f64,
    plain: f64,
}

/// Everything that was measured.
pub struct Measured {
    typed: Vec<Typed>,
    bulk: Vec<Bulk>,
}

/// Measures all of it.
///
/// # Errors
/// A schema does not compile, or a message that is to be valid is not.
pub fn measure() -> anyhow::Result<Measured> {
    let languages = Language::all()?;
    let mut measured = Measured { typed: Vec::new(), bulk: Vec::new() };
    for language in &languages {
        let text = typed_text();
        let broken = text.replacen("\"count\":1,", "\"count\":\"x\",", 1);
        ensure!(language.schema.validate(text.as_bytes()).is_empty(), "{}: the typed message is valid", language.name);
        ensure!(!language.schema.validate(broken.as_bytes()).is_empty(), "{}: the broken one is not", language.name);
        measured.typed.push(typed(language.name, &language.schema, &text));
        measured.typed.push(typed(language.broken_name, &language.schema, &broken));
    }
    for language in &languages {
        let texts = (0..SMALL_MESSAGES).map(|at| order(0..2, Some(at)).to_string());
        let messages: Vec<Vec<u8>> = match language.is_binary {
            false => texts.map(String::into_bytes).collect(),
            true => texts
                .map(|text| language.schema.encode(text.as_bytes()).ok().context("a small message is valid"))
                .collect::<anyhow::Result<_>>()?,
        };
        measured.bulk.push(bulk(language, &messages)?);
    }
    Ok(measured)
}

/// The message that is typed.
pub fn typed_text() -> String {
    let items = (0..).find(|items| order(0..*items, None).to_string().len() >= TYPED_BYTES).unwrap_or_default();
    order(0..items, None).to_string()
}

/// An order with these items.
pub fn order(items: impl Iterator<Item = usize>, at: Option<usize>) -> Value {
    let items: Vec<Value> =
        items.map(|item| json!({"count": 1, "price": 12.5 + item as f64, "sku": format!("sku-{item:06}"), "tags": ["a", "b"]})).collect();
    json!({"id": format!("order-{:08}", at.unwrap_or(0)), "items": items, "note": "leave it at the door", "paid": true})
}

/// A language with its schema and the library that it is compared with.
pub struct Language {
    /// As Danube spells the type of its schema.
    pub schema_type: &'static str,
    /// The text of its schema.
    pub definition: String,
    name: &'static str,
    broken_name: &'static str,
    bulk_name: &'static str,
    baseline: &'static str,
    is_binary: bool,
    schema: Schema,
    plain: Plain,
}

/// The plain libraries, used as their documentation says.
enum Plain {
    Json(Box<jsonschema::Validator>),
    Avro(Box<GenericDatumReader<'static>>),
    Protobuf(MessageDescriptor),
}

impl Language {
    /// As Danube spells the types of their schemas.
    pub const TYPES: [&str; 3] = ["json_schema", "avro", "protobuf"];

    /// All of them.
    ///
    /// # Errors
    /// A schema does not compile.
    pub fn all() -> anyhow::Result<[Language; 3]> {
        Ok([Language::json()?, Language::avro()?, Language::protobuf()?])
    }

    fn json() -> anyhow::Result<Self> {
        let item = json!({
            "type": "object", "required": ["sku", "count"], "additionalProperties": false,
            "properties": {
                "sku": {"type": "string", "pattern": "^sku-[0-9]{6}$"}, "count": {"type": "integer", "minimum": 1},
                "price": {"type": "number", "exclusiveMinimum": 0}, "tags": {"type": "array", "items": {"type": "string"}},
            },
        });
        let definition = json!({
            "type": "object", "required": ["id", "items"], "additionalProperties": false,
            "properties": {
                "id": {"type": "string", "minLength": 1, "maxLength": 40}, "note": {"type": "string"},
                "paid": {"type": "boolean"}, "items": {"type": "array", "items": item},
            },
        });
        let plain = jsonschema::options().should_validate_formats(true).build(&definition)?;
        Ok(Self {
            schema_type: Self::TYPES[0],
            definition: definition.to_string(),
            name: "JSON Schema, valid",
            broken_name: "JSON Schema, one violation",
            bulk_name: "JSON Schema, JSON text",
            baseline: "jsonschema, `is_valid`",
            is_binary: false,
            schema: Schema::compile(SchemaType::JsonSchema, definition.to_string().as_bytes())?,
            plain: Plain::Json(Box::new(plain)),
        })
    }

    fn avro() -> anyhow::Result<Self> {
        let item = json!({"type": "record", "name": "Item", "fields": [
            {"name": "sku", "type": "string"}, {"name": "count", "type": "int"}, {"name": "price", "type": "double"},
            {"name": "tags", "type": {"type": "array", "items": "string"}},
        ]});
        let definition = json!({"type": "record", "name": "Order", "fields": [
            {"name": "id", "type": "string"}, {"name": "note", "type": ["null", "string"], "default": null},
            {"name": "paid", "type": "boolean"}, {"name": "items", "type": {"type": "array", "items": item}},
        ]});
        Ok(Self {
            schema_type: Self::TYPES[1],
            definition: definition.to_string(),
            name: "Avro, JSON text, valid",
            broken_name: "Avro, JSON text, one violation",
            bulk_name: "Avro, datum",
            baseline: "apache-avro, `GenericDatumReader`",
            is_binary: true,
            schema: Schema::compile(SchemaType::Avro, definition.to_string().as_bytes())?,
            // The reader borrows its schema, and the measurement is all that this program does.
            plain: Plain::Avro(Box::new(
                GenericDatumReader::builder(Box::leak(Box::new(apache_avro::Schema::parse(&definition)?))).build()?,
            )),
        })
    }

    fn protobuf() -> anyhow::Result<Self> {
        const DEFINITION: &str = "syntax = \"proto3\"; \
            message Order { string id = 1; string note = 2; bool paid = 3; repeated Item items = 4; } \
            message Item { string sku = 1; int32 count = 2; double price = 3; repeated string tags = 4; }";
        Ok(Self {
            schema_type: Self::TYPES[2],
            definition: DEFINITION.to_owned(),
            name: "Protobuf, JSON text, valid",
            broken_name: "Protobuf, JSON text, one violation",
            bulk_name: "Protobuf, wire bytes",
            baseline: "prost-reflect, `DynamicMessage::decode`",
            is_binary: true,
            schema: Schema::compile(SchemaType::Protobuf, DEFINITION.as_bytes())?,
            plain: Plain::Protobuf(descriptor(DEFINITION)?),
        })
    }
}

fn descriptor(definition: &'static str) -> anyhow::Result<MessageDescriptor> {
    struct Only(&'static str);
    impl FileResolver for Only {
        fn open_file(&self, name: &str) -> Result<File, protox::Error> {
            File::from_source(name, self.0)
        }
    }
    let mut compiler = protox::Compiler::with_file_resolver(Only(definition));
    compiler.open_file("order.proto")?;
    let pool: DescriptorPool = compiler.descriptor_pool();
    pool.get_message_by_name("Order").context("the definition has the message")
}

impl Plain {
    fn accepts(&self, payload: &[u8]) -> bool {
        match self {
            Self::Json(validator) => {
                serde_json::from_slice(payload).is_ok_and(|value: Value| validator.is_valid(&value))
            }
            Self::Avro(reader) => {
                let mut rest = payload;
                reader.read_value(&mut rest).is_ok() && rest.is_empty()
            }
            Self::Protobuf(message) => DynamicMessage::decode(message.clone(), payload).is_ok(),
        }
    }
}

fn typed(name: &'static str, schema: &Schema, text: &str) -> Typed {
    let mut costs: Vec<Duration> = (0..KEYS)
        .map(|_| {
            let begin = Instant::now();
            black_box(schema.validate(black_box(text.as_bytes())));
            begin.elapsed()
        })
        .collect();
    costs.sort_unstable();
    Typed { name, bytes: text.len(), median: costs[KEYS / 2], p99: costs[KEYS * 99 / 100] }
}

fn bulk(language: &Language, messages: &[Vec<u8>]) -> anyhow::Result<Bulk> {
    for message in messages {
        ensure!(language.schema.validate(message).is_empty(), "{}: a small message is valid", language.bulk_name);
        ensure!(language.plain.accepts(message), "{}: the plain library takes it", language.baseline);
    }
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    // In turns, so that a slow moment of the machine falls on both.
    for _ in 0..ROUNDS {
        ours.push(rate(messages, |message| language.schema.validate(message).is_empty()));
        plain.push(rate(messages, |message| language.plain.accepts(message)));
    }
    let bytes = messages.iter().map(Vec::len).sum::<usize>() / messages.len();
    let (name, baseline) = (language.bulk_name, language.baseline);
    Ok(Bulk { name, baseline, bytes, ours: median(ours), plain: median(plain) })
}

fn rate(messages: &[Vec<u8>], check: impl Fn(&[u8]) -> bool) -> f64 {
    let begin = Instant::now();
    let mut count = 0_u64;
    while begin.elapsed() < MEASURED / ROUNDS as u32 {
        for message in messages {
            black_box(check(black_box(message)));
        }
        count += messages.len() as u64;
    }
    count as f64 / begin.elapsed().as_secs_f64()
}

/// The section of the page.
pub fn markdown(measured: &Measured) -> String {
    let mut text = format!(
        "`cargo xtask bench schema`: the schema crate natively, on one thread. One message of {TYPED_BYTES} bytes, validated as at \
         every key ({KEYS} times):\n\n| what | bytes | p50 | p99 |\n|---|---:|---:|---:|\n"
    );
    for one in &measured.typed {
        let [median, p99] = [one.median, one.p99].map(|cost| format!("{:.0} us", micros(cost)));
        text += &format!("| {} | {} | {median} | {p99} |\n", one.name, one.bytes);
    }
    text += "\nSmall messages in bulk, next to the plain library, which says yes or no and no more:\n\n\
        | what | bytes | messages/s | against | messages/s | ratio |\n|---|---:|---:|---|---:|---:|\n";
    for one in &measured.bulk {
        let ratio = crate::page::percent(one.ours / one.plain);
        text += &format!(
            "| {} | {} | {:.0} | {} | {:.0} | {ratio} |\n",
            one.name, one.bytes, one.ours, one.baseline, one.plain
        );
    }
    let worst = measured.typed.iter().map(|one| one.p99).max().unwrap_or_default();
    let least = measured.bulk.iter().map(|one| one.ours).fold(f64::INFINITY, f64::min);
    let mut goals = Goals::default();
    let key = format!("one key at {TYPED_BYTES} bytes, p99 at most {} us", micros(KEY_GOAL));
    goals.add(&key, &format!("{:.0} us", micros(worst)), worst <= KEY_GOAL);
    let bulk = format!("in bulk, at least {BULK_GOAL:.0} messages/s");
    goals.add(&bulk, &format!("{least:.0}"), least >= BULK_GOAL);
    text + &goals.markdown()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_libraries_agree_on_the_messages() {
        for language in Language::all().unwrap() {
            let text = order(0..2, Some(1)).to_string();
            let payload = match language.is_binary {
                true => language.schema.encode(text.as_bytes()).unwrap(),
                false => text.into_bytes(),
            };
            assert!(
                language.plain.accepts(&payload) && language.schema.validate(&payload).is_empty(),
                "{}",
                language.name
            );
            let cut = &payload[..payload.len() - 1];
            assert!(!language.plain.accepts(cut) && !language.schema.validate(cut).is_empty(), "{}", language.name);
        }
    }

    #[test]
    fn the_page_says_what_missed_its_goal() {
        let typed = Typed { name: "x", bytes: 1, median: Duration::from_micros(10), p99: Duration::from_millis(6) };
        let bulk = Bulk { name: "y", baseline: "z", bytes: 200, ours: 60_000.0, plain: 120_000.0 };
        let page = markdown(&Measured { typed: vec![typed], bulk: vec![bulk] });
        for expected in
            ["| x | 1 | 10 us | 6000 us |", "| 60000 | z | 120000 | 50 % |", "6000 us: missed", "60000: met"]
        {
            assert!(page.contains(expected), "{expected} in {page}");
        }
    }
}
