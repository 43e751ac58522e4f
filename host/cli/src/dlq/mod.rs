//! `irongate dlq`: what is among the dead letters, why, and sending it again. Changes no letter and removes none.

mod letters;
mod replay;

use crate::address::ServiceAddr;
use crate::failure::{FAILED, Failure};
use crate::output::{Output, complain, harmless, is_broken_pipe, table};
use anyhow::Result;
use base64::{Engine, engine::general_purpose::STANDARD};
use clap::Subcommand;
use irongate_messages::dead_letter::{BACKTRACE, Kind, Letter, ORIGINAL_OFFSET, beginning};
use letters::{Chosen, Letters};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::ops::ControlFlow;

/// Characters of a plugin's digest in a list.
const DIGEST_CHARACTERS: usize = 12;
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
    let mut kinds: BTreeMap<Kind, u64> = BTreeMap::new();
    letters
        .each(chosen, async |letter| {
            *kinds.entry(letter.kind()).or_default() += 1;
            Ok(ControlFlow::Continue(()))
        })
        .await?;
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    if output.is_json() {
        for (Kind { class, place, plugin_sha256, reason }, count) in &kinds {
            let object = || {
                json!({
                    "count": count, "class": class, "stage_or_target": place, "plugin_sha256": plugin_sha256,
                    "reason": reason,
                })
            };
            output.result(String::new, object)?;
        }
        return Ok(());
    }
    let row = |(kind, count): (Kind, u64)| {
        let digest = kind.plugin_sha256.chars().take(DIGEST_CHARACTERS).collect();
        let said = [kind.class, kind.place, digest, kind.reason];
        std::iter::once(count.to_string()).chain(said.map(|text| harmless(&text))).collect()
    };
    let rows: Vec<Vec<String>> = kinds.into_iter().map(row).collect();
    Ok(output.lines(&[table(&["COUNT", "CLASS", "STAGE OR TARGET", "PLUGIN", "REASON"], &rows)])?)
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

fn row(letter: &Letter) -> Vec<String> {
    let from = format!("{}@{}", letter.original_topic(), letter.says(ORIGINAL_OFFSET));
    let said = [letter.class(), letter.place(), letter.attempts(), letter.reason()];
    let [class, place, tries, reason] = said.map(|text| harmless(&beginning(text)));
    let offset = match letter.topic.rsplit_once("-part-") {
        Some((_, number)) => format!("{number}/{}", letter.offset),
        None => letter.offset.to_string(),
    };
    vec![offset, harmless(&from), class, place, tries, reason]
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
