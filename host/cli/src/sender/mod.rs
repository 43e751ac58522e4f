//! Sending messages, by whichever services the server has. Which messages, how many at a time and what to print
//! is the caller's business.

mod danube;
mod irongate;
mod retry;
mod route;

pub(crate) use retry::{RETRIES_MAX, RETRY_STEP_MS, RetryPolicy, may_pass, wait_to_retry};
pub(crate) use route::{Route, RouteSchema};

use crate::address::ServiceAddr;
use crate::client::Channel;
use crate::failure::sentence;
use bytes::Bytes;
use danube::DanubeSender;
use irongate::IrongateSender;
pub(crate) use irongate::now_ms;
use irongate_proto::irongate_v1::{GetHostInfoResponse, Published, Refused};
use std::collections::HashMap;
use std::sync::Arc;
use tonic::Status;

/// One message, ready to send.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    /// Its place in the run, counted from 1.
    pub(crate) number: u64,
    pub(crate) route: Arc<Route>,
    /// As it travels.
    pub(crate) payload: Bytes,
    pub(crate) attributes: HashMap<String, String>,
    pub(crate) routing_key: Option<String>,
}

/// What became of one message.
#[derive(Debug)]
pub(crate) enum Outcome {
    Sent(Published),
    Refused(Refused),
}

impl Outcome {
    fn refused(status: &Status, address: &ServiceAddr) -> Self {
        Self::Refused(Refused {
            code: status.code() as u32,
            message: sentence(status, address),
            violations: Vec::new(),
        })
    }

    /// Whether another try may end better.
    fn may_pass(&self) -> bool {
        matches!(self, Self::Refused(refused) if retry::may_pass(refused.code))
    }
}

/// One of the ways to send. Clones share the connection.
#[derive(Clone)]
pub(crate) enum Sender {
    Irongate(Arc<IrongateSender>),
    Danube(Arc<DanubeSender>),
}

impl Sender {
    /// `info`: what the server says of itself, where it is to be used as more than a Danube broker.
    pub(crate) fn new(channel: Channel, address: &ServiceAddr, info: Option<&GetHostInfoResponse>) -> Self {
        match info {
            Some(info) => {
                Self::Irongate(Arc::new(IrongateSender::new(channel, address, info.publish_batch_messages_max)))
            }
            None => Self::Danube(Arc::new(DanubeSender::new(channel, address))),
        }
    }

    /// How many messages one call may carry.
    pub(crate) fn call_messages_max(&self) -> usize {
        match self {
            Self::Irongate(sender) => sender.call_messages_max(),
            Self::Danube(_) => 1,
        }
    }

    /// Makes the topic ready to be sent to: created where it is missing, refused where it is another than the route says.
    ///
    /// # Errors
    /// What the server says against it.
    pub(crate) async fn open(&self, route: &Route) -> Result<(), Status> {
        match self {
            Self::Irongate(sender) => sender.open(route).await,
            Self::Danube(sender) => sender.open(route).await,
        }
    }

    /// Sends messages of one route, at most `call_messages_max` of them, and answers what became of each and how
    /// many tries it took. What fails for a reason that passes is tried again; the server may have taken it all
    /// the same, so a message may arrive twice, but never less than once where it is said to be sent.
    ///
    /// # Errors
    /// Where none could be tried.
    pub(crate) async fn send(&self, messages: &[Message], policy: RetryPolicy) -> Result<Vec<(Outcome, u32)>, Status> {
        let mut tries = 0;
        let mut done: Vec<Option<(Outcome, u32)>> = messages.iter().map(|_| None).collect();
        loop {
            tries += 1;
            let left: Vec<usize> = (0..messages.len()).filter(|&index| done[index].is_none()).collect();
            let result = match left.len() == messages.len() {
                true => self.send_once(messages).await,
                false => self.send_once(&left.iter().map(|&index| messages[index].clone()).collect::<Vec<_>>()).await,
            };
            let may_retry = tries <= policy.retries_max;
            match result {
                Ok(outcomes) => {
                    for (index, outcome) in left.into_iter().zip(outcomes) {
                        if !(may_retry && outcome.may_pass()) {
                            done[index] = Some((outcome, tries));
                        }
                    }
                }
                Err(status) if may_retry && crate::failure::is_temporary(&status) => {}
                Err(status) if done.iter().all(Option::is_none) => return Err(status),
                Err(status) => {
                    for index in left {
                        done[index] = Some((Outcome::refused(&status, self.address()), tries));
                    }
                }
            }
            if done.iter().all(Option::is_some) {
                return Ok(done.into_iter().flatten().collect());
            }
            policy.wait(tries).await;
        }
    }

    fn address(&self) -> &ServiceAddr {
        match self {
            Self::Irongate(sender) => sender.address(),
            Self::Danube(sender) => sender.address(),
        }
    }

    async fn send_once(&self, messages: &[Message]) -> Result<Vec<Outcome>, Status> {
        match self {
            Self::Irongate(sender) => sender.send(messages).await,
            Self::Danube(sender) => sender.send(messages).await,
        }
    }
}
