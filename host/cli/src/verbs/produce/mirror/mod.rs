//! `produce --mirror`: every message to several regions, each by itself. Hands the messages out and keeps account; sending and
//! keeping is the region's business.

mod ledger;
mod link;
mod region;
mod report;
mod spool;
mod terms;

pub(super) use link::Registration;
pub(super) use spool::SPOOL_BYTES_MAX;

use super::feed::{Reading, read, stopped};
use super::interruption::{Interrupted, Interruptions};
use super::lane::{Failed, Item, Phase};
use super::run::{DONE_CALLS_MAX, End, QUEUE_MESSAGES_MAX, Run};
use super::{args::MirrorArgs, pace, policy};
use crate::address::ServiceAddr;
use crate::client::{Channel, connect, host_info};
use crate::credentials::Credentials;
use crate::failure::{FAILED, Failure, INVALID};
use crate::hash::fnv_1a;
use crate::profile::Profile;
use crate::sender::{Message, Route};
use anyhow::{Context, Result, anyhow};
use irongate_proto::irongate_v1::GetHostInfoResponse;
use ledger::Ledger;
use link::{Link, Place};
use region::{Event, Region};
use report::Report;
use spool::Spool;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// The regions of a run, the one that the service address names first.
///
/// # Errors
/// One is no address and no profile, or is named twice.
pub(super) fn addresses(first: &ServiceAddr, mirrors: &[String]) -> Result<Vec<ServiceAddr>> {
    let mut all = vec![first.clone()];
    for name in mirrors {
        let address = if name.contains(':') {
            first.sibling(name).map_err(|why| Failure::Usage(format!("--mirror {name}: {why}")))?
        } else {
            of_profile(name)?
        };
        if all.contains(&address) {
            return Err(Failure::Usage(format!("the region {address} is named twice")).into());
        }
        all.push(address);
    }
    Ok(all)
}

/// A region that has a name in the configuration, with a token of its own.
fn of_profile(name: &str) -> Result<ServiceAddr> {
    let profile = Profile::find(Some(name))?;
    let nowhere = || Failure::Usage(format!("the profile {name} has no service_addr"));
    let address = profile.service_addr.ok_or_else(nowhere)?;
    Ok(address.with(Credentials::read(None, profile.token_file, profile.ca_cert)?))
}

/// The first region that answers: it is asked for schemas.
///
/// # Errors
/// None does; the reason of the first.
pub(super) async fn first_to_answer(
    regions: &[ServiceAddr],
    danube_api: bool,
) -> Result<(ServiceAddr, Channel, Option<GetHostInfoResponse>)> {
    let mut first_error = None;
    for address in regions {
        let asked = async {
            let channel = connect(address).await?;
            let info = if danube_api { None } else { host_info(&channel, address).await? };
            Ok((address.clone(), channel, info))
        };
        match asked.await {
            Ok(found) => return Ok(found),
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    let error: anyhow::Error = first_error.unwrap_or_else(|| anyhow!("no region is named"));
    match regions.len() {
        0 | 1 => Err(error),
        _ => Err(error.context("no region answers, so nothing was sent and nothing is kept")),
    }
}

/// Where the spools are that nobody gave a folder.
fn spool_folder() -> Result<PathBuf> {
    let folder = std::env::var_os("XDG_STATE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folder = folder.or_else(|| Some(std::env::home_dir()?.join(".local").join("state")));
    let sentence = "there is no folder for the spools of --mirror: set HOME or XDG_STATE_HOME, or give --spool DIR";
    Ok(folder.ok_or_else(|| Failure::Usage(sentence.to_owned()))?.join("irongate").join("spool"))
}

/// The folder of one region and topic: readable, and unlike every other.
fn spool_name(address: &ServiceAddr, topic: &str) -> String {
    let text = format!("{address} {topic}");
    let readable: String = text.split("://").last().unwrap_or_default().trim_end_matches('/').to_owned();
    let readable: String =
        readable.chars().map(|letter| if letter.is_alphanumeric() || letter == '.' { letter } else { '-' }).collect();
    let short: String = readable.chars().take(80).collect();
    format!("{short}-{:016x}", fnv_1a(text.as_bytes()))
}

/// A run to several regions.
pub(super) struct Mirrored<'a> {
    pub(super) run: Run<'a>,
    pub(super) regions: Vec<ServiceAddr>,
    pub(super) registration: Option<Registration>,
    /// What most messages share; absent where each names its own topic.
    pub(super) route: Option<std::sync::Arc<Route>>,
}

/// What runs beside the counting.
struct Flow {
    events: mpsc::Receiver<(usize, Event)>,
    phase: watch::Sender<Phase>,
    handing_out: JoinHandle<Result<()>>,
    rejected: mpsc::Receiver<(Message, Failed)>,
}

impl Mirrored<'_> {
    pub(super) async fn send_all(mut self) -> Result<()> {
        let mut flow = self.start().await?;
        let (mut report, mut ledger) = (flow.1, Ledger::new(self.regions.len()));
        let end = self.count(&mut flow.0, &mut report, &mut ledger).await;
        report.summary();
        let handed_out = match &end {
            Ok(End::Complete) => flow.0.handing_out.await?,
            _ => Ok(()),
        };
        self.run.leave(&end, report.failed() > 0 || handed_out.is_err())?;
        handed_out?;
        match end? {
            End::Stopped(reason) => Err(anyhow!(reason)),
            _ if report.is_invalid() => Err(Failure::Told { code: INVALID }.into()),
            End::Complete if report.failed() == 0 && report.waiting() == 0 => Ok(()),
            End::Complete | End::Interrupted => Err(Failure::Told { code: FAILED }.into()),
        }
    }

    fn mirror(&self) -> &MirrorArgs {
        &self.run.args.mirror
    }

    /// Opens spools and regions, and starts reading and handing out.
    async fn start(&self) -> Result<(Flow, Report)> {
        let folder = self.mirror().spool.clone().map_or_else(spool_folder, Ok)?;
        let (phase, watching) = watch::channel(Phase::Running);
        let (event_sender, events) = mpsc::channel(DONE_CALLS_MAX);
        let mut report = Report::new(self.run.output, self.run.supply.total(), self.run.args.quiet);
        let (mut queues, mut regions, mut reasons) = (Vec::new(), Vec::new(), Vec::new());
        for (index, address) in self.regions.iter().enumerate() {
            let place = Place {
                address: address.clone(),
                danube_api: self.run.args.danube_api,
                registration: self.registration.clone(),
            };
            let spool =
                Spool::open(&folder.join(spool_name(address, &self.run.args.topic)), self.mirror().spool_bytes_max)?;
            report.add(address.to_string(), spool.folder().display().to_string(), spool.waiting());
            let (link, reason) = match self.open(&place).await {
                Ok(link) => (Some(link), None),
                Err(error) => (None, Some(format!("{error:#}"))),
            };
            reasons.extend(reason.clone());
            let (queue_sender, queue) = mpsc::channel(QUEUE_MESSAGES_MAX);
            queues.push(queue_sender);
            let (events, phase) = (event_sender.clone(), watching.clone());
            let (policy, wait) = (policy(self.run.args), Duration::from_secs(self.mirror().spool_wait));
            regions.push(Region { index, place, spool, link, reason, policy, wait, queue, events, phase });
        }
        // What no region takes is a mistake, and no reason to fill spools.
        if reasons.len() == regions.len() {
            return Err(anyhow!(reasons.swap_remove(0))
                .context("no region takes the messages, so nothing was sent and nothing is kept"));
        }
        regions.into_iter().for_each(|region| drop(tokio::spawn(region.run())));
        let source = read(Reading {
            supply: self.run.supply.clone(),
            cycles: self.run.args.count,
            acknowledged: self.run.state.acknowledged.clone(),
            skip_invalid: self.run.args.skip_invalid,
            pace: pace(self.run.args),
        });
        let (rejecting, rejected) = mpsc::channel(1);
        let handing_out = tokio::spawn(hand_out(source, queues, rejecting, watching));
        Ok((Flow { events, phase, handing_out, rejected }, report))
    }

    async fn open(&self, place: &Place) -> Result<Link> {
        let mut link = Link::open(place).await?;
        if let Some(route) = self.route.as_ref().filter(|_| self.run.args.count > 0) {
            link.prepare(&terms::Terms::of(route)).await?;
        }
        Ok(link)
    }

    /// Takes in what the regions report until all have finished.
    async fn count(&mut self, flow: &mut Flow, report: &mut Report, ledger: &mut Ledger) -> Result<End> {
        let mut end = End::Complete;
        let mut written = std::time::Instant::now();
        let mut interruptions = Interruptions::new()?;
        loop {
            tokio::select! {
                biased;
                event = flow.events.recv() => {
                    let Some((region, event)) = event else { return Ok(end) };
                    if let Event::Broken(error) = &event {
                        // Nothing is begun that could not be kept.
                        if end == End::Complete {
                            end = End::Stopped(error.to_string());
                        }
                        flow.phase.send_replace(Phase::Stopping);
                    }
                    self.take_in(region, event, report, ledger);
                }
                Some((message, failed)) = flow.rejected.recv() => {
                    report.reject(&message, &failed);
                }
                interrupted = interruptions.next() => {
                    end = End::Interrupted;
                    flow.phase.send_replace(Phase::Stopping);
                    if interrupted != Interrupted::Once {
                        return Ok(end);
                    }
                }
            }
            if written.elapsed() >= super::run::STATE_INTERVAL {
                written = std::time::Instant::now();
                self.run.write_state();
            }
        }
    }

    fn take_in(&mut self, region: usize, event: Event, report: &mut Report, ledger: &mut Ledger) {
        match event {
            Event::Decided(all) => {
                for (number, verdict) in all {
                    report.count(region, &verdict);
                    let Some(verdicts) = ledger.decide(region, number, verdict) else { continue };
                    if !verdicts.iter().any(region::Verdict::is_refused) {
                        self.run.state.acknowledged.insert(number);
                    }
                    report.tell(number, &verdicts);
                }
                report.tell_progress();
            }
            Event::Late { sent, refused } => report.late(region, sent, &refused),
            Event::Behind(reason) => report.behind(region, reason),
            Event::Even => report.even(region),
            Event::Broken(_) => {}
        }
    }
}

/// Hands every message to every region until there are no more or the run stops.
async fn hand_out(
    mut source: mpsc::Receiver<Result<Item>>,
    regions: Vec<mpsc::Sender<Message>>,
    rejecting: mpsc::Sender<(Message, Failed)>,
    mut phase: watch::Receiver<Phase>,
) -> Result<()> {
    loop {
        let item = tokio::select! {
            item = source.recv() => item,
            () = stopped(&mut phase) => return Ok(()),
        };
        let Some(item) = item else { return Ok(()) };
        let message = match item? {
            Item::Send(message) => message,
            Item::Bury(message, failed) => {
                if rejecting.send((message, failed)).await.is_err() {
                    return Ok(());
                }
                continue;
            }
        };
        // Once the first region has it, all get it: what is stopped in between would be missing in some.
        for region in &regions {
            if region.send(message.clone()).await.is_err() && *phase.borrow() != Phase::Stopping {
                return Err(anyhow!("a region gave up")).context("the messages cannot be handed out");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_and_topic_has_a_folder_of_its_own() {
        let name = |address: &str, topic| spool_name(&address.parse().expect("an address"), topic);
        assert!(name("http://eu:6650", "/default/orders").starts_with("eu-6650--default-orders-"));
        let names = [
            name("http://eu:6650", "/default/orders"),
            name("http://us:6650", "/default/orders"),
            name("https://eu:6650", "/default/orders"),
            name("http://eu:6650", "/default-orders"),
        ];
        assert_eq!(std::collections::BTreeSet::from(names).len(), 4);
    }

    #[test]
    fn a_region_is_named_once() {
        let first: ServiceAddr = "http://a:1".parse().expect("an address");
        assert_eq!(addresses(&first, &["http://b:1".to_owned()]).expect("two").len(), 2);
        for (mirrors, part) in [(["http://a:1"], "named twice"), (["http://a:"], "--mirror http://a:")] {
            let mirrors = mirrors.map(str::to_owned);
            assert!(addresses(&first, &mirrors).expect_err(part).to_string().contains(part));
        }
    }
}
