//! `irongate.transforms.v1.TransformService`: the transforms of topics. A host without messages of its own answers that it has none.

use super::topic::is_in;
use crate::access::Access;
use irongate_deploy::{DeployError, Deployments};
use irongate_proto::transforms_v1::transform_service_server::TransformService;
use irongate_proto::transforms_v1::{
    ClearTopicTransformsRequest, ClearTopicTransformsResponse, DryRunPipelineRequest, DryRunPipelineResponse,
    DryRunTopicTransformsRequest, DryRunTopicTransformsResponse, ListTopicTransformsRequest,
    ListTopicTransformsResponse, SetTopicTransformsRequest, SetTopicTransformsResponse,
};
use tonic::{Request, Response, Status};

/// A cluster's brokers let messages in themselves, and would not ask.
const NO_TRANSFORMS: &str = "this host keeps no messages itself, so its topics have no transforms: irongate produce --transform and irongate pipeline run \
                             transform a cluster's records";

pub(crate) struct Transforms {
    deployments: Option<Deployments>,
    access: Access,
}

impl Transforms {
    pub(crate) fn new(deployments: Option<Deployments>, access: Access) -> Self {
        Self { deployments, access }
    }

    fn of<T>(&self, request: &Request<T>, topic: &str) -> Result<&Deployments, Status> {
        self.access.topic(request, topic)?;
        self.here()
    }

    fn here(&self) -> Result<&Deployments, Status> {
        self.deployments.as_ref().ok_or_else(|| Status::unimplemented(NO_TRANSFORMS))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
fn refuse(error: DeployError) -> Status {
    Status::new(error.code(), error.to_string())
}

#[tonic::async_trait]
impl TransformService for Transforms {
    async fn set_topic_transforms(
        &self,
        request: Request<SetTopicTransformsRequest>,
    ) -> Result<Response<SetTopicTransformsResponse>, Status> {
        let deployments = self.of(&request, &request.get_ref().topic)?;
        deployments.set_topic_transforms(request.into_inner()).await.map(Response::new).map_err(refuse)
    }

    async fn list_topic_transforms(
        &self,
        request: Request<ListTopicTransformsRequest>,
    ) -> Result<Response<ListTopicTransformsResponse>, Status> {
        let own = self.access.namespaces(&request)?.map(<[String]>::to_vec);
        let topic = &request.get_ref().topic;
        if !topic.is_empty() {
            self.access.topic(&request, topic)?;
        }
        let mut response = self.here()?.list_topic_transforms(topic).await;
        if let Some(own) = own {
            response.topics.retain(|topic| own.iter().any(|namespace| is_in(&topic.topic, namespace)));
        }
        Ok(Response::new(response))
    }

    async fn clear_topic_transforms(
        &self,
        request: Request<ClearTopicTransformsRequest>,
    ) -> Result<Response<ClearTopicTransformsResponse>, Status> {
        let topic = &request.get_ref().topic;
        self.of(&request, topic)?.clear_topic_transforms(topic).await.map_err(refuse)?;
        Ok(Response::new(ClearTopicTransformsResponse {}))
    }

    async fn dry_run_topic_transforms(
        &self,
        request: Request<DryRunTopicTransformsRequest>,
    ) -> Result<Response<DryRunTopicTransformsResponse>, Status> {
        let deployments = self.of(&request, &request.get_ref().topic)?;
        let DryRunTopicTransformsRequest { topic, message } = request.into_inner();
        let answer = deployments.dry_run_topic_transforms(&topic, message.unwrap_or_default()).await;
        answer.map(Response::new).map_err(refuse)
    }

    async fn dry_run_pipeline(
        &self,
        request: Request<DryRunPipelineRequest>,
    ) -> Result<Response<DryRunPipelineResponse>, Status> {
        // Its stages' state, and what its targets would say, are not of one namespace.
        self.access.everywhere(&request, "a pipeline")?;
        self.here()?.dry_run_pipeline(request.into_inner()).await.map(Response::new).map_err(refuse)
    }
}
