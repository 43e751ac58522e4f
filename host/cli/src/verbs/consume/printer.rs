//! Prints messages and counts them: which are left out, in which form the others are, and when it is enough. Knows
//! nothing of where they come from, and acknowledges nothing.

use super::args::Args;
use super::filter::Filter;
use super::form;
use super::received::{Received, Schemas};
use crate::failure::Failure;
use crate::output::{Output, complain, harmless, is_broken_pipe};
use crate::violations;
use anyhow::{Context, Result};
use clap::ValueEnum;
use irongate_proto::danube::StreamMessage;
use minijinja::Environment;
use std::io::IsTerminal;

/// How a message is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// Payload, size, topic, offset, key and attributes in lines for a person.
    Text,
    /// One JSON object per line, as `produce --from` reads it.
    Json,
    /// The payload alone, byte for byte, and a line feed.
    Raw,
    /// The bytes of the payload in hexadecimal digits.
    Hex,
}

/// Which messages are printed and how.
pub(crate) struct Style {
    output: Output,
    form: Form,
    /// Holds the template under the name [`TEMPLATE`].
    template: Option<Environment<'static>>,
    filter: Option<Filter>,
    is_terminal: bool,
}

const TEMPLATE: &str = "message";

impl Style {
    /// # Errors
    /// The filter or the template is none.
    pub(super) fn of(args: &Args, output: Output) -> Result<Self> {
        let usage = |error: anyhow::Error| anyhow::Error::from(Failure::Usage(format!("{error:#}")));
        let filter = args.filter.as_deref().map(Filter::compile).transpose().map_err(usage)?;
        let template = args.template.clone().map(|text| {
            let mut environment = irongate_messages::engine();
            environment.add_template_owned(TEMPLATE, text)?;
            Ok(environment)
        });
        let template: Option<Environment<'static>> = template
            .transpose()
            .map_err(|error: minijinja::Error| usage(anyhow::anyhow!("--template is no template: {error}")))?;
        let form = if output.is_json() { Form::Json } else { args.output };
        Ok(Self { output, form, template, filter, is_terminal: std::io::stdout().is_terminal() })
    }

    fn write(&self, received: &Received, number: u64) -> Result<()> {
        if let Some(environment) = &self.template {
            let place = received.place();
            let text = environment
                .get_template(TEMPLATE)
                .and_then(|template| template.render(received.facts(number)))
                .with_context(|| format!("--template cannot be filled in for {place}"))?;
            return Ok(self.bytes(text.as_bytes())?);
        }
        match self.form {
            Form::Text => self.output.lines(&[form::text(received, number)])?,
            Form::Json => self.output.lines(&[form::object(received).to_string()])?,
            Form::Raw => self.bytes(&received.message.payload)?,
            Form::Hex => self.output.lines(&[form::hex(received)])?,
        }
        Ok(())
    }

    /// Bytes as they are; on a terminal, as text that cannot command it.
    fn bytes(&self, bytes: &[u8]) -> std::io::Result<()> {
        if self.is_terminal {
            return self.output.lines(&[harmless(&String::from_utf8_lossy(bytes))]);
        }
        self.output.bytes(bytes)
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Printed,
    /// It was printed, and with it as many as were asked for.
    Enough,
    /// The filter does not want it.
    LeftOut,
    /// Nobody reads any more; this one was not printed.
    ReaderGone,
}

/// Prints messages and counts them.
pub(crate) struct Printer {
    style: Style,
    schemas: Schemas,
    total: u64,
    invalid: u64,
    count: Option<u64>,
}

impl Printer {
    pub(super) fn new(style: Style, schemas: Schemas, count: Option<u64>) -> Self {
        Self { style, schemas, total: 0, invalid: 0, count }
    }

    /// Prints one message.
    ///
    /// # Errors
    /// It could not be judged or printed: it must not be acknowledged.
    pub(crate) async fn print(&mut self, message: &StreamMessage) -> Result<Verdict> {
        let received = self.schemas.receive(message).await;
        if let Some(filter) = &self.style.filter {
            let wanted = filter.wants(&received).with_context(|| format!("--filter and {}", received.place()))?;
            if !wanted {
                return Ok(Verdict::LeftOut);
            }
        }
        match self.style.write(&received, self.total + 1) {
            Err(error) if error.downcast_ref().is_some_and(is_broken_pipe) => return Ok(Verdict::ReaderGone),
            written => written?,
        }
        self.total += 1;
        if !received.violations.is_empty() {
            self.invalid += 1;
            if self.style.form != Form::Json {
                complain(&format!("{} breaks its schema:", received.place()));
                received.violations.iter().for_each(|violation| complain(&violations::line(violation)));
            }
        }
        let is_enough = self.count.is_some_and(|count| self.total >= count);
        Ok(if is_enough { Verdict::Enough } else { Verdict::Printed })
    }

    /// How many of the printed ones break their schema, where that was to be checked.
    pub(super) fn invalid_count(&self) -> u64 {
        self.invalid
    }
}
