//! `irongate pipeline deploy | list | pause | resume | rollback | remove`: pipelines that run in the server. This side reads the file and its
//! components; everything else the server does.

use super::file;
use crate::address::ServiceAddr;
use crate::client::{ANSWER_BYTES_MAX, Channel, connect};
use crate::failure::{FAILED, Failure, refused};
use crate::output::{Output, harmless, is_broken_pipe, table};
use anyhow::{Result, anyhow};
use irongate_pipeline::Format;
use irongate_proto::pipelines_v1::pipeline_service_client::PipelineServiceClient;
use irongate_proto::pipelines_v1::{
    DeployPipelineRequest, ListPipelinesRequest, PausePipelineRequest, Pipeline, RemovePipelineRequest,
    ResumePipelineRequest, RollbackPipelineRequest, pipeline::State,
};
use serde_json::json;
use std::path::PathBuf;
use tonic::{Code, Status};

/// The arguments of `pipeline deploy`.
#[derive(Debug, clap::Args)]
pub(super) struct DeployArgs {
    /// The file: TOML, or YAML where it is named so.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// The arguments of what is done to one pipeline.
#[derive(Debug, clap::Args)]
pub(super) struct NameArgs {
    /// The pipeline's name.
    name: String,
}

/// The pipelines of a server.
pub(super) struct Deployed<'a> {
    client: PipelineServiceClient<Channel>,
    address: &'a ServiceAddr,
    output: Output,
}

impl Deployed<'_> {
    pub(super) async fn at(address: &ServiceAddr, output: Output) -> Result<Deployed<'_>> {
        let client = PipelineServiceClient::new(connect(address).await?)
            .max_decoding_message_size(ANSWER_BYTES_MAX)
            .max_encoding_message_size(usize::MAX);
        Ok(Deployed { client, address, output })
    }

    pub(super) async fn deploy(mut self, args: &DeployArgs) -> Result<()> {
        // The server checks it again; this only tells problems before anything travels.
        let checked = file::check(&args.file).await?;
        file::configure(&args.file, &checked).await?;
        let components = file::components(&checked.config.stages)?;
        let configuration = std::fs::read_to_string(&args.file)?;
        let is_yaml = Format::of(&args.file) == Format::Yaml;
        let request = DeployPipelineRequest { configuration, is_yaml, components };
        let answer = self.client.deploy_pipeline(request).await.map_err(|status| self.failed(&status))?.into_inner();
        file::tell_answered(&args.file, &answer.problems);
        if !answer.problems.is_empty() {
            return Err(Failure::Told { code: FAILED }.into());
        }
        let name = &checked.config.name;
        self.output.result(
            || format!("{name}: version {} is deployed", answer.version),
            || json!({"name": name, "version": answer.version}),
        )?;
        Ok(())
    }

    pub(super) async fn list(mut self) -> Result<()> {
        let listed = self.client.list_pipelines(ListPipelinesRequest {}).await;
        let pipelines = listed.map_err(|status| self.failed(&status))?.into_inner().pipelines;
        let printed = if self.output.is_json() {
            pipelines.iter().try_for_each(|one| self.output.result(String::new, || object(one)))
        } else {
            let head = ["NAME", "STATE", "VERSION", "FROM", "TO", "SETTLED", "WRITTEN", "DEAD LETTERS"];
            let rows: Vec<Vec<String>> = pipelines.iter().map(row).collect();
            let failures = pipelines.iter().filter(|one| !one.failure.is_empty());
            let failures = failures.map(|one| harmless(&format!("{}: {}", one.name, one.failure)));
            self.output.lines(&std::iter::once(table(&head, &rows)).chain(failures).collect::<Vec<_>>())
        };
        match printed {
            // A reader that has seen enough is no failure.
            Err(error) if is_broken_pipe(&error) => Ok(()),
            printed => Ok(printed?),
        }
    }

    pub(super) async fn pause(mut self, args: NameArgs) -> Result<()> {
        let request = PausePipelineRequest { name: args.name.clone() };
        self.client.pause_pipeline(request).await.map_err(|status| self.failed(&status))?;
        self.done(&args.name, "paused")
    }

    pub(super) async fn resume(mut self, args: NameArgs) -> Result<()> {
        let request = ResumePipelineRequest { name: args.name.clone() };
        self.client.resume_pipeline(request).await.map_err(|status| self.failed(&status))?;
        self.done(&args.name, "resumed")
    }

    pub(super) async fn rollback(mut self, args: NameArgs) -> Result<()> {
        let request = RollbackPipelineRequest { name: args.name.clone() };
        let answer = self.client.rollback_pipeline(request).await.map_err(|status| self.failed(&status))?.into_inner();
        let (name, version) = (&args.name, answer.version);
        let text = || format!("{name}: the version before is deployed again, as version {version}");
        self.output.result(text, || json!({"name": name, "version": version}))?;
        Ok(())
    }

    pub(super) async fn remove(mut self, args: NameArgs) -> Result<()> {
        let request = RemovePipelineRequest { name: args.name.clone() };
        self.client.remove_pipeline(request).await.map_err(|status| self.failed(&status))?;
        self.done(&args.name, "removed")
    }

    fn done(&self, name: &str, what: &str) -> Result<()> {
        Ok(self.output.result(|| format!("{name}: {what}"), || json!({"name": name, "is": what}))?)
    }

    fn failed(&self, status: &Status) -> anyhow::Error {
        if status.code() == Code::Unimplemented {
            return anyhow!("{} runs no pipelines itself; irongate pipeline run runs one here", self.address);
        }
        refused(status, self.address)
    }
}

fn state(pipeline: &Pipeline) -> &'static str {
    match pipeline.state() {
        State::Starting => "starting",
        State::Running => "running",
        State::Paused => "paused",
        State::Failed => "failed",
    }
}

fn row(pipeline: &Pipeline) -> Vec<String> {
    vec![
        pipeline.name.clone(),
        state(pipeline).to_owned(),
        pipeline.version.to_string(),
        pipeline.from.clone(),
        pipeline.to.join(", "),
        pipeline.records_settled.to_string(),
        pipeline.messages_written.to_string(),
        pipeline.dead_letters.to_string(),
    ]
}

fn object(pipeline: &Pipeline) -> serde_json::Value {
    let stage = |stage: &irongate_proto::pipelines_v1::Stage| json!({"id": stage.id, "plugin": stage.plugin, "sha256": stage.sha256});
    json!({
        "name": pipeline.name, "state": state(pipeline), "failure": pipeline.failure, "version": pipeline.version,
        "deployed_at_ms": pipeline.deployed_at_ms, "from": pipeline.from, "subscription": pipeline.subscription,
        "to": pipeline.to, "dead_letter": pipeline.dead_letter, "settled": pipeline.records_settled,
        "written": pipeline.messages_written, "dead_letters": pipeline.dead_letters,
        "stages": pipeline.stages.iter().map(stage).collect::<Vec<_>>(),
    })
}
