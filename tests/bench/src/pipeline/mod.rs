//! The measurement of pipelines on the embedded broker: throughput through one stage against the same copy without it, and what a stage adds to the
//! latency of a record. Reliable to reliable, each record exactly once.

mod added;
mod copy;
mod report;

pub use report::markdown;

use std::time::Duration;

use anyhow::{Context, ensure};
use bytes::Bytes;
use irongate_proto::{
    danube::DispatchStrategy,
    irongate_v1::{OutgoingMessage, PublishRequest},
    pipelines_v1::{
        DeployPipelineRequest, ListPipelinesRequest, Pipeline, pipeline::State,
        pipeline_service_client::PipelineServiceClient,
    },
};
use irongate_tests::Host;
use tonic::transport::Channel;

use crate::load::PAYLOAD_BYTES;

/// How often both throughputs are measured.
pub const ROUNDS: usize = 3;

/// Records with the same key stay in order; this many keys.
const KEYS: usize = 64;

/// How often a pipeline is asked how far it is.
const POLL: Duration = Duration::from_millis(5);

/// The component of the stage, built by `cargo xtask bench`.
const COMPONENT: &str = "IRONGATE_BENCH_COMPONENT";

/// Everything that was measured.
#[derive(Debug, Default)]
pub struct Measured {
    /// Records per second without a stage, one entry per round.
    pub copy: Vec<f64>,
    /// The same through one stage.
    pub stage: Vec<f64>,
    /// What the stage and its commit add to the latency.
    pub added: added::Added,
}

/// Runs all rounds, then the latency.
///
/// # Errors
/// The host does not start, or refuses something, or a record is not there exactly once.
pub async fn measure() -> anyhow::Result<Measured> {
    let component = std::env::var_os(COMPONENT)
        .with_context(|| format!("{COMPONENT} names the stage's component; `cargo xtask bench pipeline` sets it"))?;
    let component: Bytes = std::fs::read(component).context("the stage's component")?.into();
    let host = Host::start().await;
    let mut measured = Measured::default();
    for round in 1..=ROUNDS {
        eprintln!("round {round} of {ROUNDS}");
        measured.copy.push(copy::records_per_second(&host, &format!("copy-{round}"), None).await?);
        let stage = copy::records_per_second(&host, &format!("stage-{round}"), Some(&component)).await?;
        measured.stage.push(stage);
    }
    eprintln!("latency");
    measured.added = added::measure(&host, &component).await?;
    Ok(measured)
}

/// A pipeline of this name in the host, between topics named after it.
async fn deploy(host: &Host, name: &str, component: Option<&Bytes>) -> anyhow::Result<PipelineServiceClient<Channel>> {
    let stage = "[[pipeline.stages]]\nid = \"mask\"\nuses = \"mask.wasm\"\nwith = { fields = [\"email\"] }\n";
    let configuration = format!(
        "[pipeline]\nname = \"{name}\"\nfrom = \"{}\"\nlanes = {}\n{}[[pipeline.to]]\ntopic = \"{}\"\n\
         [pipeline.dead_letter]\ntopic = \"/default/{name}-dlq\"\n",
        source(name),
        copy::LANES,
        component.map_or("", |_| stage),
        target(name)
    );
    let components = component.map(|component| ("mask".to_owned(), component.clone())).into_iter().collect();
    let mut client = PipelineServiceClient::new(Channel::from_shared(host.url())?.connect().await?);
    let request = DeployPipelineRequest { configuration, is_yaml: false, components };
    let problems = client.deploy_pipeline(request).await?.into_inner().problems;
    ensure!(problems.is_empty(), "{problems:?}");
    // It reads what comes from then on.
    let mut polls = tokio::time::interval(POLL);
    while listed(&mut client, name).await?.state() != State::Running {
        polls.tick().await;
    }
    Ok(client)
}

async fn listed(client: &mut PipelineServiceClient<Channel>, name: &str) -> anyhow::Result<Pipeline> {
    let pipelines = client.list_pipelines(ListPipelinesRequest {}).await?.into_inner().pipelines;
    let pipeline = pipelines.into_iter().find(|one| one.name == name).context("the pipeline is gone")?;
    ensure!(pipeline.state() != State::Failed, "the pipeline failed: {}", pipeline.failure);
    Ok(pipeline)
}

fn source(name: &str) -> String {
    format!("/default/{name}")
}

fn target(name: &str) -> String {
    format!("/default/{name}-out")
}

/// A call with the records of these numbers.
fn request(name: &str, numbers: std::ops::Range<usize>) -> PublishRequest {
    PublishRequest {
        topic: source(name),
        producer_name: "bench".to_owned(),
        dispatch_strategy: Some(DispatchStrategy::Reliable.into()),
        messages: numbers.map(message).collect(),
        ..Default::default()
    }
}

/// A record of [`PAYLOAD_BYTES`] of JSON, with its number as an attribute.
fn message(number: usize) -> OutgoingMessage {
    let head = format!(r#"{{"n":{number},"email":"someone@example.org","note":""#);
    let note = "x".repeat(PAYLOAD_BYTES.saturating_sub(head.len() + 2));
    OutgoingMessage {
        payload: format!("{head}{note}\"}}").into(),
        routing_key: Some(format!("k{}", number % KEYS)),
        attributes: [("n".to_owned(), number.to_string())].into(),
        ..Default::default()
    }
}

#[test]
fn a_record_is_json_of_the_size_that_is_told() {
    let message = message(40_000);
    assert_eq!(message.payload.len(), PAYLOAD_BYTES);
    let value: serde_json::Value = serde_json::from_slice(&message.payload).unwrap();
    assert_eq!(value["n"], 40_000);
}
