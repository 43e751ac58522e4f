//! Which broker serves a topic: lookups, redirects, and trying again when the answer was wrong.
//! What is asked of the broker that was found is the caller's business.

use crate::cluster::Inner;
use crate::connections::Place;
use crate::meaning::Meaning;
use irongate_proto::danube::TopicLookupRequest;
use irongate_proto::danube::discovery_client::DiscoveryClient;
use irongate_proto::danube::topic_lookup_response::LookupType;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tonic::transport::Uri;
use tonic::{Code, Status};

/// Where topics were found last.
#[derive(Default)]
pub(crate) struct Places {
    known: Mutex<HashMap<String, Place>>,
}

impl Places {
    fn get(&self, topic: &str) -> Option<Place> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(topic).cloned()
    }

    fn remember(&self, topic: &str, place: Place, places_max: usize) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= places_max {
            known.clear();
        }
        known.insert(topic.to_owned(), place);
    }

    pub(crate) fn forget(&self, topic: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(topic);
    }
}

impl Inner {
    /// Makes a call at the broker of `topic`, and again where it was lost or the topic moved.
    pub(crate) async fn at_place<T, F: Future<Output = Result<T, Status>> + Send>(
        &self,
        topic: &str,
        mut call: impl FnMut(Place) -> F + Send,
    ) -> Result<T, Status> {
        let mut retry = 0;
        loop {
            let result = match self.place_of(topic).await {
                Ok(place) => call(place).await,
                Err(status) => Err(status),
            };
            let status = match result {
                Ok(value) => return Ok(value),
                Err(status) => status,
            };
            self.places.forget(topic);
            self.wait_or_give_up(Meaning::of(&status), status, &mut retry).await?;
        }
    }

    /// Makes a call at any broker, the next one where one is lost.
    pub(crate) async fn anywhere<T, F: Future<Output = Result<T, Status>> + Send>(
        &self,
        mut call: impl FnMut(Place) -> F + Send,
    ) -> Result<T, Status> {
        let addresses = &self.connections.config().addresses;
        let mut retry = 0;
        loop {
            let address = &addresses[retry as usize % addresses.len()];
            match call(self.connections.to(address)?).await {
                Ok(value) => return Ok(value),
                Err(status) => self.wait_or_give_up(Meaning::of(&status), status, &mut retry).await?,
            }
        }
    }

    /// Waits before further try `retry`, or gives the status back where no try would end better.
    pub(crate) async fn wait_or_give_up(
        &self,
        meaning: Meaning,
        status: Status,
        retry: &mut u32,
    ) -> Result<(), Status> {
        let limits = &self.connections.config().limits;
        if !meaning.may_pass() || *retry >= limits.retries_max {
            return Err(status);
        }
        let wait_ms = limits.retry_wait_ms.saturating_mul(1 << (*retry).min(20)).min(limits.retry_wait_ms_max);
        *retry += 1;
        tracing::debug!(%status, retry, "trying again at the cluster");
        tokio::time::sleep(Duration::from_millis(fastrand::u64(wait_ms / 2..=wait_ms))).await;
        Ok(())
    }

    /// The broker of a topic. One that no broker has yet is everybody's: the call that creates it says where.
    async fn place_of(&self, topic: &str) -> Result<Place, Status> {
        if let Some(place) = self.places.get(topic) {
            return Ok(place);
        }
        match self.locate(topic).await {
            Err(status) if status.code() == Code::NotFound => {
                self.connections.to(&self.connections.config().addresses[0])
            }
            located => located,
        }
    }

    /// Looks a topic up, wherever that leads.
    pub(crate) async fn locate(&self, topic: &str) -> Result<Place, Status> {
        let place = self.anywhere(|entry| self.follow(topic, entry)).await?;
        self.places.remember(topic, place.clone(), self.connections.config().limits.places_max);
        Ok(place)
    }

    async fn follow(&self, topic: &str, entry: Place) -> Result<Place, Status> {
        let redirects_max = self.connections.config().limits.redirects_max;
        let mut asked = entry;
        for _ in 0..=redirects_max {
            let request = TopicLookupRequest { request_id: 0, topic: topic.to_owned() };
            let found =
                DiscoveryClient::new(asked.channel.clone()).topic_lookup(asked.call(request)).await?.into_inner();
            if found.response_type() == LookupType::Failed {
                return Err(Status::not_found(format!("no broker of the cluster serves the topic {topic}")));
            }
            let address: Uri = found.connect_url.parse().map_err(|_| {
                Status::internal(format!("the cluster names {} as the broker of {topic}", found.connect_url))
            })?;
            let mut place = self.connections.to(&address)?;
            if found.proxy {
                place = place.behind_proxy(&found.broker_url)?;
            }
            match found.response_type() {
                LookupType::Redirect => asked = place,
                LookupType::Connect | LookupType::Failed => return Ok(place),
            }
        }
        Err(Status::unavailable(format!("the cluster redirects the lookup of {topic} more than {redirects_max} times")))
    }
}
