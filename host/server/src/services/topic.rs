//! `irongate.v1.TopicService`: topics as the console shows them.

use crate::status::refuse;
use irongate_broker::Broker;
use irongate_proto::irongate_v1::topic_service_server::TopicService;
use irongate_proto::irongate_v1::{
    CreateTopicRequest, CreateTopicResponse, DeleteTopicRequest, DeleteTopicResponse, DescribeTopicRequest,
    DescribeTopicResponse, ListTopicsRequest, ListTopicsResponse, SetTopicRetentionRequest, SetTopicRetentionResponse,
    TruncateTopicRequest, TruncateTopicResponse,
};
use tonic::{Request, Response, Status};

pub(crate) struct Topics {
    broker: Broker,
}

impl Topics {
    pub(crate) fn new(broker: Broker) -> Self {
        Self { broker }
    }
}

#[tonic::async_trait]
impl TopicService for Topics {
    async fn list_topics(&self, request: Request<ListTopicsRequest>) -> Result<Response<ListTopicsResponse>, Status> {
        self.broker.list_topics(request.into_inner()).map(Response::new).map_err(refuse)
    }

    async fn describe_topic(
        &self,
        request: Request<DescribeTopicRequest>,
    ) -> Result<Response<DescribeTopicResponse>, Status> {
        self.broker.describe_topic(request.into_inner()).map(Response::new).map_err(refuse)
    }

    async fn create_topic(
        &self,
        request: Request<CreateTopicRequest>,
    ) -> Result<Response<CreateTopicResponse>, Status> {
        self.broker.create_topic(request.into_inner()).await.map(Response::new).map_err(refuse)
    }

    async fn delete_topic(
        &self,
        request: Request<DeleteTopicRequest>,
    ) -> Result<Response<DeleteTopicResponse>, Status> {
        let topics_deleted = self.broker.delete_topic(&request.get_ref().topic).await.map_err(refuse)?;
        Ok(Response::new(DeleteTopicResponse { topics_deleted }))
    }

    async fn truncate_topic(
        &self,
        request: Request<TruncateTopicRequest>,
    ) -> Result<Response<TruncateTopicResponse>, Status> {
        self.broker.truncate_topic(request.into_inner()).await.map(Response::new).map_err(refuse)
    }

    async fn set_topic_retention(
        &self,
        request: Request<SetTopicRetentionRequest>,
    ) -> Result<Response<SetTopicRetentionResponse>, Status> {
        self.broker.set_retention(request.into_inner()).await.map(Response::new).map_err(refuse)
    }
}
