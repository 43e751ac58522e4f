//! `irongate dlq`: what is among the dead letters, why, and sending it again. Changes no letter and removes none.

mod letters;
mod replay;

use crate::address::ServiceAddr;
use crate::failure::{FAILED, Failure};
use crate::output::{Output, complain, harmless, is_broken_pipe, table};
use anyhow::Result;
use base64::{Engine, engine::general_purpose::STANDARD};
use clap::Subcommand;
use irongate_pipeline::dead_letter::{
    BACKTRACE, DELIVERY_ATTEMPT, ERROR_CLASS, FAILURE_REASON, ORIGINAL_OFFSET, ORIGINAL_TOPIC, STAGE, TARGET,
};
use letters::{Chosen, Letter, Letters};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Characters of a reason in a list. Everything is in `show`.
const REASON_CHARACTERS_MAX: usize = 80;
/// Letters of a list that wait for their column widths to be known.
const ROWS_MAX: usize = 1_000;

/// The arguments of `dlq`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List dead letters, oldest first: where each was, why it failed.
    List {
        #[command(flatten)]
        chosen: Chosen,
        /// One line for each kind of failure, with its count.
        #[arg(short, long)]
        group: bool,
    },
    /// Show dead letters whole: every attribute, the backtrace, the payload.
    Show {
        #[command(flatten)]
        chosen: Chosen,
    },
    /// Send dead letters again, to the topic they came from or to another.
    ///
    /// What is made of a letter has the dedup ids it would have had the first time. The letters
    /// stay where they are: a second replay sends them a second time.
    Replay(replay::Args),
}

pub(crate) async fn run(address: &ServiceAddr, args: Args, output: Output) -> Result<()> {
    let letters = Letters::open(address).await?;
    let done = match args.action {
        Action::List { chosen, group: false } => list(&letters, &chosen, output).await,
        Action::List { chosen, group: true } => group(&letters, &chosen, output).await,
        Action::Show { chosen } => show(&letters, &chosen, output).await,
        Action::Replay(args) => replay::run(&letters, &args, output).await,
    };
    match done {
        // A reader that has seen enough is no failure.
        Err(error) if error.downcast_ref().is_some_and(is_broken_pipe) => Ok(()),
        done => done,
    }
}

async fn list(letters: &Letters<'_>, chosen: &Chosen, output: Output) -> Result<()> {
    const HEAD: [&str; 6] = ["OFFSET", "FROM", "CLASS", "STAGE OR TARGET", "TRIES", "REASON"];
    let mut rows = Vec::new();
    let print = |rows: &mut Vec<Vec<String>>| output.lines(&[table(&HEAD, &std::mem::take(rows))]);
    letters
        .each(chosen, async |letter| {
            if output.is_json() {
                output.result(String::new, || object(&letter))?;
                return Ok(ControlFlow::Continue(()));
            }
            rows.push(row(&letter));
            if rows.len() == ROWS_MAX {
                print(&mut rows)?;
            }
            Ok(ControlFlow::Continue(()))
        })
        .await?;
    if !rows.is_empty() {
        print(&mut rows)?;
    }
    Ok(())
}

async fn group(letters: &Letters<'_>, chosen: &Chosen, output: Output) -> Result<()> {
    let mut kinds: BTreeMap<[String; 3], u64> = BTreeMap::new();
    letters
        .each(chosen, async |letter| {
            let kind = [letter.says(ERROR_CLASS), place(&letter), letter.says(FAILURE_REASON)];
            *kinds.entry(kind.map(|text| short(text).clone())).or_default() += 1;
            Ok(ControlFlow::Continue(()))
        })
        .await?;
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    if output.is_json() {
        for ([class, place, reason], count) in &kinds {
            let object = || json!({"count": count, "class": class, "stage_or_target": place, "reason": reason});
            output.result(String::new, object)?;
        }
        return Ok(());
    }
    let rows: Vec<Vec<String>> =
        kinds.into_iter().map(|(kind, count)| std::iter::once(count.to_string()).chain(kind).collect()).collect();
    Ok(output.lines(&[table(&["COUNT", "CLASS", "STAGE OR TARGET", "REASON"], &rows)])?)
}

async fn show(letters: &Letters<'_>, chosen: &Chosen, output: Output) -> Result<()> {
    let mut shown = 0;
    letters
        .each(chosen, async |letter| {
            shown += 1;
            output.result(|| whole(&letter), || object(&letter))?;
            Ok(ControlFlow::Continue(()))
        })
        .await?;
    if shown == 0 {
        complain(&format!("{} has no such dead letter", harmless(&chosen.topic)));
        return Err(Failure::Told { code: FAILED }.into());
    }
    Ok(())
}

/// The stage that failed, or the target that refused.
fn place(letter: &Letter) -> &str {
    match letter.says(STAGE) {
        "" => letter.says(TARGET),
        stage => stage,
    }
}

fn row(letter: &Letter) -> Vec<String> {
    let from = format!("{}@{}", letter.says(ORIGINAL_TOPIC), letter.says(ORIGINAL_OFFSET));
    let place = short(place(letter));
    let [class, tries, reason] = [ERROR_CLASS, DELIVERY_ATTEMPT, FAILURE_REASON].map(|name| short(letter.says(name)));
    let offset = match letter.topic.rsplit_once("-part-") {
        Some((_, number)) => format!("{number}/{}", letter.offset),
        None => letter.offset.to_string(),
    };
    vec![offset, harmless(&from), class, place, tries, reason]
}

/// The beginning of the first line.
fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut short: String = line.chars().take(REASON_CHARACTERS_MAX).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    harmless(&short)
}

fn whole(letter: &Letter) -> String {
    let mut text = format!("{} offset {}", letter.topic, letter.offset);
    if let Some(key) = &letter.key {
        text += &format!("\n  key: {key}");
    }
    for (name, value) in letter.attributes.iter().filter(|(name, _)| *name != BACKTRACE) {
        text += &format!("\n  {name}: {value}");
    }
    for frame in letter.says(BACKTRACE).lines() {
        text += &format!("\n    at {frame}");
    }
    match std::str::from_utf8(&letter.payload) {
        Ok(payload) => text += &format!("\n{payload}"),
        Err(_) => text += &format!("\n[binary data, {} bytes]", letter.payload.len()),
    }
    harmless(&text)
}

fn object(letter: &Letter) -> Value {
    let mut object = json!({
        "topic": letter.topic, "offset": letter.offset, "routing_key": letter.key, "attributes": letter.attributes,
    });
    match std::str::from_utf8(&letter.payload) {
        Ok(text) => object["payload"] = text.into(),
        Err(_) => object["payload_base64"] = STANDARD.encode(&letter.payload).into(),
    }
    object
}
