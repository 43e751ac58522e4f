//! Dead letters: what their attributes are called, what they say, and the message that is sent again in the place of one. Every way
//! to look at them and to send them again goes by this: the command line and the console. Reads no topic and sends nothing.

mod redrive;

use bytes::Bytes;
use std::collections::BTreeMap;

pub use redrive::{Guard, REDRIVES_MAX, Redriven, redrive};

/// Danube's names.
pub const ORIGINAL_TOPIC: &str = "x-original-topic";
/// The subscription that the record was read with.
pub const ORIGINAL_SUBSCRIPTION: &str = "x-original-subscription";
/// The offset that the record had.
pub const ORIGINAL_OFFSET: &str = "x-original-topic-offset";
/// Who had published it.
pub const ORIGINAL_PRODUCER_ID: &str = "x-original-producer-id";
/// The broker that had it.
pub const ORIGINAL_BROKER: &str = "x-original-broker-addr";
/// How often it was tried.
pub const DELIVERY_ATTEMPT: &str = "x-delivery-attempt";
/// Why it is here, for a person.
pub const FAILURE_REASON: &str = "x-failure-reason";
/// The policy that brought it here.
pub const POISON_POLICY: &str = "x-poison-policy";
/// Our names: what kind of failure.
pub const ERROR_CLASS: &str = "x-irongate-error-class";
/// The pipeline.
pub const PIPELINE: &str = "x-irongate-pipeline";
/// The stage, where one failed.
pub const STAGE: &str = "x-irongate-stage";
/// The target, where one refused.
pub const TARGET: &str = "x-irongate-target";
/// The plugin's name and version.
pub const PLUGIN: &str = "x-irongate-plugin";
/// The plugin's sha256.
pub const PLUGIN_SHA256: &str = "x-irongate-plugin-sha256";
/// Where the plugin was stopped.
pub const BACKTRACE: &str = "x-irongate-backtrace";
/// When the record was published first.
pub const PUBLISH_TIME_MS: &str = "x-irongate-publish-time-ms";
/// The dedup id of what a pipeline has sent.
pub const DEDUP_ID: &str = "x-irongate-dedup-id";
/// Of a dead letter and of what is sent in its place: topic and offset that the record had first, as `topic@offset`.
pub const ORIGIN: &str = "x-irongate-origin";
/// How often a record was sent again from dead letters.
pub const REDRIVES: &str = "x-irongate-redrives";

/// Attributes that a dead letter has beside those of the message that it was.
const OF_THE_LETTER: [&str; 16] = [
    ORIGINAL_TOPIC,
    ORIGINAL_SUBSCRIPTION,
    ORIGINAL_OFFSET,
    ORIGINAL_PRODUCER_ID,
    ORIGINAL_BROKER,
    DELIVERY_ATTEMPT,
    FAILURE_REASON,
    POISON_POLICY,
    ERROR_CLASS,
    PIPELINE,
    STAGE,
    TARGET,
    PLUGIN,
    PLUGIN_SHA256,
    BACKTRACE,
    PUBLISH_TIME_MS,
];
/// What a letter that failed again keeps of its first failure.
const OF_THE_FIRST: &str = "x-first-original-";
/// The letters of `irongate produce --dlq`: topic, class, reason and tries, by the names of Danube's guide.
const OF_PRODUCE: [&str; 4] = ["original_topic", "error_code", "error", "failures"];

/// Characters of a reason that are shown in a line, and by which letters are one kind.
const KIND_CHARACTERS_MAX: usize = 80;

/// A dead letter.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Letter {
    /// The topic it lies in; of a partitioned one the partition.
    pub topic: String,
    /// Where it lies.
    pub offset: u64,
    /// Its routing key.
    pub key: Option<String>,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
    /// Its payload: that of the message that it was.
    pub payload: Bytes,
}

/// What letters have in common that failed in one way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kind {
    /// The class of the failure, such as reject, schema or timeout; empty where a consumer gave up.
    pub class: String,
    /// The stage that failed, the target that refused, or the subscription that gave up.
    pub place: String,
    /// The sha256 of the plugin.
    pub plugin_sha256: String,
    /// The beginning of the reason, without what differs from letter to letter: numbers are `#`, what stands in double quotes is `…`.
    pub reason: String,
}

impl Letter {
    /// An attribute, or nothing.
    #[must_use]
    pub fn says(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    /// One of what is said under Danube's name or ours, or by `irongate produce --dlq` under another.
    fn says_by(&self, name: &str, of_produce: usize) -> &str {
        if self.is_of_produce() { self.says(OF_PRODUCE[of_produce]) } else { self.says(name) }
    }

    /// Ordinary names, so that only a topic's name in the first makes it one.
    fn is_of_produce(&self) -> bool {
        !self.attributes.contains_key(ORIGINAL_TOPIC) && self.says(OF_PRODUCE[0]).starts_with('/')
    }

    /// The topic or partition that the message was in; empty where the letter does not say.
    #[must_use]
    pub fn original_topic(&self) -> &str {
        self.says_by(ORIGINAL_TOPIC, 0)
    }

    /// The class of the failure; empty where there is none.
    #[must_use]
    pub fn class(&self) -> &str {
        self.says_by(ERROR_CLASS, 1)
    }

    /// Why it failed.
    #[must_use]
    pub fn reason(&self) -> &str {
        self.says_by(FAILURE_REASON, 2)
    }

    /// How often it was tried.
    #[must_use]
    pub fn attempts(&self) -> &str {
        self.says_by(DELIVERY_ATTEMPT, 3)
    }

    /// The stage that failed, the target that refused, or the subscription that gave up.
    #[must_use]
    pub fn place(&self) -> &str {
        let of_pipeline = [STAGE, TARGET].map(|name| self.says(name)).into_iter().find(|place| !place.is_empty());
        of_pipeline.unwrap_or_else(|| self.says(ORIGINAL_SUBSCRIPTION))
    }

    /// The kind of failure.
    #[must_use]
    pub fn kind(&self) -> Kind {
        Kind {
            class: self.class().to_owned(),
            place: self.place().to_owned(),
            plugin_sha256: self.says(PLUGIN_SHA256).to_owned(),
            reason: beginning(&pattern(self.reason())),
        }
    }

    /// The topic that the message was in, by its base name.
    #[must_use]
    pub fn home(&self) -> Option<&str> {
        Some(self.original_topic()).filter(|topic| !topic.is_empty()).map(base_name)
    }

    /// How often the record was sent again before.
    #[must_use]
    pub fn redrives(&self) -> u32 {
        self.says(REDRIVES).parse().unwrap_or(0)
    }

    /// The attributes of the message that it was, and where that was first, by which its outputs keep their dedup ids.
    #[must_use]
    pub fn original_attributes(&self) -> BTreeMap<String, String> {
        let of_produce = self.is_of_produce();
        // A pipeline gives its letters ids of their own; a broker leaves a message the one it has.
        let own_id = !self.attributes.contains_key(PIPELINE);
        let is_own = |name: &str| {
            !OF_THE_LETTER.contains(&name)
                && !name.starts_with(OF_THE_FIRST)
                && (own_id || name != DEDUP_ID)
                && !(of_produce && OF_PRODUCE.contains(&name))
        };
        let own = self.attributes.iter().filter(|(name, _)| is_own(name));
        let mut attributes: BTreeMap<String, String> = own.map(|(name, value)| (name.clone(), value.clone())).collect();
        let (topic, offset) = (self.says(ORIGINAL_TOPIC), self.says(ORIGINAL_OFFSET));
        if !topic.is_empty() && !offset.is_empty() {
            attributes.entry(ORIGIN.to_owned()).or_insert_with(|| format!("{topic}@{offset}"));
        }
        attributes
    }
}

/// A topic's name without the number of a partition.
#[must_use]
pub fn base_name(topic: &str) -> &str {
    let base = topic.rsplit_once("-part-").filter(|(_, number)| number.parse::<u32>().is_ok());
    base.map_or(topic, |(base, _)| base)
}

/// The beginning of the first line.
#[must_use]
pub fn beginning(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(KIND_CHARACTERS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// A reason without the values in it.
fn pattern(reason: &str) -> String {
    let mut pattern = String::new();
    let mut characters = reason.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '0'..='9' => {
                while characters.next_if(char::is_ascii_digit).is_some() {}
                pattern.push('#');
            }
            '"' => {
                while let Some(quoted) = characters.next_if(|next| *next != '"') {
                    if quoted == '\\' {
                        characters.next();
                    }
                }
                // The quote that ends it, if one does.
                characters.next();
                pattern.push_str("\"…\"");
            }
            other => pattern.push(other),
        }
    }
    pattern
}

#[cfg(test)]
mod tests;
