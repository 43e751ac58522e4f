//! `irongate.v1.TopicService`: topics as the console shows them.

use crate::access::Access;
use crate::status::refuse;
use irongate_broker::MessageBroker;
use irongate_deploy::Deployments;
use irongate_proto::irongate_v1::topic_service_server::TopicService;
use irongate_proto::irongate_v1::{
    CreateTopicRequest, CreateTopicResponse, DeleteTopicRequest, DeleteTopicResponse, DescribeTopicRequest,
    DescribeTopicResponse, ListTopicsRequest, ListTopicsResponse, SetTopicRetentionRequest, SetTopicRetentionResponse,
    TruncateTopicRequest, TruncateTopicResponse,
};
use tonic::{Request, Response, Status};

pub(crate) struct Topics<B> {
    broker: B,
    access: Access,
    deployments: Option<Deployments>,
}

impl<B> Topics<B> {
    pub(crate) fn new(broker: B, access: Access, deployments: Option<Deployments>) -> Self {
        Self { broker, access, deployments }
    }
}

#[tonic::async_trait]
impl<B: MessageBroker> TopicService for Topics<B> {
    async fn list_topics(&self, request: Request<ListTopicsRequest>) -> Result<Response<ListTopicsResponse>, Status> {
        let own = self.access.namespaces(&request)?.map(<[String]>::to_vec);
        let mut response = self.broker.list_topics(request.into_inner()).await.map_err(refuse)?;
        if let Some(own) = own {
            response.namespaces.retain(|namespace| own.contains(namespace));
            response.topics.retain(|topic| own.iter().any(|namespace| is_in(&topic.name, namespace)));
        }
        Ok(Response::new(response))
    }

    async fn describe_topic(
        &self,
        request: Request<DescribeTopicRequest>,
    ) -> Result<Response<DescribeTopicResponse>, Status> {
        self.access.topic(&request, &request.get_ref().topic)?;
        // A pipeline reads and writes any topic: it is nothing for who is bound to namespaces.
        let deployments = self.deployments.as_ref().filter(|_| self.access.everywhere(&request, "a pipeline").is_ok());
        let pipelines = deployments.map_or_else(Vec::new, |all| all.readers(&request.get_ref().topic));
        let described = self.broker.describe_topic(request.into_inner()).await.map_err(refuse)?;
        Ok(Response::new(DescribeTopicResponse { pipelines, ..described }))
    }

    async fn create_topic(
        &self,
        request: Request<CreateTopicRequest>,
    ) -> Result<Response<CreateTopicResponse>, Status> {
        self.access.topic(&request, &request.get_ref().topic)?;
        self.broker.create_topic(request.into_inner()).await.map(Response::new).map_err(refuse)
    }

    async fn delete_topic(
        &self,
        request: Request<DeleteTopicRequest>,
    ) -> Result<Response<DeleteTopicResponse>, Status> {
        self.access.topic(&request, &request.get_ref().topic)?;
        let topics_deleted = self.broker.delete_topic(&request.get_ref().topic).await.map_err(refuse)?;
        Ok(Response::new(DeleteTopicResponse { topics_deleted }))
    }

    async fn truncate_topic(
        &self,
        request: Request<TruncateTopicRequest>,
    ) -> Result<Response<TruncateTopicResponse>, Status> {
        self.access.topic(&request, &request.get_ref().topic)?;
        self.broker.truncate_topic(request.into_inner()).await.map(Response::new).map_err(refuse)
    }

    async fn set_topic_retention(
        &self,
        request: Request<SetTopicRetentionRequest>,
    ) -> Result<Response<SetTopicRetentionResponse>, Status> {
        self.access.topic(&request, &request.get_ref().topic)?;
        self.broker.set_retention(request.into_inner()).await.map(Response::new).map_err(refuse)
    }
}

/// Whether a topic's name is one of the namespace.
pub(super) fn is_in(topic: &str, namespace: &str) -> bool {
    topic.strip_prefix('/').and_then(|rest| rest.strip_prefix(namespace)).is_some_and(|rest| rest.starts_with('/'))
}
