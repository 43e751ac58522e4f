//! `danube_admin.TopicAdmin`, as far as Irongate answers it. Danube serves it on a second port.

use crate::status::refuse;
use irongate_broker::Broker;
use irongate_proto::danube;
use irongate_proto::danube_admin::topic_admin_server::TopicAdmin;
use irongate_proto::danube_admin::{
    NamespaceRequest, NewTopicRequest, PartitionedTopicRequest, SubscriptionListResponse, TopicInfo,
    TopicInfoListResponse, TopicRequest, TopicResponse,
};
use irongate_proto::irongate_v1::CreateTopicRequest;
use tonic::{Request, Response, Status};

/// Danube names the broker that serves a topic; here there is one.
const BROKER_ID: &str = "irongate";

pub(crate) struct TopicsAdmin {
    broker: Broker,
}

impl TopicsAdmin {
    pub(crate) fn new(broker: Broker) -> Self {
        Self { broker }
    }

    async fn create(&self, request: CreateTopicRequest) -> Result<Response<TopicResponse>, Status> {
        self.broker.create_topic(request).await.map_err(refuse)?;
        Ok(Response::new(TopicResponse { success: true }))
    }
}

#[tonic::async_trait]
impl TopicAdmin for TopicsAdmin {
    async fn list_namespace_topics(
        &self,
        request: Request<NamespaceRequest>,
    ) -> Result<Response<TopicInfoListResponse>, Status> {
        let topics = self.broker.namespace_topics(&request.get_ref().name).map_err(refuse)?;
        let topics = topics.into_iter().map(topic_info).collect();
        Ok(Response::new(TopicInfoListResponse { topics }))
    }

    async fn create_topic(&self, request: Request<NewTopicRequest>) -> Result<Response<TopicResponse>, Status> {
        let NewTopicRequest { name, schema_subject, dispatch_strategy } = request.into_inner();
        let schema_ref = latest(schema_subject);
        self.create(CreateTopicRequest { topic: name, dispatch_strategy, partitions: 0, schema_ref }).await
    }

    async fn create_partitioned_topic(
        &self,
        request: Request<PartitionedTopicRequest>,
    ) -> Result<Response<TopicResponse>, Status> {
        let PartitionedTopicRequest { base_name, partitions, schema_subject, dispatch_strategy } = request.into_inner();
        if partitions == 0 {
            return Err(Status::invalid_argument(format!(
                "the topic {base_name} needs at least 1 partition, 0 were given"
            )));
        }
        let schema_ref = latest(schema_subject);
        self.create(CreateTopicRequest { topic: base_name, dispatch_strategy, partitions, schema_ref }).await
    }

    async fn list_subscriptions(
        &self,
        request: Request<TopicRequest>,
    ) -> Result<Response<SubscriptionListResponse>, Status> {
        let subscriptions = self.broker.subscriptions(&request.get_ref().name).map_err(refuse)?;
        Ok(Response::new(SubscriptionListResponse { subscriptions }))
    }
}

fn topic_info((name, strategy): (String, danube::DispatchStrategy)) -> TopicInfo {
    TopicInfo { name, broker_id: BROKER_ID.to_owned(), delivery: strategy.as_str_name().to_owned() }
}

fn latest(subject: Option<String>) -> Option<danube::SchemaReference> {
    let subject = subject.filter(|subject| !subject.is_empty())?;
    Some(danube::SchemaReference { subject, version_ref: Some(danube::schema_reference::VersionRef::UseLatest(true)) })
}
