//! Consumers of this host's clients. A stream that breaks is opened again, with the same
//! subscription under the same name, at whichever broker has the topic then; what was not
//! acknowledged comes again. A stream that ends as it should, as after a takeover, ends here too.

use crate::cluster::{Cluster, Inner};
use crate::connections::Place;
use crate::meaning::{Meaning, passed_on};
use crate::producers::add;
use futures_core::Stream;
use irongate_broker::BrokerError;
use irongate_proto::danube::consumer_service_client::ConsumerServiceClient;
use irongate_proto::danube::health_check_client::HealthCheckClient;
use irongate_proto::danube::health_check_request::ClientType;
use irongate_proto::danube::health_check_response::ClientStatus;
use irongate_proto::danube::{
    AckRequest, AckResponse, ConsumerRequest, ConsumerResponse, HealthCheckRequest, HealthCheckResponse, MsgId,
    NackRequest, NackResponse, ReceiveRequest, StreamMessage,
};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tonic::{Status, Streaming};

/// One consumer.
pub(crate) struct Consumer {
    pub(crate) request: ConsumerRequest,
    current: tokio::sync::Mutex<(Place, u64)>,
}

impl Inner {
    async fn subscribe_at_place(&self, request: &ConsumerRequest) -> Result<(Place, ConsumerResponse), Status> {
        let subscribe = |place: Place| async move {
            let mut client = ConsumerServiceClient::new(place.channel.clone());
            let response = client.subscribe(place.call(request.clone())).await?.into_inner();
            Ok((place, response))
        };
        self.at_place(&request.topic_name, subscribe).await
    }

    pub(crate) async fn subscribe(&self, request: ConsumerRequest) -> Result<ConsumerResponse, BrokerError> {
        let (place, response) = self.subscribe_at_place(&request).await.map_err(passed_on)?;
        let current = tokio::sync::Mutex::new((place, response.consumer_id));
        self.consumers.add(response.consumer_id, Arc::new(Consumer { request, current }))?;
        Ok(response)
    }

    pub(crate) fn consumer(&self, consumer_id: u64) -> Result<Arc<Consumer>, BrokerError> {
        self.consumers.get(&consumer_id).ok_or(BrokerError::ConsumerMissing { consumer_id })
    }

    async fn open(&self, consumer: &Consumer) -> Result<Streaming<StreamMessage>, Status> {
        let (place, consumer_id) = consumer.current.lock().await.clone();
        let mut client = ConsumerServiceClient::new(place.channel.clone())
            .max_decoding_message_size(self.limits.message_bytes_max.saturating_mul(2));
        let request = place.stream(ReceiveRequest { request_id: 0, consumer_id });
        Ok(client.receive_messages(request).await?.into_inner())
    }

    /// Subscribes again and opens the stream, wherever the topic is now. `lost` is why, and
    /// `retry` how often that was in vain; it comes back as it is then.
    async fn reopen(
        &self,
        consumer: &Consumer,
        lost: Status,
        mut retry: u32,
    ) -> Result<(Streaming<StreamMessage>, u32), Status> {
        self.wait_or_give_up(Meaning::for_made(&lost), lost, &mut retry).await?;
        loop {
            self.places.forget(&consumer.request.topic_name);
            let (place, response) = self.subscribe_at_place(&consumer.request).await?;
            *consumer.current.lock().await = (place, response.consumer_id);
            match self.open(consumer).await {
                Ok(stream) => return Ok((stream, retry)),
                Err(status) => self.wait_or_give_up(Meaning::for_made(&status), status, &mut retry).await?,
            }
        }
    }

    pub(crate) async fn ack(&self, request: AckRequest) -> Result<AckResponse, BrokerError> {
        let topic = topic_of(request.msg_id.as_ref(), "ack")?;
        let request = &request;
        let ack = |place: Place| async move {
            let mut client = ConsumerServiceClient::new(place.channel.clone());
            Ok(client.ack(place.call(request.clone())).await?.into_inner())
        };
        let response = self.at_place(&topic, ack).await.map_err(passed_on)?;
        add(&self.counted.acked, 1);
        Ok(response)
    }

    pub(crate) async fn nack(&self, request: NackRequest) -> Result<NackResponse, BrokerError> {
        let topic = topic_of(request.msg_id.as_ref(), "nack")?;
        let request = &request;
        let nack = |place: Place| async move {
            let mut client = ConsumerServiceClient::new(place.channel.clone());
            Ok(client.nack(place.call(request.clone())).await?.into_inner())
        };
        self.at_place(&topic, nack).await.map_err(passed_on)
    }

    /// Whether a client may go on. What the cluster forgot of a producer is made anew with its next
    /// message; a consumer must subscribe again.
    pub(crate) async fn health_check(&self, request: HealthCheckRequest) -> Result<HealthCheckResponse, BrokerError> {
        let kind = ClientType::try_from(request.client).map_err(|_| BrokerError::InvalidArgument {
            what: format!("{} is neither a producer nor a consumer", request.client),
        })?;
        let close = Ok(HealthCheckResponse { status: ClientStatus::Close.into() });
        let producer = self.producers.get(&request.id).filter(|_| kind == ClientType::Producer);
        let found = match &producer {
            Some(producer) => producer.current().await,
            None => match self.consumers.get(&request.id).filter(|_| kind == ClientType::Consumer) {
                Some(consumer) => Some(consumer.current.lock().await.clone()),
                None => return close,
            },
        };
        let fine = Ok(HealthCheckResponse { status: ClientStatus::Ok.into() });
        let Some((place, id)) = found else { return fine };
        let request = place.call(HealthCheckRequest { id, ..request });
        let answered = HealthCheckClient::new(place.channel.clone()).health_check(request).await;
        let is_closed = answered.is_ok_and(|answer| answer.into_inner().status() == ClientStatus::Close);
        match producer {
            Some(producer) if is_closed => {
                producer.forget(id).await;
                fine
            }
            None if is_closed => close,
            _ => fine,
        }
    }
}

fn topic_of(id: Option<&MsgId>, request: &'static str) -> Result<String, BrokerError> {
    id.map(|id| id.topic_name.clone()).ok_or(BrokerError::MessageIdMissing { request })
}

type Reopening = Pin<Box<dyn Future<Output = Result<(Streaming<StreamMessage>, u32), Status>> + Send>>;

enum State {
    Open(Box<Streaming<StreamMessage>>),
    Reopening(Reopening),
    Ended,
}

/// The messages of one consumer.
pub struct Deliveries {
    cluster: Cluster,
    consumer: Arc<Consumer>,
    state: State,
    /// How often the stream broke since the last message.
    retry: u32,
}

impl Cluster {
    pub(crate) async fn deliveries(&self, request: ReceiveRequest) -> Result<Deliveries, BrokerError> {
        let consumer = self.inner.consumer(request.consumer_id)?;
        let stream = match self.inner.open(&consumer).await {
            Err(lost) => self.inner.reopen(&consumer, lost, 0).await,
            Ok(stream) => Ok((stream, 0)),
        };
        let (stream, retry) = stream.map_err(passed_on)?;
        Ok(Deliveries { cluster: self.clone(), consumer, state: State::Open(Box::new(stream)), retry })
    }
}

impl Stream for Deliveries {
    type Item = Result<StreamMessage, BrokerError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let lost = match &mut self.state {
                State::Ended => return Poll::Ready(None),
                State::Open(stream) => match ready!(Pin::new(stream.as_mut()).poll_next(context)) {
                    Some(Ok(message)) => {
                        self.retry = 0;
                        add(&self.cluster.inner.counted.delivered, 1);
                        return Poll::Ready(Some(Ok(message)));
                    }
                    None => {
                        self.state = State::Ended;
                        return Poll::Ready(None);
                    }
                    Some(Err(status)) => status,
                },
                State::Reopening(reopening) => match ready!(reopening.as_mut().poll(context)) {
                    Ok((stream, retry)) => {
                        self.retry = retry;
                        self.state = State::Open(Box::new(stream));
                        continue;
                    }
                    Err(status) => {
                        self.state = State::Ended;
                        return Poll::Ready(Some(Err(passed_on(status))));
                    }
                },
            };
            tracing::debug!(topic = %self.consumer.request.topic_name, status = %lost, "opening a stream again");
            let (cluster, consumer, retry) = (self.cluster.clone(), self.consumer.clone(), self.retry);
            self.state = State::Reopening(Box::pin(async move { cluster.inner.reopen(&consumer, lost, retry).await }));
        }
    }
}
