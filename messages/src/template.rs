//! Templates for payloads, keys and attributes: `{{seq}}`, `{{uuid}}`, `{{now}}`, fields of a row, random values.
//! A text without `{{` is no template and stays as it is, byte for byte.

use crate::TemplateError;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior};
use serde_json::Map;
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// What a filled-in template may use up, in instructions of the template engine.
const FILL_STEPS_MAX: u64 = 100_000;
/// The longest text that `random_hex` and `random_text` make, in characters.
const RANDOM_CHARACTERS_MAX: usize = 16 << 20;

/// How much of a refused expression is told, in characters.
const SHOWN_CHARACTERS_MAX: usize = 40;

/// The numbers that make up the random values of a run.
type Dice = Arc<Mutex<fastrand::Rng>>;

/// The engine with the texts of one run.
pub struct Templates {
    environment: Environment<'static>,
    dice: Dice,
    seed: u64,
}

/// A text: as it is, or to be filled in.
#[derive(Clone, Debug, PartialEq)]
pub enum Text {
    /// As it is.
    Literal(String),
    /// To be filled in.
    Template(String),
}

/// What a template may name besides functions.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// Which message, counted from 1.
    pub number: u64,
    /// Its producer's name.
    pub producer: &'a str,
    /// The fields of its row, where it is made from one.
    pub row: Option<&'a Map<String, serde_json::Value>>,
}

/// The facts of one message, ready to be named.
pub struct Context(Value);

/// The engine with the rules that hold for all templates, and nothing to name yet.
#[must_use]
pub fn engine() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FILL_STEPS_MAX));
    // A template is a payload, not a page: nothing is escaped in it.
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    environment
}

impl Templates {
    /// `seed` decides every random value and every uuid.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let dice: Dice = Arc::new(Mutex::new(fastrand::Rng::with_seed(seed)));
        let mut environment = engine();
        add_random_values(&mut environment, &dice);
        Self { environment, dice, seed }
    }

    /// The engine, for functions beyond these.
    pub fn engine_mut(&mut self) -> &mut Environment<'static> {
        &mut self.environment
    }

    /// Takes a text in.
    ///
    /// # Errors
    /// It is no template that can be filled in; the sentence says where.
    pub fn text(&mut self, text: &str) -> Result<Text, TemplateError> {
        if !text.contains("{{") {
            return Ok(Text::Literal(text.to_owned()));
        }
        let added = self.environment.add_template_owned(text.to_owned(), text.to_owned());
        added.map_err(|error| explain(&error))?;
        Ok(Text::Template(text.to_owned()))
    }

    /// Names the facts of a message, and throws its dice: the same number and seed give the same values.
    #[must_use]
    pub fn context(&self, facts: &Facts) -> Context {
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

    /// Takes a text in that somebody else wrote: names and random values alone, nothing that counts, repeats or joins,
    /// because that could fill the memory.
    ///
    /// # Errors
    /// It is no such template; the sentence says where.
    pub fn plain_text(&mut self, text: &str) -> Result<Text, TemplateError> {
        let refused = |part: &str| TemplateError {
            what: format!("{part:?} is more than a name or a random value, which is all that can be used here"),
        };
        if let Some(part) = ["{%", "{#"].into_iter().find(|part| text.contains(part)) {
            return Err(refused(part));
        }
        for piece in text.split("{{").skip(1) {
            let expression = piece.split_once("}}").map_or(piece, |(expression, _)| expression);
            if !is_plain(expression) {
                return Err(refused(&expression.chars().take(SHOWN_CHARACTERS_MAX).collect::<String>()));
            }
        }
        self.text(text)
    }

    /// Fills a text in, to so many bytes at most.
    ///
    /// # Errors
    /// It names what is not there, or becomes longer.
    pub fn fill_within(&self, text: &Text, context: &Context, bytes_max: usize) -> Result<Vec<u8>, TemplateError> {
        let too_long = || TemplateError { what: format!("the message becomes longer than {bytes_max} bytes") };
        match text {
            Text::Literal(text) if text.len() > bytes_max => Err(too_long()),
            Text::Literal(text) => Ok(text.clone().into_bytes()),
            Text::Template(source) => {
                let template = self.environment.get_template(source).map_err(|error| explain(&error))?;
                let mut room = Room { taken: Vec::new(), bytes_max };
                match template.render_captured_to(context.0.clone(), &mut room) {
                    Ok(_) => Ok(room.taken),
                    Err(error) if error.kind() == ErrorKind::WriteFailure => Err(too_long()),
                    Err(error) => Err(explain(&error)),
                }
            }
        }
    }

    /// Fills in a text that is used but once, so that it need not be taken in. Without `{{` it stays as it is.
    ///
    /// # Errors
    /// It is no template, names what is not there, or does what cannot be done; the sentence says where.
    pub fn fill_once(&self, text: &str, context: &Context) -> Result<String, TemplateError> {
        if !text.contains("{{") {
            return Ok(text.to_owned());
        }
        let template = self.environment.template_from_str(text).map_err(|error| explain(&error))?;
        template.render(context.0.clone()).map_err(|error| explain(&error))
    }

    /// Fills a text in.
    ///
    /// # Errors
    /// It names what is not there, or does what cannot be done.
    pub fn fill(&self, text: &Text, context: &Context) -> Result<String, TemplateError> {
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
    /// Whether there is anything to fill in.
    #[must_use]
    pub fn is_template(&self) -> bool {
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

/// Takes so many bytes and no more.
struct Room {
    taken: Vec<u8>,
    bytes_max: usize,
}

impl Write for Room {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.taken.len() + bytes.len() > self.bytes_max {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        self.taken.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Whether an expression is a name, or a function with numbers, texts and lists of them.
fn is_plain(expression: &str) -> bool {
    let expression = expression.trim_matches(['-', ' ']);
    let (name, arguments) = match expression.split_once('(') {
        Some((name, rest)) => (name, rest.strip_suffix(')').unwrap_or("(")),
        None => (expression, ""),
    };
    let of_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let of_arguments = |character: char| of_name(character) || " .,-[]'\"".contains(character);
    !name.is_empty() && name.chars().all(of_name) && arguments.chars().all(of_arguments)
}

fn explain(error: &Error) -> TemplateError {
    let detail = error.detail().map_or_else(|| error.kind().to_string(), ToOwned::to_owned);
    let line = error.line().map(|line| format!(" (line {line})")).unwrap_or_default();
    let what = match error.kind() {
        ErrorKind::UndefinedError => "it names something that is not there".to_owned(),
        ErrorKind::OutOfFuel => format!("it takes more than {FILL_STEPS_MAX} steps"),
        _ => detail,
    };
    TemplateError { what: format!("{what}{line}") }
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

    fn filled(seed: u64, number: u64, text: &str) -> Result<String, TemplateError> {
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
    fn a_text_that_is_used_once_is_filled_in_as_any_other() {
        let templates = Templates::new(5);
        let context = templates.context(&Facts { number: 2, producer: "p", row: None });
        let text = "{{seq}} {{producer}} {{uuid}}";
        assert_eq!(templates.fill_once(text, &context), filled_for_nobody(5, 2, text));
        assert_eq!(templates.fill_once("{% raw", &context).as_deref(), Ok("{% raw"));
        let error = templates.fill_once("{\n{{nobody}}}", &context).expect_err("a stranger").to_string();
        assert!(error.contains("not there (line 2)"), "{error}");
    }

    fn filled_for_nobody(seed: u64, number: u64, text: &str) -> Result<String, TemplateError> {
        let mut templates = Templates::new(seed);
        let text = templates.text(text)?;
        templates.fill(&text, &templates.context(&Facts { number, producer: "p", row: None }))
    }

    #[test]
    fn a_strangers_template_can_neither_compute_nor_outgrow_its_room() {
        let mut templates = Templates::new(1);
        let facts = Facts { number: 7, producer: "p", row: None };
        let plain = "{{ seq }} {{random_choice(['a', 'b'])}} {{random_int(-3, 4)}} {{random_float(0.5, 1)}} {{uuid}}";
        let text = templates.plain_text(plain).expect("plain");
        let filled = templates.fill_within(&text, &templates.context(&facts), 100).expect("filled");
        assert!(filled.starts_with(b"7 "), "{filled:?}");
        for text in [
            "{% set a = 'x' %}",
            "{# #}",
            "{{ 'a' * 9 }}",
            "{{seq ~ seq}}",
            "{{seq|center(9)}}",
            "{{range(9)}}{{a(b(1))}}",
            "{{ {} }}",
            "{{seq",
            "{{}}",
        ] {
            let error = templates.plain_text(text).expect_err(text).to_string();
            assert!(error.contains("known are seq"), "{text}: {error}");
        }
        for text in ["{{random_text(64)}}{{random_text(64)}}".to_owned(), "x".repeat(101)] {
            let text = templates.plain_text(&text).expect("plain");
            let error = templates.fill_within(&text, &templates.context(&facts), 100).expect_err("too long");
            assert!(error.to_string().contains("longer than 100 bytes"), "{error}");
        }
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
            assert!(error.contains(part) && error.contains("known are seq"), "{text}: {error}");
        }
    }
}
