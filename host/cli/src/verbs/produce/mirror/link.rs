//! One connection to one region: what a message needs there is found or registered, and calls have a limit of time. When it
//! fails it is thrown away and another is made.

use super::terms::Terms;
use crate::address::ServiceAddr;
use crate::client::{Channel, connect, host_info};
use crate::failure::sentence;
use crate::registry::{Registry, Wanted};
use crate::sender::{Message, Outcome, RetryPolicy, Route, Sender};
use anyhow::{Result, anyhow};
use irongate_schema::SchemaType;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// How long a region may take for one call before it counts as down.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// A schema file that every region must have.
#[derive(Clone, Debug)]
pub(in crate::verbs::produce) struct Registration {
    pub(in crate::verbs::produce) subject: String,
    pub(in crate::verbs::produce) schema_type: SchemaType,
    pub(in crate::verbs::produce) definition: Vec<u8>,
}

/// What a region is, and how it is to be used.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) address: ServiceAddr,
    /// Danube's own services only.
    pub(super) danube_api: bool,
    pub(super) registration: Option<Registration>,
}

/// A connection, and what was found out through it.
pub(super) struct Link {
    place: Place,
    sender: Sender,
    channel: Channel,
    is_danube: bool,
    routes: HashMap<Terms, Arc<Route>>,
    /// The version that the schema file has in this region, once it is known.
    registered: Option<u32>,
}

impl Link {
    /// Connects.
    ///
    /// # Errors
    /// The region cannot be reached.
    pub(super) async fn open(place: &Place) -> Result<Self> {
        let opening = async {
            let channel = connect(&place.address).await?;
            let info = if place.danube_api { None } else { host_info(&channel, &place.address).await? };
            let sender = Sender::new(channel.clone(), &place.address, info.as_ref());
            let (place, is_danube) = (place.clone(), info.is_none());
            Ok(Self { place, sender, channel, is_danube, routes: HashMap::new(), registered: None })
        };
        tokio::time::timeout(ANSWER_WAIT, opening).await.unwrap_or_else(|_| Err(silence(&place.address)))
    }

    pub(super) fn call_messages_max(&self) -> usize {
        self.sender.call_messages_max()
    }

    /// Makes the topic ready, or says what is wrong with it here.
    ///
    /// # Errors
    /// The region cannot be reached, or refuses.
    pub(super) async fn prepare(&mut self, terms: &Terms) -> Result<()> {
        let address = self.place.address.clone();
        let preparing = async {
            let route = self.route(terms).await?;
            self.sender.open(&route).await.map_err(|status| anyhow!(sentence(&status, &self.place.address)))
        };
        tokio::time::timeout(ANSWER_WAIT, preparing).await.unwrap_or_else(|_| Err(silence(&address)))
    }

    /// Sends messages of the same terms, once. What is not in the answer was not taken.
    ///
    /// # Errors
    /// The region took none, for this reason.
    pub(super) async fn send(&mut self, messages: &[Message]) -> Result<Vec<Outcome>> {
        let address = self.place.address.clone();
        let Some(first) = messages.first() else { return Ok(Vec::new()) };
        let terms = Terms::of(&first.route);
        let sending = async {
            let route = self.route(&terms).await?;
            let here: Vec<Message> =
                messages.iter().map(|message| Message { route: route.clone(), ..message.clone() }).collect();
            let once = RetryPolicy { retries_max: 0, step_ms: 0 };
            let outcomes = self.sender.send(&here, once).await;
            outcomes.map_err(|status| anyhow!(sentence(&status, &self.place.address)))
        };
        let outcomes = tokio::time::timeout(ANSWER_WAIT, sending).await.unwrap_or_else(|_| Err(silence(&address)))?;
        // What would pass with another try was not taken, and so the order ends there.
        let mut taken = Vec::with_capacity(outcomes.len());
        for (outcome, _) in outcomes {
            match outcome {
                Outcome::Refused(refused) if taken.is_empty() && crate::sender::may_pass(refused.code) => {
                    return Err(anyhow!(refused.message));
                }
                Outcome::Refused(refused) if crate::sender::may_pass(refused.code) => break,
                outcome => taken.push(outcome),
            }
        }
        Ok(taken)
    }

    /// The terms as a route of this region: schemas have numbers of their own in each.
    async fn route(&mut self, terms: &Terms) -> Result<Arc<Route>> {
        if let Some(route) = self.routes.get(terms) {
            return Ok(route.clone());
        }
        let mut registry = Registry::new(self.channel.clone(), &self.place.address);
        let mut route = terms.route();
        if let Some(schema) = &terms.schema {
            let mut wanted = terms.wanted();
            if let Some(file) = self.place.registration.as_ref().filter(|file| file.subject == schema.subject) {
                if self.registered.is_none() {
                    let registered = registry.register(&file.subject, file.schema_type, file.definition.clone()).await;
                    self.registered = Some(registered?.version);
                }
                wanted = self.registered.map_or(wanted, Wanted::Pinned);
            }
            let resolved = registry.resolve(&schema.subject, wanted, self.is_danube).await?;
            route = Route { check: None, ..route.with_schema(resolved) };
        }
        let route = Arc::new(route);
        self.routes.insert(terms.clone(), route.clone());
        Ok(route)
    }
}

fn silence(address: &ServiceAddr) -> anyhow::Error {
    anyhow!("{address} did not answer within {} s", ANSWER_WAIT.as_secs())
}
