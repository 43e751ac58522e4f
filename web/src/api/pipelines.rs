//! Pipelines that run in the host.

use irongate_proto::pipelines_v1::{ListPipelinesRequest, ListPipelinesResponse};

use super::{Failure, call};

/// All of them.
///
/// # Errors
/// Where the host runs none, or cannot be asked.
pub async fn list() -> Result<ListPipelinesResponse, Failure> {
    call::unary("/irongate.pipelines.v1.PipelineService/ListPipelines", &ListPipelinesRequest {}).await
}
