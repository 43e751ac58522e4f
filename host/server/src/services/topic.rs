//! `irongate.v1.TopicService`: topics as the console shows them.

use crate::status::refuse;
use irongate_broker::Broker;
use irongate_proto::irongate_v1::topic_service_server::TopicService;
use irongate_proto::irongate_v1::{
    CreateTopicRequest, CreateTopicResponse, DescribeTopicRequest, DescribeTopicResponse, ListTopicsRequest,
    ListTopicsResponse,
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
}
