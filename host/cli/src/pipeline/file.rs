//! A pipeline's file, read and checked, and its components, loaded; or everything that is wrong, told with its place.

use crate::failure::{FAILED, Failure};
use crate::output::{complain, harmless};
use crate::plugin;
use anyhow::{Context, Result};
use bytes::Bytes;
use irongate_pipeline::{Format, PipelineConfig, Plugins, Problem, Schemas, StageConfig, Stages, StoredName, schemas};
use irongate_proto::pipelines_v1 as wire;
use std::collections::HashMap;
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
    let mut config = read(file)?;
    find_stored(file, &mut config.stages)?;
    let counts_fuel = config.stages.iter().any(|stage| stage.limits.fuel_max.is_some());
    let runtime = plugin::runtime(counts_fuel)?;
    let plugins = Plugins::load(&config.stages, &runtime).map_err(|problems| tell(file, &problems))?;
    let schemas = schemas(&config).map_err(|sentences| {
        sentences.iter().for_each(|sentence| complain(&harmless(&format!("{}: {sentence}", file.display()))));
        Failure::Told { code: FAILED }
    })?;
    Ok(Checked { config, plugins, schemas })
}

/// Puts the files of the user's plugin store in the place of the names of its plugins.
pub(crate) fn find_stored(file: &Path, stages: &mut [StageConfig]) -> Result<()> {
    let find = |name: &StoredName| {
        let store = plugin::PluginStore::of_user().map_err(|error| error.to_string())?;
        store.find(name)
    };
    irongate_pipeline::find_stored(stages, find).map_err(|problems| tell(file, &problems))
}

/// The components of stages whose plugins are found, by the stages' ids.
pub(crate) fn components(stages: &[StageConfig]) -> Result<HashMap<String, Bytes>> {
    let files = stages.iter().filter_map(|stage| Some((stage.id.clone(), stage.uses.file()?)));
    let read = |(id, file): (String, &Path)| {
        let component = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
        Ok((id, component.into()))
    };
    files.map(read).collect()
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
