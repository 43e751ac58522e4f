//! Templates for payloads, keys and attributes: `{{seq}}`, `{{uuid}}`, `{{now}}`, fields of a row, random values.
//! A text without `{{` is no template and stays as it is, byte for byte.

use anyhow::{Result, anyhow};
use minijinja::value::{Serde, Value};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
use serde_json::Map;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What a filled-in template may use up, in instructions of the template engine.
const FILL_STEPS_MAX: u64 = 100_000;
/// The longest text that `random_hex` and `random_text` make, in characters.
const RANDOM_CHARACTERS_MAX: usize = 16 << 20;

/// For the help of those commands that take templates.
pub(crate) const HELP: &str = "\
Templates: {{seq}} counts from 1, {{uuid}} is new for each message, {{now}} is the time (RFC 3339, UTC) and {{now_ms}}
the same in milliseconds since 1970; {{producer}} is the producer's name. {{random_int(1, 6)}}, {{random_float(0, 1)}},
{{random_choice(['a', 'b'])}}, {{random_bool()}}, {{random_hex(8)}} and {{random_text(100)}} are new at every use, and
the same again with the same --seed. With --csv or --jsonl the fields of the row have their names: {{name}}, {{row.id}}.
Filters: upper, lower, tojson, default, round and the other ones of Jinja. --literal switches all of this off.";

/// The numbers that make up the random values of a run.
type Dice = Arc<Mutex<fastrand::Rng>>;

/// The engine with the texts of one run.
pub(crate) struct Templates {
    environment: Environment<'static>,
    dice: Dice,
    seed: u64,
}

/// A text of the command line: as it is, or to be filled in.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Text {
    Literal(String),
    Template(String),
}

/// What a template may name besides functions.
#[derive(Clone, Debug)]
pub(crate) struct Facts<'a> {
    pub(crate) number: u64,
    pub(crate) producer: &'a str,
    pub(crate) row: Option<&'a Map<String, serde_json::Value>>,
}

/// The facts of one message, ready to be named.
pub(crate) struct Context(Value);

/// The engine with the rules that hold for all templates, and nothing to name yet.
pub(crate) fn engine() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FILL_STEPS_MAX));
    // A template is a payload, not a page: nothing is escaped in it.
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment
}

impl Templates {
    /// `seed` decides every random value and every uuid.
    pub(crate) fn new(seed: u64) -> Self {
        let dice: Dice = Arc::new(Mutex::new(fastrand::Rng::with_seed(seed)));
        let mut environment = engine();
        add_random_values(&mut environment, &dice);
        Self { environment, dice, seed }
    }

    /// Takes a text in.
    ///
    /// # Errors
    /// It is no template that can be filled in; the sentence says where.
    pub(crate) fn text(&mut self, text: &str) -> Result<Text> {
        if !text.contains("{{") {
            return Ok(Text::Literal(text.to_owned()));
        }
        let added = self.environment.add_template_owned(text.to_owned(), text.to_owned());
        added.map_err(|error| explain(&error))?;
        Ok(Text::Template(text.to_owned()))
    }

    /// Names the facts of a message, and throws its dice: the same number and seed give the same values.
    pub(crate) fn context(&self, facts: &Facts) -> Context {
        let mut dice = self.dice.lock().unwrap_or_else(PoisonError::into_inner);
        *dice = fastrand::Rng::with_seed(mix(self.seed, facts.number));
        let uuid = uuid::Builder::from_random_bytes(dice.u128(..).to_be_bytes()).into_uuid();
        drop(dice);
        let now = jiff::Timestamp::now();
        let mut names: BTreeMap<&str, Value> = BTreeMap::new();
        if let Some(row) = facts.row {
            names.extend(row.iter().map(|(name, value)| (name.as_str(), Value::from(Serde(value)))));
            names.insert("row", Value::from(Serde(row)));
        }
        names.insert("seq", facts.number.into());
        names.insert("producer", facts.producer.into());
        names.insert("uuid", uuid.to_string().into());
        names.insert("now", format!("{now:.3}").into());
        names.insert("now_ms", now.as_millisecond().into());
        Context(Value::from_pairs(names))
    }

    /// Fills a text in.
    ///
    /// # Errors
    /// It names what is not there, or does what cannot be done.
    pub(crate) fn fill(&self, text: &Text, context: &Context) -> Result<String> {
        match text {
            Text::Literal(text) => Ok(text.clone()),
            Text::Template(source) => {
                let template = self.environment.get_template(source).map_err(|error| explain(&error))?;
                template.render(context.0.clone()).map_err(|error| explain(&error))
            }
        }
    }
}

impl Text {
    pub(crate) fn is_template(&self) -> bool {
        matches!(self, Self::Template(_))
    }
}

fn add_random_values(environment: &mut Environment<'static>, dice: &Dice) {
    fn with<R>(dice: &Dice, throw: impl FnOnce(&mut fastrand::Rng) -> R) -> R {
        throw(&mut dice.lock().unwrap_or_else(PoisonError::into_inner))
    }
    let wrong = |text: &str| Error::new(ErrorKind::InvalidOperation, text.to_owned());
    let own = dice.clone();
    environment.add_function("random_int", move |low: i64, high: i64| match low <= high {
        true => Ok(with(&own, |dice| dice.i64(low..=high))),
        false => Err(wrong("random_int takes the smaller number first")),
    });
    let own = dice.clone();
    environment
        .add_function("random_float", move |low: f64, high: f64| low + with(&own, fastrand::Rng::f64) * (high - low));
    let own = dice.clone();
    environment.add_function("random_bool", move || with(&own, fastrand::Rng::bool));
    let own = dice.clone();
    environment.add_function("random_choice", move |choices: Vec<Value>| {
        with(&own, |dice| dice.choice(&choices).cloned())
            .ok_or_else(|| wrong("random_choice takes a list that is not empty"))
    });
    let own = dice.clone();
    environment.add_function("random_hex", move |length: usize| {
        checked(length).map(|length| with(&own, |dice| (0..length).map(|_| dice.digit(16)).collect::<String>()))
    });
    let own = dice.clone();
    environment.add_function("random_text", move |length: usize| {
        checked(length).map(|length| with(&own, |dice| (0..length).map(|_| dice.alphanumeric()).collect::<String>()))
    });
}

fn checked(length: usize) -> Result<usize, Error> {
    if length <= RANDOM_CHARACTERS_MAX {
        return Ok(length);
    }
    let text = format!("{length} random characters are too many, at most {RANDOM_CHARACTERS_MAX} are made");
    Err(Error::new(ErrorKind::InvalidOperation, text))
}

fn explain(error: &Error) -> anyhow::Error {
    let detail = error.detail().map_or_else(|| error.kind().to_string(), ToOwned::to_owned);
    let line = error.line().map(|line| format!(" (line {line})")).unwrap_or_default();
    let what = match error.kind() {
        ErrorKind::UndefinedError => "it names something that is not there".to_owned(),
        ErrorKind::OutOfFuel => format!("it takes more than {FILL_STEPS_MAX} steps"),
        _ => detail,
    };
    anyhow!(
        "the template cannot be filled in: {what}{line}; known are seq, uuid, now, now_ms, producer and the fields of a row; --literal sends the text as it is"
    )
}

/// One number of two, so that neighbours have nothing in common (the finaliser of splitmix64).
fn mix(seed: u64, number: u64) -> u64 {
    let mut mixed = seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn filled(seed: u64, number: u64, text: &str) -> Result<String> {
        let mut templates = Templates::new(seed);
        let row = json!({ "name": "Ada", "id": 7 });
        let facts = Facts { number, producer: "p", row: row.as_object() };
        let text = templates.text(text)?;
        templates.fill(&text, &templates.context(&facts))
    }

    #[test]
    fn names_and_rows_are_filled_in() {
        assert_eq!(filled(1, 3, "{{seq}}/{{producer}}/{{name}}/{{row.id}}").expect("filled"), "3/p/Ada/7");
        assert_eq!(filled(1, 1, r#"{"a":{"b":{}}}"#).expect("literal"), r#"{"a":{"b":{}}}"#);
        assert_eq!(filled(1, 1, "<{{name|upper}}>&").expect("nothing is escaped"), "<ADA>&");
        let now = filled(1, 1, "{{now}}").expect("the time");
        assert!(now.ends_with('Z') && now.len() == "2024-01-01T10:00:00.000Z".len(), "{now}");
    }

    #[test]
    fn the_seed_and_the_number_decide() {
        let text =
            "{{uuid}} {{random_int(1, 1000000)}} {{random_hex(8)}} {{random_choice(['a','b'])}} {{random_float(0, 1)}}";
        assert_eq!(filled(5, 1, text).expect("filled"), filled(5, 1, text).expect("filled"));
        assert_ne!(filled(5, 1, text).expect("filled"), filled(5, 2, text).expect("filled"));
        assert_ne!(filled(5, 1, text).expect("filled"), filled(6, 1, text).expect("filled"));
        let uuid = filled(5, 1, "{{uuid}}").expect("filled");
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "4"));
    }

    #[test]
    fn what_cannot_be_filled_in_is_said() {
        for (text, part) in [
            ("{{nobody}}", "not there"),
            ("{{", "template"),
            ("{{random_int(2, 1)}}", "smaller number first"),
            ("{{random_choice([])}}", "not empty"),
            ("{{random_text(99999999)}}", "at most 16777216"),
            ("{{1}}{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}", "100000 steps"),
        ] {
            let error = filled(1, 1, text).expect_err(text).to_string();
            assert!(error.contains(part) && error.contains("--literal"), "{text}: {error}");
        }
    }
}
