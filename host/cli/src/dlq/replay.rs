//! `irongate dlq replay`: dead letters as the messages that they were, sent again. Says first what it would do, where it is asked to.

use super::letters::{Chosen, Letters};
use crate::client::host_info;
use crate::failure::{FAILED, Failure};
use crate::output::{Output, complain, harmless};
use crate::sender::{Message, Outcome, RetryPolicy, Route, Sender};
use anyhow::{Result, bail};
use irongate_messages::dead_letter::{Letter, ORIGIN, REDRIVES_MAX, Redriven, redrive};
use serde_json::json;
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::Arc;

/// The arguments of `dlq replay`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    chosen: Chosen,

    /// Send to this topic instead of the one that each letter came from.
    #[arg(long, value_name = "TOPIC")]
    to: Option<String>,

    /// How often a record may be sent again from dead letters before it is left alone.
    #[arg(long, value_name = "N", default_value_t = REDRIVES_MAX)]
    redrives_max: u32,

    /// Say what would be sent where, and send nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(letters: &Letters<'_>, args: &Args, output: Output) -> Result<()> {
    let Some(host) = host_info(&letters.channel, letters.address).await? else {
        bail!("{} is a Danube broker, which cannot be read without a subscription", letters.address)
    };
    let sender = Sender::new(letters.channel.clone(), letters.address, Some(&host));
    let mut replay = Replay { sender, args, output, routes: HashMap::new(), sent: 0, failed: 0 };
    letters
        .each(&args.chosen, async |letter| {
            replay.one(&letter).await?;
            Ok(ControlFlow::Continue(()))
        })
        .await?;
    let (sent, failed) = (replay.sent, replay.failed);
    let verb = if args.dry_run { "would be sent" } else { "sent" };
    output.progress(&format!("{sent} {verb}, {failed} not"));
    if failed > 0 { Err(Failure::Told { code: FAILED }.into()) } else { Ok(()) }
}

struct Replay<'a> {
    sender: Sender,
    args: &'a Args,
    output: Output,
    routes: HashMap<String, Arc<Route>>,
    sent: u64,
    failed: u64,
}

impl Replay<'_> {
    /// One after the other, so that letters with the same key stay in order.
    async fn one(&mut self, letter: &Letter) -> Result<()> {
        let place = format!("{} offset {}", letter.topic, letter.offset);
        let Redriven { topic, attributes } = match redrive(letter, self.args.to.as_deref(), self.args.redrives_max) {
            Ok(redriven) => redriven,
            Err(guard) => {
                self.failed += 1;
                complain(&harmless(&format!("{place}: {guard}")));
                return Ok(());
            }
        };
        let origin = attributes.get(ORIGIN).cloned().unwrap_or_default();
        if !self.args.dry_run
            && let Err(reason) = self.send(&topic, letter, attributes.into_iter().collect()).await
        {
            self.failed += 1;
            complain(&harmless(&format!("{place}: {reason}")));
            return Ok(());
        }
        self.sent += 1;
        self.output.result(
            || harmless(&format!("{place} -> {topic} (first {origin})")),
            || json!({"from": letter.topic, "offset": letter.offset, "to": topic, "origin": origin, "dry_run": self.args.dry_run}),
        )?;
        Ok(())
    }

    async fn send(&mut self, topic: &str, letter: &Letter, attributes: HashMap<String, String>) -> Result<(), String> {
        let route = self.routes.entry(topic.to_owned()).or_insert_with(|| Arc::new(route(topic)));
        let message = Message {
            number: letter.offset,
            route: Arc::clone(route),
            payload: letter.payload.clone(),
            attributes,
            routing_key: letter.key.clone(),
        };
        let sent = self.sender.send(&[message], RetryPolicy::default()).await;
        let sent = sent.map_err(|status| status.message().to_owned())?;
        match sent.into_iter().next() {
            Some((Outcome::Sent(_), _)) => Ok(()),
            Some((Outcome::Refused(refused), _)) => Err(refused.message),
            None => Err("the server did not say what became of it".to_owned()),
        }
    }
}

/// A topic is used as it is; one that is gone comes back reliable.
fn route(topic: &str) -> Route {
    Route::plain(topic.to_owned(), "irongate-dlq-replay".to_owned(), 0, true)
}
