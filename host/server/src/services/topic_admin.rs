//! `danube_admin.TopicAdmin`: topics, subscriptions and their policies. Danube serves it on a second port.

use super::BROKER_ID;
use super::broker_admin::check_broker;
use crate::access::Access;
use crate::status::refuse;
use irongate_broker::{Broker, BrokerError};
use irongate_proto::danube;
use irongate_proto::danube_admin::topic_admin_server::TopicAdmin;
use irongate_proto::danube_admin::{
    BrokerRequest, DescribeTopicRequest, DescribeTopicResponse, GetSubscriptionDispatchConfigRequest,
    GetSubscriptionDispatchConfigResponse, GetSubscriptionFailurePolicyRequest, GetSubscriptionFailurePolicyResponse,
    NamespaceRequest, NewTopicRequest, PartitionedTopicRequest, SetSubscriptionDispatchConfigRequest,
    SetSubscriptionFailurePolicyRequest, SubscriptionListResponse, SubscriptionRequest, SubscriptionResponse,
    TopicInfo, TopicInfoListResponse, TopicRequest, TopicResponse,
};
use irongate_proto::irongate_v1::{self, CreateTopicRequest};
use tonic::{Request, Response, Status};

pub(crate) struct TopicsAdmin {
    broker: Broker,
    access: Access,
}

impl TopicsAdmin {
    pub(crate) fn new(broker: Broker, access: Access) -> Self {
        Self { broker, access }
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
        self.access.namespace(&request, &request.get_ref().name)?;
        let topics = self.broker.namespace_topics(&request.get_ref().name).map_err(refuse)?;
        let topics = topics.into_iter().map(topic_info).collect();
        Ok(Response::new(TopicInfoListResponse { topics }))
    }

    async fn create_topic(&self, request: Request<NewTopicRequest>) -> Result<Response<TopicResponse>, Status> {
        self.access.topic(&request, &request.get_ref().name)?;
        let NewTopicRequest { name, schema_subject, dispatch_strategy } = request.into_inner();
        let schema_ref = latest(schema_subject);
        self.create(CreateTopicRequest { topic: name, dispatch_strategy, partitions: 0, schema_ref }).await
    }

    async fn create_partitioned_topic(
        &self,
        request: Request<PartitionedTopicRequest>,
    ) -> Result<Response<TopicResponse>, Status> {
        self.access.topic(&request, &request.get_ref().base_name)?;
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
        self.access.topic(&request, &request.get_ref().name)?;
        let subscriptions = self.broker.subscriptions(&request.get_ref().name).map_err(refuse)?;
        Ok(Response::new(SubscriptionListResponse { subscriptions }))
    }

    async fn list_broker_topics(
        &self,
        request: Request<BrokerRequest>,
    ) -> Result<Response<TopicInfoListResponse>, Status> {
        self.access.everywhere(&request, "a broker")?;
        check_broker(&request.get_ref().broker_id)?;
        let mut topics = Vec::new();
        for namespace in self.broker.namespaces() {
            topics.extend(self.broker.namespace_topics(&namespace).map_err(refuse)?.into_iter().map(topic_info));
        }
        Ok(Response::new(TopicInfoListResponse { topics }))
    }

    async fn delete_topic(&self, request: Request<TopicRequest>) -> Result<Response<TopicResponse>, Status> {
        self.access.topic(&request, &request.get_ref().name)?;
        self.broker.delete_topic(&request.get_ref().name).await.map_err(refuse)?;
        Ok(Response::new(TopicResponse { success: true }))
    }

    /// As a Danube cluster of one answers.
    async fn unload_topic(&self, request: Request<TopicRequest>) -> Result<Response<TopicResponse>, Status> {
        self.access.topic(&request, &request.get_ref().name)?;
        let name = &request.get_ref().name;
        self.broker.subscriptions(name).map_err(refuse)?;
        let what = format!("the topic {name} cannot be unloaded, there is no second broker to take it");
        Err(refuse(BrokerError::Precondition { what }))
    }

    async fn unsubscribe(
        &self,
        request: Request<SubscriptionRequest>,
    ) -> Result<Response<SubscriptionResponse>, Status> {
        self.access.topic(&request, &request.get_ref().topic)?;
        let SubscriptionRequest { topic, subscription } = request.into_inner();
        self.broker.unsubscribe(&topic, &subscription).await.map_err(refuse)?;
        Ok(done())
    }

    async fn set_subscription_failure_policy(
        &self,
        request: Request<SetSubscriptionFailurePolicyRequest>,
    ) -> Result<Response<SubscriptionResponse>, Status> {
        self.access.topic(&request, &request.get_ref().topic)?;
        let policy = request.get_ref().failure_policy.as_ref();
        if let Some(dead_letters) = policy.and_then(|policy| policy.dead_letter_topic.as_deref()) {
            self.access.topic(&request, dead_letters)?;
        }
        self.broker.set_failure_policy(request.into_inner()).await.map_err(refuse)?;
        Ok(done())
    }

    async fn get_subscription_failure_policy(
        &self,
        request: Request<GetSubscriptionFailurePolicyRequest>,
    ) -> Result<Response<GetSubscriptionFailurePolicyResponse>, Status> {
        self.access.topic(&request, &request.get_ref().topic)?;
        self.broker.failure_policy(request.get_ref()).map(Response::new).map_err(refuse)
    }

    async fn set_subscription_dispatch_config(
        &self,
        request: Request<SetSubscriptionDispatchConfigRequest>,
    ) -> Result<Response<SubscriptionResponse>, Status> {
        self.access.topic(&request, &request.get_ref().topic)?;
        self.broker.set_dispatch_config(request.into_inner()).await.map_err(refuse)?;
        Ok(done())
    }

    async fn get_subscription_dispatch_config(
        &self,
        request: Request<GetSubscriptionDispatchConfigRequest>,
    ) -> Result<Response<GetSubscriptionDispatchConfigResponse>, Status> {
        self.access.topic(&request, &request.get_ref().topic)?;
        self.broker.dispatch_config(request.get_ref()).map(Response::new).map_err(refuse)
    }

    async fn describe_topic(
        &self,
        request: Request<DescribeTopicRequest>,
    ) -> Result<Response<DescribeTopicResponse>, Status> {
        self.access.topic(&request, &request.get_ref().name)?;
        let name = request.into_inner().name;
        let described = irongate_v1::DescribeTopicRequest { topic: name.clone() };
        let described = self.broker.describe_topic(described).map_err(refuse)?;
        let strategy = described.summary.map(|summary| summary.dispatch_strategy()).unwrap_or_default();
        let subscriptions = self.broker.subscriptions(&name).map_err(refuse)?;
        let schema = self.broker.topic_schema(&name).map_err(refuse)?;
        let mut response = DescribeTopicResponse {
            name,
            subscriptions,
            broker_id: BROKER_ID.to_owned(),
            delivery: strategy.as_str_name().to_owned(),
            ..DescribeTopicResponse::default()
        };
        if let Some(schema) = schema {
            response.schema_subject = Some(schema.subject);
            response.schema_id = Some(schema.schema_id);
            response.schema_version = Some(schema.version);
            response.schema_type = Some(schema.schema_type);
            response.compatibility_mode = Some(schema.compatibility_mode.to_uppercase());
        }
        Ok(Response::new(response))
    }
}

fn done() -> Response<SubscriptionResponse> {
    Response::new(SubscriptionResponse { success: true })
}

fn topic_info((name, strategy): (String, danube::DispatchStrategy)) -> TopicInfo {
    TopicInfo { name, broker_id: BROKER_ID.to_owned(), delivery: strategy.as_str_name().to_owned() }
}

fn latest(subject: Option<String>) -> Option<danube::SchemaReference> {
    let subject = subject.filter(|subject| !subject.is_empty())?;
    Some(danube::SchemaReference { subject, version_ref: Some(danube::schema_reference::VersionRef::UseLatest(true)) })
}
