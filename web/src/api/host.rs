//! What the host says of itself.

use irongate_proto::irongate_v1::{GetHostInfoRequest, GetHostInfoResponse};

use super::{Failure, call};

/// Version, environment name and limits of the host.
///
/// # Errors
/// Where the host cannot be asked.
pub async fn info() -> Result<GetHostInfoResponse, Failure> {
    call::unary("/irongate.v1.HostService/GetHostInfo", &GetHostInfoRequest {}).await
}
