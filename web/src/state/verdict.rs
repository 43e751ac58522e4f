//! The two verdicts on a message that has not been sent: what its schema says, and what
//! the broker will do under the topic's policy. Pure functions of what is known.

use super::check::{CheckState, Checked, Finding, Wire};
use super::schema_choice::{RegisteredSchema, SchemaLookup};
use super::topic_facts::{ExistingTopic, Policy, TopicFacts};
use crate::text::size::counted;
use crate::text::time::milliseconds;

/// How good the news is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// All is well.
    Good,
    /// It works, but look.
    Caution,
    /// It does not work.
    Bad,
    /// Nothing to say, or not yet.
    Neutral,
}

/// A verdict in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How good the news is.
    pub tone: Tone,
    /// A few words.
    pub headline: String,
    /// A sentence or two; may be empty.
    pub detail: String,
}

impl Verdict {
    fn new(tone: Tone, headline: impl Into<String>, detail: impl Into<String>) -> Verdict {
        Verdict { tone, headline: headline.into(), detail: detail.into() }
    }
}

/// What the schema says.
#[must_use]
pub fn of_schema(schema: &SchemaLookup, check: &CheckState) -> Verdict {
    let schema = match schema {
        SchemaLookup::None => {
            return Verdict::new(Tone::Neutral, "No schema", "The message is sent as the bytes you typed.");
        }
        SchemaLookup::Pending => return Verdict::new(Tone::Neutral, "Fetching the schema…", ""),
        SchemaLookup::Unresolved(why) => {
            return Verdict::new(Tone::Bad, "The schema cannot be resolved", sentence(why));
        }
        SchemaLookup::Found(schema) => schema,
    };
    let name = format!("{} version {}", schema.subject, schema.version);
    match &check.finding {
        None => Verdict::new(Tone::Neutral, "Checking…", ""),
        Some(Finding::WorkerFailed(why)) => Verdict::new(Tone::Bad, "The message could not be checked", sentence(why)),
        Some(Finding::SchemaUnusable(why)) => Verdict::new(Tone::Bad, format!("{name} cannot be used"), sentence(why)),
        Some(Finding::Checked(Checked { violations, elapsed_ms, .. })) if violations.is_empty() => {
            Verdict::new(Tone::Good, "Valid", format!("{name}, checked in {}.", milliseconds(*elapsed_ms)))
        }
        Some(Finding::Checked(Checked { violations, .. })) => {
            let rules = counted(violations.len(), "violation", "violations");
            Verdict::new(Tone::Bad, rules, format!("{name}, checked in your browser."))
        }
    }
}

/// What is known about the message when the broker's verdict is formed.
pub struct Outlook<'a> {
    /// The topic it goes to.
    pub facts: &'a TopicFacts,
    /// Whether the host makes topics on first use.
    pub auto_create: bool,
    /// The subject chosen on the page; empty: the topic's own.
    pub subject: &'a str,
    /// Whether a topic made by this message will be reliable.
    pub reliable: bool,
    /// How many partitions a topic made by this message will have; zero: none.
    pub partitions: u32,
    /// The schema the message is made for.
    pub schema: &'a SchemaLookup,
    /// What that schema says.
    pub check: &'a CheckState,
}

/// What the broker will do.
#[must_use]
pub fn of_broker(outlook: &Outlook<'_>) -> Verdict {
    match outlook.facts {
        TopicFacts::Unasked => Verdict::new(Tone::Neutral, "No topic yet", "Name the topic this message goes to."),
        TopicFacts::Pending => Verdict::new(Tone::Neutral, "Asking about the topic…", ""),
        TopicFacts::Unreachable(why) => Verdict::new(Tone::Caution, "The host did not answer", sentence(why)),
        TopicFacts::Missing if !outlook.auto_create => Verdict::new(
            Tone::Bad,
            "Refuse",
            "There is no such topic, and this host does not create topics on first use. Create the topic first.",
        ),
        TopicFacts::Missing => on_new_topic(outlook),
        TopicFacts::Exists(topic) => on_existing_topic(outlook, topic),
    }
}

fn on_new_topic(outlook: &Outlook<'_>) -> Verdict {
    let kind = if outlook.reliable { "reliable" } else { "non-reliable" };
    let partitions = match outlook.partitions {
        0 => String::new(),
        count => format!(" with {}", counted(count as usize, "partition", "partitions")),
    };
    let created = format!("Creates the topic, {kind}{partitions}");
    match found(outlook.schema) {
        None => Verdict::new(Tone::Good, "Accept", format!("{created}, not bound to a schema.")),
        Some(schema) => {
            let bound =
                format!("{created}, and binds it to {}; from then on it takes valid messages only.", schema.subject);
            binding(outlook.check, schema, &bound)
        }
    }
}

fn on_existing_topic(outlook: &Outlook<'_>, topic: &ExistingTopic) -> Verdict {
    let bound = &topic.subject;
    let is_other = !outlook.subject.is_empty() && !bound.is_empty() && outlook.subject != bound;
    let is_encodable = outlook.check.checked().is_none_or(|checked| checked.wire != Wire::Unencodable);
    if topic.transformed && is_encodable && !is_other {
        let detail = "The topic's transforms decide what enters, and its schema judges that. A dry run shows both.";
        return Verdict::new(Tone::Neutral, "Transform it first", detail);
    }
    if bound.is_empty() {
        return match found(outlook.schema) {
            None => Verdict::new(Tone::Good, "Accept", "The topic is not bound to a schema: any payload will do."),
            Some(schema) => {
                let detail =
                    format!("Binds the topic to {}; from then on it takes valid messages only.", schema.subject);
                binding(outlook.check, schema, &detail)
            }
        };
    }
    if is_other {
        let detail =
            format!("The topic is bound to {bound}, not to {}. Choose {bound}, or another topic.", outlook.subject);
        return Verdict::new(Tone::Bad, "Refuse", detail);
    }
    let policy = topic.policy;
    let detail = match policy {
        Policy::Enforce => format!("The topic is bound to {bound} and enforces it."),
        Policy::Warn => format!("The topic is bound to {bound} and only warns."),
        Policy::None => format!("The topic is bound to {bound} but checks no payload."),
    };
    by_policy(outlook.check, policy, &detail)
}

/// The message names a schema that its topic is not bound to yet: it must satisfy it to bind it.
fn binding(check: &CheckState, schema: &RegisteredSchema, detail: &str) -> Verdict {
    let verdict = by_policy(check, Policy::Enforce, detail);
    let unencodable = check.checked().is_some_and(|checked| checked.wire == Wire::Unencodable);
    if verdict.tone != Tone::Bad || unencodable {
        return verdict;
    }
    Verdict { detail: format!("The message is made for {} and breaks it.", schema.subject), ..verdict }
}

fn by_policy(check: &CheckState, policy: Policy, detail: &str) -> Verdict {
    let checked = check.checked();
    if checked.is_some_and(|checked| checked.wire == Wire::Unencodable) {
        let why =
            "A message that breaks its schema has no bytes in this encoding. Correct it, or send it as JSON text.";
        return Verdict::new(Tone::Bad, "Nothing to send", why);
    }
    match (policy, checked.map(|checked| checked.violations.is_empty())) {
        (Policy::None, _) | (Policy::Enforce | Policy::Warn, Some(true)) => Verdict::new(Tone::Good, "Accept", detail),
        (Policy::Enforce | Policy::Warn, None) => Verdict::new(Tone::Neutral, "Depends on the check", detail),
        (Policy::Warn, Some(false)) => Verdict::new(Tone::Caution, "Accept with a warning", detail),
        (Policy::Enforce, Some(false)) => Verdict::new(Tone::Bad, "Refuse", detail),
    }
}

fn found(schema: &SchemaLookup) -> Option<&RegisteredSchema> {
    match schema {
        SchemaLookup::Found(schema) => Some(schema),
        SchemaLookup::None | SchemaLookup::Pending | SchemaLookup::Unresolved(_) => None,
    }
}

/// Error texts begin in lower case and have no final stop; on the page they stand alone.
#[must_use]
pub fn sentence(text: &str) -> String {
    let mut characters = text.trim().chars();
    let Some(first) = characters.next() else { return String::new() };
    // Our own sentences begin in ASCII; the tables for all other letters are heavy.
    let mut out: String = [first.to_ascii_uppercase()].into_iter().chain(characters).collect();
    if !out.ends_with(['.', '!', '?', '…']) {
        out.push('.');
    }
    out
}

#[cfg(test)]
mod tests;
