//! A pipeline's file, read and checked, and its components, loaded; or everything that is wrong, told with its place.

use crate::failure::{FAILED, Failure};
use crate::output::{complain, harmless};
use crate::plugin;
use anyhow::{Context, Result};
use irongate_pipeline::{Format, PipelineConfig, Plugins, Problem, Schemas, Stages, schemas};
use irongate_proto::pipelines_v1 as wire;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A file without problems.
pub(super) struct Checked {
    pub(super) config: PipelineConfig,
    pub(super) plugins: Plugins,
    pub(super) schemas: Schemas,
}

/// Checks a file wholly: what it says, and the components and schemas that it names. Blocks, on a thread that may.
pub(super) async fn check(file: &Path) -> Result<Arc<Checked>> {
    let file: PathBuf = file.to_owned();
    tokio::task::spawn_blocking(move || load(&file).map(Arc::new)).await?
}

/// Stages of their own for one run.
pub(super) async fn configure(file: &Path, checked: &Arc<Checked>) -> Result<Stages> {
    let (file, checked) = (file.to_owned(), Arc::clone(checked));
    let configured = tokio::task::spawn_blocking(move || {
        checked.plugins.configure(&checked.config).map_err(|problems| tell(&file, &problems))
    });
    configured.await?
}

/// What a file says, without the components and schemas that it names.
pub(super) fn read(file: &Path) -> Result<PipelineConfig> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    parse(file, &text)
}

/// The same of a text that is to be in the file.
pub(super) fn parse(file: &Path, text: &str) -> Result<PipelineConfig> {
    let folder = file.parent().unwrap_or(Path::new(""));
    PipelineConfig::parse(text, Format::of(file), folder).map_err(|problems| tell(file, &problems))
}

fn load(file: &Path) -> Result<Checked> {
    let config = read(file)?;
    let counts_fuel = config.stages.iter().any(|stage| stage.limits.fuel_max.is_some());
    let runtime = plugin::runtime(counts_fuel)?;
    let plugins = Plugins::load(&config.stages, &runtime).map_err(|problems| tell(file, &problems))?;
    let schemas = schemas(&config).map_err(|sentences| {
        sentences.iter().for_each(|sentence| complain(&harmless(&format!("{}: {sentence}", file.display()))));
        Failure::Told { code: FAILED }
    })?;
    Ok(Checked { config, plugins, schemas })
}

/// One line for each problem, as editors understand it.
pub(crate) fn tell(file: &Path, problems: &[Problem]) -> anyhow::Error {
    for problem in problems {
        complain(&harmless(&format!("{}:{problem}", file.display())));
    }
    Failure::Told { code: FAILED }.into()
}

/// The same for problems that the server found.
pub(crate) fn tell_answered(file: &Path, problems: &[wire::Problem]) {
    for problem in problems {
        let mut line = format!("{}:{}:{}: ", file.display(), problem.line, problem.column);
        line += &format!("{}: {}", problem.path, problem.message);
        if !problem.suggestion.is_empty() {
            line += &format!("; {}", problem.suggestion);
        }
        complain(&harmless(&line));
    }
}
