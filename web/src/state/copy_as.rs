//! The message of the form as a command or a program that sends the same bytes: for the
//! two command lines and for Danube's clients. Sends nothing itself.

use std::fmt::Write as _;

mod compiled;

use super::encoding::Encoding;
use super::form::{AttributeRow, ProduceForm};
use super::schema_choice::VersionChoice;
use super::topic_facts::TopicFacts;
use crate::text::json_edit::literal;

/// What a message can be copied as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tongue {
    /// Our own command line.
    #[default]
    Irongate,
    /// Danube's command line.
    DanubeCli,
    /// Danube's Rust client.
    Rust,
    /// Danube's Go client.
    Go,
    /// Danube's Java client.
    Java,
    /// Danube's Python client.
    Python,
}

impl Tongue {
    /// All, with their words.
    pub const ALL: [(Tongue, &'static str); 6] = [
        (Tongue::Irongate, "irongate"),
        (Tongue::DanubeCli, "danube-cli"),
        (Tongue::Rust, "Rust"),
        (Tongue::Go, "Go"),
        (Tongue::Java, "Java"),
        (Tongue::Python, "Python"),
    ];
}

/// A message and where it goes.
pub struct Letter<'a> {
    /// The address of the host.
    pub host: &'a str,
    /// What is sent, with every name in double braces filled in.
    pub form: &'a ProduceForm,
    /// What was typed: our own command fills it in itself.
    pub typed: &'a ProduceForm,
    /// What is known of the topic.
    pub facts: &'a TopicFacts,
    /// What travels.
    pub payload: &'a [u8],
}

/// The attributes that have a name.
fn named(form: &ProduceForm) -> impl Iterator<Item = &AttributeRow> {
    form.attributes.iter().filter(|row| !row.key.is_empty())
}

impl Letter<'_> {
    /// The message in a tongue.
    #[must_use]
    pub fn written(&self, tongue: Tongue) -> String {
        match tongue {
            Tongue::Irongate => self.command("irongate produce"),
            Tongue::DanubeCli => self.command("danube-cli produce"),
            Tongue::Rust => self.rust(),
            Tongue::Go => self.go(),
            Tongue::Java => self.java(),
            Tongue::Python => self.python(),
        }
    }

    fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.payload).ok().filter(|text| !text.contains('\0'))
    }

    fn reliable(&self) -> bool {
        match self.facts {
            TopicFacts::Exists(topic) => topic.reliable,
            _ => self.form.reliable,
        }
    }

    fn partitions(&self) -> u32 {
        match self.facts {
            TopicFacts::Exists(topic) => topic.partitions,
            _ => self.form.partitions.parse().unwrap_or(0),
        }
    }

    fn subject(&self) -> &str {
        if self.form.subject.is_empty() { self.facts.bound_subject().unwrap_or_default() } else { &self.form.subject }
    }

    fn attributes(&self) -> impl Iterator<Item = &AttributeRow> {
        named(self.form)
    }

    fn command(&self, program: &str) -> String {
        let ours = program.starts_with("irongate");
        let template = Some(self.typed).filter(|typed| ours && typed.template && !typed.payload.contains('\0'));
        let form = template.unwrap_or(self.form);
        let mut out = String::new();
        let mut words = vec![format!("{program} --service-addr {}", quoted(self.host))];
        words.push(format!("--topic {}", quoted(&self.form.topic)));
        match template.map(|typed| &*typed.payload).or(self.text()) {
            Some(text) => words.push(format!("--message {}", quoted(text))),
            None => {
                let octal: String = self.payload.iter().map(|byte| format!("\\{byte:03o}")).collect();
                let _ = writeln!(out, "printf '{octal}' > message.bin");
                words.push("--file message.bin".to_owned());
            }
        }
        if let Some(typed) = template {
            words.push(format!("--seed {}", typed.seed));
            if let Some(encoding) = typed.encoding.filter(|encoding| *encoding != Encoding::Text) {
                words.push(format!("--encoding {encoding}"));
            }
        }
        let mut pairs = Vec::new();
        for row in named(form) {
            let carried = !row.value.contains(',') && !row.key.contains([',', ':']) && row.value.trim() == row.value;
            if carried {
                pairs.push(format!("{}:{}", row.key, row.value));
            } else {
                let _ = writeln!(
                    out,
                    "# The attribute {} is left out: its text cannot stand on this command line.",
                    row.key
                );
            }
        }
        if !pairs.is_empty() {
            words.push(format!("--attributes {}", quoted(&pairs.join(","))));
        }
        if !form.routing_key.is_empty() {
            match ours {
                true => words.push(format!("--routing-key {}", quoted(&form.routing_key))),
                false => out.push_str("# The routing key is left out: danube-cli has no word for it.\n"),
            }
        }
        if !self.subject().is_empty() {
            words.push(format!("--schema-subject {}", quoted(self.subject())));
            match self.form.version {
                VersionChoice::Latest => {}
                VersionChoice::Pinned(version) => words.push(format!("--schema-version {version}")),
                VersionChoice::Minimum(version) => words.push(format!("--schema-min-version {version}")),
            }
        }
        if self.partitions() > 0 {
            words.push(format!("--partitions {}", self.partitions()));
        }
        if self.reliable() {
            words.push("--reliable".to_owned());
        }
        // Here braces are sent as they are; the command would fill them in.
        let braces = |text: &str| text.contains("{{");
        let in_payload = self.payload.windows(2).any(|pair| pair == b"{{");
        if ours
            && template.is_none()
            && (in_payload || braces(&self.form.routing_key) || pairs.iter().any(|pair| braces(pair)))
        {
            words.push("--literal".to_owned());
        }
        out + &words.join(" \\\n  ") + "\n"
    }

    fn rust(&self) -> String {
        let literal = |text: &str| string(text, Tongue::Rust);
        let mut out = "use danube_client::DanubeClient;\n\n#[tokio::main]\nasync fn main() \
            -> Result<(), Box<dyn std::error::Error>> {\n"
            .to_owned();
        let _ = writeln!(
            out,
            "    let client = DanubeClient::builder().service_url({}).build().await?;",
            literal(self.host)
        );
        let _ = write!(
            out,
            "    let mut producer = client\n        .new_producer()\n        .with_topic({})\n        \
            .with_name(\"producer\")\n",
            literal(&self.form.topic)
        );
        for call in self.builder_calls(&literal) {
            let _ = writeln!(out, "        {call}");
        }
        if self.reliable() {
            out.push_str("        .with_reliable_dispatch()\n");
        }
        out.push_str("        .build()?;\n    producer.create().await?;\n");
        let payload = match self.text() {
            Some(text) => format!("{}.into()", literal(text)),
            None => format!("vec!{:?}", self.payload),
        };
        let pairs: Vec<String> = self
            .attributes()
            .map(|row| format!("({}.into(), {}.into())", literal(&row.key), literal(&row.value)))
            .collect();
        let attributes = match pairs.is_empty() {
            true => "None".to_owned(),
            false => format!("Some([{}].into())", pairs.join(", ")),
        };
        let _ = match self.form.routing_key.is_empty() {
            true => writeln!(out, "    producer.send({payload}, {attributes}).await?;"),
            false => {
                let key = literal(&self.form.routing_key);
                writeln!(out, "    producer.send_with_key({payload}, {attributes}, {key}).await?;")
            }
        };
        out + "    Ok(())\n}\n"
    }

    fn python(&self) -> String {
        let mut out = "import asyncio\n\nfrom danube import DanubeClientBuilder, DispatchStrategy\n\n\n\
            async def main():\n"
            .to_owned();
        let literal = |text: &str| string(text, Tongue::Python);
        let _ = writeln!(out, "    client = await DanubeClientBuilder().service_url({}).build()", literal(self.host));
        let _ = writeln!(
            out,
            "    producer = (\n        client.new_producer()\n        .with_topic({})\n        \
            .with_name(\"producer\")",
            literal(&self.form.topic)
        );
        for call in self.builder_calls(&literal) {
            let _ = writeln!(out, "        {call}");
        }
        if self.reliable() {
            out.push_str("        .with_dispatch_strategy(DispatchStrategy.RELIABLE)\n");
        }
        out.push_str("        .build()\n    )\n    await producer.create()\n");
        let payload = match self.text() {
            Some(text) => format!("{}.encode()", literal(text)),
            None => format!("bytes({:?})", self.payload),
        };
        let pairs: Vec<String> =
            self.attributes().map(|row| format!("{}: {}", literal(&row.key), literal(&row.value))).collect();
        let _ = match self.form.routing_key.is_empty() {
            true => writeln!(out, "    await producer.send({payload}, {{{}}})", pairs.join(", ")),
            false => {
                let key = literal(&self.form.routing_key);
                writeln!(out, "    await producer.send_with_key({payload}, {{{}}}, {key})", pairs.join(", "))
            }
        };
        out + "\n\nasyncio.run(main())\n"
    }

    /// What both clients call by the same names.
    fn builder_calls(&self, literal: &dyn Fn(&str) -> String) -> Vec<String> {
        let mut calls = Vec::new();
        if !self.subject().is_empty() {
            let subject = literal(self.subject());
            calls.push(match self.form.version {
                VersionChoice::Latest => format!(".with_schema_subject({subject})"),
                VersionChoice::Pinned(version) => format!(".with_schema_version({subject}, {version})"),
                VersionChoice::Minimum(version) => format!(".with_schema_min_version({subject}, {version})"),
            });
        }
        if self.partitions() > 0 {
            calls.push(format!(".with_partitions({})", self.partitions()));
        }
        calls
    }
}

/// A word of a POSIX shell.
fn quoted(text: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "/_-.:=@%+".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A string literal of a language.
fn string(text: &str, tongue: Tongue) -> String {
    literal(text, |out, number| {
        out.push_str(&match tongue {
            Tongue::Rust => format!("\\u{{{number:x}}}"),
            Tongue::Java => format!("\\{number:03o}"),
            _ => format!("\\x{number:02x}"),
        });
    })
}

#[cfg(test)]
mod tests;
