//! From rows to messages: payload, key and attributes filled in, the route found. Checks and sends nothing.

use super::input::Input;
use super::rows::{Row, Source};
use super::template::told;
use crate::sender::{Message, Route};
use anyhow::{Context as _, Result};
use irongate_messages::{Encoding, Facts, Record, SchemaName, TemplateError, Text};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// Where messages may go. A row without a topic or schema of its own takes the first route.
pub(crate) struct Routes {
    default: Arc<Route>,
    known: Mutex<HashMap<Named, Arc<Route>>>,
}

/// A topic, and the schema that was named with it.
type Named = (String, Option<SchemaName>);

/// Payload, routing key and attributes.
type Filled = (String, Option<String>, BTreeMap<String, String>);

/// Makes the messages of a run, as often as it is asked to.
pub(crate) struct Composer {
    input: Input,
    routes: Arc<Routes>,
    /// How often the whole input is gone through.
    cycles: u64,
}

impl Routes {
    pub(crate) fn new(default: Arc<Route>) -> Self {
        Self { default, known: Mutex::default() }
    }

    /// Adds a route that has been prepared.
    pub(crate) fn insert(&self, topic: String, schema: Option<SchemaName>, route: Arc<Route>) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert((topic, schema), route);
    }

    /// The route of a message that names a topic, a schema, both or neither. One that was not prepared leaves the
    /// checking to the server.
    pub(crate) fn find(&self, topic: Option<&str>, schema: Option<&SchemaName>) -> Arc<Route> {
        if topic.is_none_or(|topic| topic == self.default.topic) && schema.is_none() {
            return self.default.clone();
        }
        let topic = topic.unwrap_or(&self.default.topic).to_owned();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let route = known.entry((topic.clone(), schema.cloned()));
        route.or_insert_with(|| Arc::new(self.default.elsewhere(topic, schema))).clone()
    }
}

impl Composer {
    pub(crate) fn new(input: Input, routes: Arc<Routes>, cycles: u64) -> Self {
        Self { input, routes, cycles }
    }

    /// How many messages there will be, where that is known beforehand.
    pub(crate) fn total(&self) -> Option<u64> {
        let rows = match &self.input.source {
            Source::Texts(count) => *count,
            Source::Files(places) => places.len(),
            Source::Lines(_) | Source::JsonLines(_) | Source::Csv { .. } | Source::Records(_) => return None,
        };
        Some((rows as u64).saturating_mul(self.cycles))
    }

    /// Whether every cycle gives the same payloads, as far as that is known beforehand: a message of a file may be a
    /// template.
    pub(crate) fn repeats(&self) -> bool {
        !matches!(self.input.source, Source::Records(_)) && !self.input.texts.iter().any(Text::is_template)
    }

    /// The messages of so many cycles, numbered from 1, each with the encoding that its row names. Nothing is encoded yet.
    pub(crate) fn messages(
        self: &Arc<Self>,
        cycles: u64,
    ) -> impl Iterator<Item = Result<(Option<Encoding>, Message)>> + Send + use<> {
        let (opener, composer) = (self.clone(), self.clone());
        let rows = (0..cycles.min(self.cycles)).flat_map(move |_| match opener.input.source.rows() {
            Ok(rows) => rows,
            Err(error) => Box::new(std::iter::once(Err(error))),
        });
        rows.zip(1..).map(move |(row, number)| composer.compose(row?, number))
    }

    /// The message of this number, where the one text of the command line is the payload.
    pub(crate) fn message(&self, number: u64) -> Result<Message> {
        Ok(self.compose(Row { line: 1, ..Row::default() }, number)?.1)
    }

    fn compose(&self, row: Row, number: u64) -> Result<(Option<Encoding>, Message)> {
        let Input { terms, texts, .. } = &self.input;
        let record = row.record.as_deref();
        let route = self
            .routes
            .find(record.and_then(|record| record.topic.as_deref()), record.and_then(|record| record.schema.as_ref()));
        let facts = Facts { number, producer: &route.producer_name, row: row.fields.as_ref() };
        let context = terms.needs_context(texts).then(|| terms.templates.context(&facts));
        let fill = |text: &Text| match (text, &context) {
            (Text::Literal(text), _) | (Text::Template(text), None) => Ok(text.clone()),
            (template, Some(context)) => {
                terms.templates.fill(template, context).map_err(told).with_context(|| format!("message {number}"))
            }
        };
        let payload = match texts.get(if texts.len() == 1 { 0 } else { row.line.wrapping_sub(1) }) {
            Some(text) => fill(text)?.into(),
            None => row.payload.clone().unwrap_or_default(),
        };
        let mut attributes = HashMap::with_capacity(terms.attributes.len());
        for (name, value) in &terms.attributes {
            attributes.insert(name.clone(), fill(value)?);
        }
        let mut routing_key = terms.routing_key.as_ref().map(fill).transpose()?;
        let mut payload = payload;
        if let Some(record) = record {
            attributes.extend(record.attributes.clone());
            routing_key = record.routing_key.clone().or(routing_key);
            if record.template && !terms.is_literal() {
                let filled = self.filled(record, &payload, &facts).map_err(told);
                let (text, key, own) = filled.with_context(|| format!("message {number}"))?;
                payload = text.into();
                routing_key = key.or(routing_key);
                attributes.extend(own);
            }
        }
        let encoding = record.and_then(|record| record.encoding);
        Ok((encoding, Message { number, route, payload, attributes, routing_key }))
    }

    /// Payload, routing key and attributes of a message that says it is a template.
    fn filled(&self, record: &Record, payload: &[u8], facts: &Facts) -> Result<Filled, TemplateError> {
        let templates = &self.input.terms.templates;
        let context = templates.context(facts);
        let fill = |text: &str| templates.fill_once(text, &context);
        let text = std::str::from_utf8(payload)
            .map_err(|_| TemplateError { what: "the payload is no text, so it cannot be a template".to_owned() })?;
        let pairs = record.attributes.iter().map(|(name, value)| Ok((name.clone(), fill(value)?)));
        Ok((fill(text)?, record.routing_key.as_deref().map(fill).transpose()?, pairs.collect::<Result<_, _>>()?))
    }
}

impl super::input::Terms {
    fn needs_context(&self, texts: &[Text]) -> bool {
        let mut all = texts.iter().chain(&self.routing_key).chain(self.attributes.iter().map(|(_, value)| value));
        all.any(Text::is_template)
    }
}
