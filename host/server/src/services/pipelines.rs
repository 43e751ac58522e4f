//! `irongate.pipelines.v1.PipelineService`: pipelines that run in this host. A host without them answers that it has none.

use crate::access::Access;
use irongate_deploy::{DeployError, Deployments};
use irongate_proto::pipelines_v1::pipeline_service_server::PipelineService;
use irongate_proto::pipelines_v1::{
    DeployPipelineRequest, DeployPipelineResponse, ListPipelinesRequest, ListPipelinesResponse, PausePipelineRequest,
    PausePipelineResponse, RemovePipelineRequest, RemovePipelineResponse, ResumePipelineRequest,
    ResumePipelineResponse, RollbackPipelineRequest, RollbackPipelineResponse,
};
use tonic::{Request, Response, Status};

/// What a pipeline makes of a message is settled together with it, which needs this host's own broker.
const NO_PIPELINES: &str =
    "this host keeps no messages itself, so it runs no pipelines: irongate pipeline run moves a cluster's records";

pub(crate) struct Pipelines {
    deployments: Option<Deployments>,
    access: Access,
}

impl Pipelines {
    pub(crate) fn new(deployments: Option<Deployments>, access: Access) -> Self {
        Self { deployments, access }
    }

    /// A pipeline reads and writes any topic, so no caller may touch one that is bound to namespaces.
    fn here<T>(&self, request: &Request<T>) -> Result<&Deployments, Status> {
        self.access.everywhere(request, "a pipeline")?;
        self.deployments.as_ref().ok_or_else(|| Status::unimplemented(NO_PIPELINES))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err takes")]
fn refuse(error: DeployError) -> Status {
    Status::new(error.code(), error.to_string())
}

#[tonic::async_trait]
impl PipelineService for Pipelines {
    async fn deploy_pipeline(
        &self,
        request: Request<DeployPipelineRequest>,
    ) -> Result<Response<DeployPipelineResponse>, Status> {
        self.here(&request)?.deploy(request.into_inner()).await.map(Response::new).map_err(refuse)
    }

    async fn list_pipelines(
        &self,
        request: Request<ListPipelinesRequest>,
    ) -> Result<Response<ListPipelinesResponse>, Status> {
        Ok(Response::new(self.here(&request)?.list().await))
    }

    async fn pause_pipeline(
        &self,
        request: Request<PausePipelineRequest>,
    ) -> Result<Response<PausePipelineResponse>, Status> {
        self.here(&request)?.pause(&request.get_ref().name).await.map_err(refuse)?;
        Ok(Response::new(PausePipelineResponse {}))
    }

    async fn resume_pipeline(
        &self,
        request: Request<ResumePipelineRequest>,
    ) -> Result<Response<ResumePipelineResponse>, Status> {
        self.here(&request)?.resume(&request.get_ref().name).await.map_err(refuse)?;
        Ok(Response::new(ResumePipelineResponse {}))
    }

    async fn rollback_pipeline(
        &self,
        request: Request<RollbackPipelineRequest>,
    ) -> Result<Response<RollbackPipelineResponse>, Status> {
        let version = self.here(&request)?.rollback(&request.get_ref().name).await.map_err(refuse)?;
        Ok(Response::new(RollbackPipelineResponse { version }))
    }

    async fn remove_pipeline(
        &self,
        request: Request<RemovePipelineRequest>,
    ) -> Result<Response<RemovePipelineResponse>, Status> {
        self.here(&request)?.remove(&request.get_ref().name).await.map_err(refuse)?;
        Ok(Response::new(RemovePipelineResponse {}))
    }
}
