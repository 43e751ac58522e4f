//! The baseline for what gRPC itself costs: Danube's producer service, in a process of
//! its own, that acknowledges every message and does nothing with it.

use std::process::Stdio;

use anyhow::Context;
use irongate_proto::danube::{
    MessageResponse, ProducerRequest, ProducerResponse, StreamMessage,
    producer_service_server::{ProducerService, ProducerServiceServer},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    process::{Child, Command},
};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, transport::Server};

/// The argument that makes this program the echo.
pub const VERB: &str = "serve-echo";

struct Echo;

#[tonic::async_trait]
impl ProducerService for Echo {
    async fn create_producer(&self, request: Request<ProducerRequest>) -> Result<Response<ProducerResponse>, Status> {
        let request = request.into_inner();
        let answer =
            ProducerResponse { request_id: request.request_id, producer_id: 1, producer_name: request.producer_name };
        Ok(Response::new(answer))
    }

    async fn send_message(&self, request: Request<StreamMessage>) -> Result<Response<MessageResponse>, Status> {
        Ok(Response::new(MessageResponse { request_id: request.into_inner().request_id }))
    }
}

/// Serves on a free port, printed as the first line, until the process is killed.
pub async fn serve() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("http://{}", listener.local_addr()?);
    let incoming = TcpListenerStream::new(listener);
    Server::builder()
        .tcp_nodelay(true)
        .add_service(ProducerServiceServer::new(Echo))
        .serve_with_incoming(incoming)
        .await
        .context("the echo ended")
}

/// The echo as a process of its own; dropping it ends the process.
pub struct EchoProcess {
    /// Where it answers.
    pub url: String,
    /// The id of the process.
    pub process_id: u32,
    _process: Child,
}

impl EchoProcess {
    /// Starts this very program as the echo.
    pub async fn start() -> anyhow::Result<EchoProcess> {
        let mut process =
            Command::new(std::env::current_exe()?).arg(VERB).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let stdout = process.stdout.take().context("the output is captured")?;
        let url = BufReader::new(stdout).lines().next_line().await?.context("the echo told no address")?;
        let process_id = process.id().context("the echo ended")?;
        Ok(EchoProcess { url, process_id, _process: process })
    }
}
