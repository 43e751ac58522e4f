//! What sending a dead letter again means: where to, with which attributes, and when not. Sends nothing.

use super::{Letter, REDRIVES, base_name};
use std::collections::BTreeMap;

/// How often a record is sent again from dead letters, if nothing else is said: what has failed that often fails again, and a
/// redrive that is run by a timer would send it for ever.
pub const REDRIVES_MAX: u32 = 3;

/// The message in the place of a letter. Key and payload are the letter's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redriven {
    /// Where it goes; of a partitioned topic the base name.
    pub topic: String,
    /// Its attributes.
    pub attributes: BTreeMap<String, String>,
}

/// Why a letter is not sent again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Guard {
    /// Nobody says where to.
    #[error("it does not say which topic it came from; name the topic to send it to")]
    NoOrigin,
    /// It would come back as it is.
    #[error("{0} is the topic that is read: what is sent there would be sent again for ever")]
    OwnTopic(String),
    /// It has come back before.
    #[error(
        "it was sent again and came back {redrives} of at most {redrives_max} times (redrives-max): mend what refuses \
         it, or raise the limit"
    )]
    TooOften {
        /// How often it was.
        redrives: u32,
        /// How often it may be.
        redrives_max: u32,
    },
}

/// What is sent in the place of a letter: to `to`, or else to the topic that it came from.
///
/// # Errors
/// Where it is not to be sent.
pub fn redrive(letter: &Letter, to: Option<&str>, redrives_max: u32) -> Result<Redriven, Guard> {
    let topic = to.filter(|to| !to.is_empty()).or(letter.home()).ok_or(Guard::NoOrigin)?;
    if base_name(topic) == base_name(&letter.topic) {
        return Err(Guard::OwnTopic(topic.to_owned()));
    }
    let redrives = letter.redrives();
    if redrives >= redrives_max {
        return Err(Guard::TooOften { redrives, redrives_max });
    }
    let mut attributes = letter.original_attributes();
    attributes.insert(REDRIVES.to_owned(), (redrives + 1).to_string());
    Ok(Redriven { topic: topic.to_owned(), attributes })
}
