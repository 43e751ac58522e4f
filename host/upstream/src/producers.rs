//! Producers of this host's clients: each one keeps what it was made from, and is made anew where
//! the cluster lost it. Its client keeps the id it was given first.

use crate::cluster::Inner;
use crate::connections::Place;
use crate::meaning::{Meaning, passed_on};
use irongate_broker::BrokerError;
use irongate_proto::danube::producer_service_client::ProducerServiceClient;
use irongate_proto::danube::{MessageResponse, ProducerRequest, ProducerResponse, StreamMessage};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::Mutex;
use tonic::Status;

/// One producer.
pub(crate) struct Producer {
    request: ProducerRequest,
    /// Where it is now and its id there; none where it must be made anew.
    current: Mutex<Option<(Place, u64)>>,
}

impl Producer {
    pub(crate) fn topic(&self) -> &str {
        &self.request.topic_name
    }

    pub(crate) fn name(&self) -> &str {
        &self.request.producer_name
    }

    /// Where it is now, if that is known.
    pub(crate) async fn current(&self) -> Option<(Place, u64)> {
        self.current.lock().await.clone()
    }

    async fn ready(&self, cluster: &Inner) -> Result<(Place, u64), Status> {
        let mut current = self.current.lock().await;
        if let Some(found) = &*current {
            return Ok(found.clone());
        }
        let (place, response) = cluster.create_at_place(&self.request).await?;
        Ok(current.insert((place, response.producer_id)).clone())
    }

    /// Has it made anew before the next message, unless that was done already.
    pub(crate) async fn forget(&self, producer_id: u64) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|(_, id)| *id == producer_id) {
            *current = None;
        }
    }
}

impl Inner {
    async fn create_at_place(&self, request: &ProducerRequest) -> Result<(Place, ProducerResponse), Status> {
        let create = |place: Place| async move {
            let mut client = ProducerServiceClient::new(place.channel.clone());
            let response = client.create_producer(place.call(request.clone())).await?.into_inner();
            Ok((place, response))
        };
        self.at_place(&request.topic_name, create).await
    }

    /// Makes a producer that is kept nowhere yet.
    pub(crate) async fn make_producer(
        &self,
        request: ProducerRequest,
    ) -> Result<(Arc<Producer>, ProducerResponse), BrokerError> {
        let (place, response) = self.create_at_place(&request).await.map_err(passed_on)?;
        let current = Mutex::new(Some((place, response.producer_id)));
        Ok((Arc::new(Producer { request, current }), response))
    }

    pub(crate) async fn create_producer(&self, request: ProducerRequest) -> Result<ProducerResponse, BrokerError> {
        let (producer, response) = self.make_producer(request).await?;
        self.producers.add(response.producer_id, producer)?;
        Ok(response)
    }

    pub(crate) async fn send(&self, message: StreamMessage) -> Result<MessageResponse, BrokerError> {
        let id = message.msg_id.as_ref().ok_or(BrokerError::MessageIdMissing { request: "message" })?;
        let producer_id = id.producer_id;
        let producer = self.producers.get(&producer_id).ok_or(BrokerError::ProducerMissing { producer_id })?;
        if id.topic_name != producer.topic() {
            let reason =
                format!("its msg_id names the topic {}, its producer writes to {}", id.topic_name, producer.topic());
            return Err(BrokerError::PublishRefused { reason });
        }
        self.send_as(&producer, message).await.map_err(passed_on)
    }

    /// Sends a message of a producer. It may arrive twice where an answer was lost, never not at all.
    pub(crate) async fn send_as(&self, producer: &Producer, message: StreamMessage) -> Result<MessageResponse, Status> {
        let bytes = message.payload.len() as u64;
        let mut retry = 0;
        loop {
            let (place, producer_id) = producer.ready(self).await.inspect_err(|_| add(&self.counted.refused, 1))?;
            let mut message = message.clone();
            if let Some(id) = &mut message.msg_id {
                id.producer_id = producer_id;
            }
            let mut client = ProducerServiceClient::new(place.channel.clone());
            let client_limit = self.limits.message_bytes_max.saturating_mul(2);
            client = client.max_encoding_message_size(client_limit);
            match client.send_message(place.call(message)).await {
                Ok(response) => {
                    add(&self.counted.published, 1);
                    add(&self.counted.bytes, bytes);
                    return Ok(response.into_inner());
                }
                Err(status) => {
                    if let Err(status) = self.wait_or_give_up(Meaning::for_made(&status), status, &mut retry).await {
                        add(&self.counted.refused, 1);
                        return Err(status);
                    }
                    producer.forget(producer_id).await;
                    self.places.forget(producer.topic());
                }
            }
        }
    }
}

pub(crate) fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}
