//! Pipelines that run in the host: what they do, and what is done to them.

use irongate_proto::pipelines_v1::{
    ListPipelinesRequest, ListPipelinesResponse, PausePipelineRequest, PausePipelineResponse, RemovePipelineRequest,
    RemovePipelineResponse, ResumePipelineRequest, ResumePipelineResponse, RollbackPipelineRequest,
    RollbackPipelineResponse,
};

use super::{Failure, call};

/// All of them.
///
/// # Errors
/// Where the host runs no pipelines, or cannot be asked.
pub async fn list() -> Result<ListPipelinesResponse, Failure> {
    call::unary("/irongate.pipelines.v1.PipelineService/ListPipelines", &ListPipelinesRequest {}).await
}

/// Settles what is in flight and reads no more.
///
/// # Errors
/// Where there is no such pipeline, or the host cannot be asked.
pub async fn pause(name: String) -> Result<(), Failure> {
    let path = "/irongate.pipelines.v1.PipelineService/PausePipeline";
    let _paused: PausePipelineResponse = call::unary(path, &PausePipelineRequest { name }).await?;
    Ok(())
}

/// Goes on where it was paused.
///
/// # Errors
/// Where there is no such pipeline, it cannot be started, or the host cannot be asked.
pub async fn resume(name: String) -> Result<(), Failure> {
    let path = "/irongate.pipelines.v1.PipelineService/ResumePipeline";
    let _resumed: ResumePipelineResponse = call::unary(path, &ResumePipelineRequest { name }).await?;
    Ok(())
}

/// Deploys the version before the last one again, and answers its new number.
///
/// # Errors
/// Where there is none, it cannot be used any more, or the host cannot be asked.
pub async fn roll_back(name: String) -> Result<u64, Failure> {
    let path = "/irongate.pipelines.v1.PipelineService/RollbackPipeline";
    let rolled: RollbackPipelineResponse = call::unary(path, &RollbackPipelineRequest { name }).await?;
    Ok(rolled.version)
}

/// Ends it and forgets it and the state of its stages.
///
/// # Errors
/// Where there is no such pipeline, or the host cannot be asked.
pub async fn remove(name: String) -> Result<(), Failure> {
    let path = "/irongate.pipelines.v1.PipelineService/RemovePipeline";
    let _removed: RemovePipelineResponse = call::unary(path, &RemovePipelineRequest { name }).await?;
    Ok(())
}
