//! `irongate.v1.LoadService`: load from inside the host. The generator is that of `irongate load`; what it is sent to is
//! the broker, by the call that serves `Publish`. Only limits, the topic and what is told twice a second are decided here.

use super::ending::Ending;
use crate::access::Access;
use crate::limits::LoadLimits;
use crate::load_plan::{Planned, Producer};
use crate::load_snapshot::Teller;
use crate::status::refuse;
use irongate_broker::MessageBroker;
use irongate_load::{Running, at_the_end};
use irongate_proto::irongate_v1::browse_request::Start;
use irongate_proto::irongate_v1::load_service_server::LoadService;
use irongate_proto::irongate_v1::{BrowseRequest, CreateTopicRequest, LoadSnapshot, RunLoadRequest};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use tonic::{Code, Request, Response, Status};

/// How often is told what was measured.
const SNAPSHOT_INTERVAL: Duration = Duration::from_millis(500);
/// Snapshots that wait for a slow reader; the run does not wait for it, it misses some.
const SNAPSHOTS_WAITING_MAX: usize = 4;

pub(crate) struct Load<B> {
    broker: B,
    access: Access,
    limits: LoadLimits,
    runs: Arc<Semaphore>,
    stopping: CancellationToken,
}

impl<B: MessageBroker> Load<B> {
    pub(crate) fn new(broker: B, access: Access, limits: LoadLimits, stopping: CancellationToken) -> Self {
        let runs = Arc::new(Semaphore::new(limits.runs_max));
        Self { broker, access, limits, runs, stopping }
    }

    /// Makes the topic where a message to it would.
    async fn prepare(&self, request: &RunLoadRequest) -> Result<(), Status> {
        let is_there = !self.broker.partitions(&request.topic).await.map_err(refuse)?.is_empty();
        if is_there || !self.broker.auto_create_topics() {
            return Ok(());
        }
        let create = CreateTopicRequest {
            topic: request.topic.clone(),
            dispatch_strategy: request.dispatch_strategy.unwrap_or_default(),
            partitions: request.partitions,
            schema_ref: request.schema_ref.clone(),
        };
        match self.broker.create_topic(create).await {
            Ok(_) => Ok(()),
            // Somebody else was faster; or a cluster that creates it with the first message.
            Err(error) if matches!(error.code(), Code::AlreadyExists | Code::Unimplemented) => Ok(()),
            Err(error) => Err(refuse(error)),
        }
    }

    /// A reader at the end of the topic, or why there is none.
    async fn reader(&self, topic: &str) -> Result<B::Browse, String> {
        let request = BrowseRequest { topics: vec![topic.to_owned()], start: Some(Start::Latest(true)), follow: true };
        self.broker.browse(request).await.map_err(|error| error.to_string())
    }
}

#[tonic::async_trait]
impl<B: MessageBroker> LoadService for Load<B> {
    type RunStream = Ending<ReceiverStream<Result<LoadSnapshot, Status>>>;

    async fn run(&self, request: Request<RunLoadRequest>) -> Result<Response<Self::RunStream>, Status> {
        self.access.topic(&request, &request.get_ref().topic)?;
        let request = request.into_inner();
        let Planned { plan, message } = Planned::new(&request, &self.limits)?;
        let turn = self.runs.clone().try_acquire_owned().map_err(|_| {
            let runs_max = self.limits.runs_max;
            Status::resource_exhausted(format!(
                "{runs_max} loads run already, which is the limit; stop one and try again"
            ))
        })?;
        self.prepare(&request).await?;
        let (reader, missing) = match request.end_to_end {
            false => (None, String::new()),
            true => match self.reader(&request.topic).await {
                Ok(reader) => (Some(at_the_end(reader).await.map_err(refuse)?), String::new()),
                Err(why) => (None, why),
            },
        };
        let call_messages_max = self.broker.limits().publish_batch_messages_max;
        let producers = (0..request.producers.max(1))
            .map(|number| Producer::new(self.broker.clone(), number, message.clone(), call_messages_max))
            .collect();
        let running = Running::start(&plan, producers, reader);
        let (sender, receiver) = mpsc::channel(SNAPSHOTS_WAITING_MAX);
        let stopping = self.stopping.clone();
        tokio::spawn(async move {
            follow(running, Teller::new(missing), sender, stopping).await;
            drop(turn);
        });
        Ok(Response::new(Ending::new(ReceiverStream::new(receiver), &self.stopping)))
    }
}

/// Takes a run in and tells of it, until it is over or nobody listens.
async fn follow(
    mut running: Running,
    mut teller: Teller,
    sender: mpsc::Sender<Result<LoadSnapshot, Status>>,
    stopping: CancellationToken,
) {
    let mut tick = tokio::time::interval(SNAPSHOT_INTERVAL);
    loop {
        tokio::select! {
            more = running.step() => if !more { break },
            _ = tick.tick() => match sender.try_reserve() {
                Ok(place) => place.send(Ok(teller.snapshot(&running.measured))),
                // What a slow reader misses is in the next one.
                Err(mpsc::error::TrySendError::Full(())) => {}
                Err(mpsc::error::TrySendError::Closed(())) => return,
            },
            // Dropping the run stops it.
            () = sender.closed() => return,
            () = stopping.cancelled() => return,
        }
    }
    let (measured, ended) = running.finish().await;
    let last = teller.last(&measured, ended.err().map(|error| error.to_string()).unwrap_or_default());
    // Where nobody listens any more there is nobody to tell.
    let _ = sender.send(Ok(last)).await;
}
