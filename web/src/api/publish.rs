//! Publishing with the offset back.

use irongate_proto::irongate_v1::{PublishRequest, PublishResponse, PublishResult};

use super::{Failure, call};

/// Publishes the one message of a request.
///
/// # Errors
/// Where the message could not be tried; a refused message is a result.
pub async fn publish(request: PublishRequest) -> Result<Option<PublishResult>, Failure> {
    Ok(publish_all(request).await?.into_iter().next())
}

/// Publishes all messages of a request; one result for each, in their order.
///
/// # Errors
/// Where the messages could not be tried.
pub async fn publish_all(request: PublishRequest) -> Result<Vec<PublishResult>, Failure> {
    let response: PublishResponse = call::unary("/irongate.v1.PublishService/Publish", &request).await?;
    Ok(response.results)
}
