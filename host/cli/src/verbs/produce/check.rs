//! Checking messages before they are sent. What keeps which message back is decided here; printing it too, sending not.

use super::supply::Made;
use crate::failure::{Failure, INVALID};
use crate::output::{Output, complain, harmless};
use crate::sender::Message;
use crate::violations;
use anyhow::Result;
use irongate_proto::irongate_v1::Violation;
use serde_json::{Value, json};

/// Everything that is wrong with a message under its route's schema.
pub(super) fn violations_of(message: &Message) -> Vec<Violation> {
    let Some(check) = &message.route.check else { return Vec::new() };
    check.schema.validate(&message.payload).into_iter().map(violations::on_the_wire).collect()
}

/// Checks all messages, and prints everything that is wrong with any.
///
/// # Errors
/// One is invalid, or cannot be made.
pub(super) fn check_all(messages: impl Iterator<Item = Result<Made>>, output: Output) -> Result<()> {
    let (mut checked, mut invalid) = (0_u64, 0_u64);
    for message in messages {
        checked += 1;
        let message = match message? {
            Made::Message(message) => message,
            Made::Rejected(message, reason) => {
                invalid += 1;
                tell_rejected(&message, &reason, "nothing was sent", output);
                continue;
            }
            Made::Invalid(message, violations) => {
                invalid += 1;
                tell(&message, &violations, "nothing was sent", output);
                continue;
            }
        };
        let violations = violations_of(&message);
        if !violations.is_empty() {
            invalid += 1;
            tell(&message, &violations, "nothing was sent", output);
        }
    }
    if invalid == 0 {
        return Ok(());
    }
    if checked > 1 && !output.is_json() {
        complain(&format!(
            "{invalid} of {checked} messages are invalid, so nothing was sent; --skip-invalid sends the others"
        ));
    }
    Err(Failure::Told { code: INVALID }.into())
}

/// Says that a transform would not have a message, and what came of it.
pub(super) fn tell_rejected(message: &Message, reason: &str, consequence: &str, output: Output) {
    let number = message.number;
    if output.is_json() {
        let object = json!({ "event": "invalid", "number": number, "reason": reason, "violations": [] });
        // Where nobody reads the objects, the exit code still says it.
        let _ = output.result(String::new, || object);
        return;
    }
    complain(&format!("error: message {number}: {}; {consequence}", harmless(reason)));
}

/// Prints what is wrong with one message, and what came of it.
pub(super) fn tell(message: &Message, violations: &[Violation], consequence: &str, output: Output) {
    let Some(check) = message.route.breakable() else { return };
    let (subject, version, number) = (&check.subject, check.version, message.number);
    if output.is_json() {
        let violations: Vec<Value> = violations.iter().map(violations::object).collect();
        let object = json!({
            "event": "invalid", "number": number, "subject": subject, "version": version, "violations": violations
        });
        // Where nobody reads the objects, the exit code still says it.
        let _ = output.result(String::new, || object);
        return;
    }
    let which = if number == 1 { "the message".to_owned() } else { format!("message {number}") };
    complain(&format!("error: {which} breaks the schema {} version {version}; {consequence}", harmless(subject)));
    violations.iter().for_each(|violation| complain(&violations::line(violation)));
}
