//! Reading topics without a subscription, as one stream.

use bytes::Bytes;
use irongate_proto::irongate_v1::{BrowseRequest, BrowseResponse};
use tonic::Streaming;

use super::{Failure, call};

/// A running browse call. Dropping it ends the call.
pub struct Browsing(Streaming<Bytes>);

/// Starts to browse. Answers when the host has accepted the call.
///
/// # Errors
/// Where the host refuses: no such topic, bad name, too many streams.
pub async fn browse(request: BrowseRequest) -> Result<Browsing, Failure> {
    Ok(Browsing(call::stream("/irongate.v1.BrowseService/Browse", &request).await?))
}

impl Browsing {
    /// The next messages; `None` when the host has ended the stream.
    ///
    /// # Errors
    /// Where the stream broke.
    pub async fn next(&mut self) -> Result<Option<BrowseResponse>, Failure> {
        self.0.message().await?.map(call::decode).transpose()
    }
}
