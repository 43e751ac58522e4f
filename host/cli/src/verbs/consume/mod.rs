//! `irongate consume`: print messages as they come. With a subscription each is acknowledged after it was printed;
//! without one nothing is acknowledged and nothing remembered.

mod args;
mod filter;
mod form;
mod printer;
mod received;

pub(crate) use args::Args;
pub(crate) use printer::{Printer, Verdict};

use crate::address::ServiceAddr;
use crate::browsing::{self, Start};
use crate::client::{connect, host_info};
use crate::failure::{Failure, INVALID};
use crate::output::Output;
use crate::subscription::{Subscription, SubscriptionArgs};
use anyhow::Result;
use args::Ack;
use received::Schemas;

pub(crate) async fn run(address: &ServiceAddr, args: Args, output: Output) -> Result<()> {
    args.check(output.is_json())?;
    let style = printer::Style::of(&args, output)?;
    if args.count == Some(0) {
        return Ok(());
    }
    let channel = connect(address).await?;
    let is_danube = host_info(&channel, address).await?.is_none();
    let schemas = Schemas::new(channel.clone(), address, is_danube, &args);
    let mut printer = Printer::new(style, schemas, args.count);
    let Some(subscription) = args.subscription.clone() else {
        let start = args.from.unwrap_or(Start::Latest);
        let browsing = browsing::browse(channel, address, &args.topic, start, !args.no_follow, &mut printer);
        tokio::select! {
            browsed = browsing => browsed?,
            interrupted = tokio::signal::ctrl_c() => interrupted?,
        }
        return end(&printer);
    };
    let wanted = SubscriptionArgs {
        topic: args.topic,
        consumer: args.consumer,
        subscription,
        subscription_type: args.sub_type.into(),
        key_filters: args.key_filter,
    };
    let mut subscription = Subscription::open(channel, address, wanted).await?;
    let consumed = tokio::select! {
        consumed = consume(&mut subscription, args.ack, &mut printer) => consumed,
        interrupted = tokio::signal::ctrl_c() => interrupted.map_err(Into::into),
    };
    // What was printed is acknowledged before this ends; the rest will be delivered again.
    subscription.settle().await;
    consumed?;
    end(&printer)
}

fn end(printer: &Printer) -> Result<()> {
    if printer.invalid_count() > 0 { Err(Failure::Told { code: INVALID }.into()) } else { Ok(()) }
}

async fn consume(subscription: &mut Subscription, ack: Ack, printer: &mut Printer) -> Result<()> {
    loop {
        let message = subscription.next().await?;
        let verdict = printer.print(&message).await?;
        match (verdict, ack) {
            (Verdict::ReaderGone, _) => return Ok(()),
            (Verdict::LeftOut, _) | (_, Ack::Printed) => subscription.acknowledge(&message).await,
            (_, Ack::Nack) => subscription.give_back(&message).await,
            (_, Ack::Never) => {}
        }
        if verdict == Verdict::Enough {
            return Ok(());
        }
    }
}
