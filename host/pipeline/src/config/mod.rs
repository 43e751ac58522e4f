//! From a file to a [`PipelineConfig`], or to everything that is wrong with it. TOML and YAML have the same tree. Starts nothing and loads no
//! component; [`crate::Plugins`] does.

mod chain;
mod check;
mod model;
mod problem;
mod reader;
mod stage;
mod target;
mod tests;
mod toml;
mod tree;
mod units;
mod uses;
mod yaml;

pub use chain::ChainConfig;
pub use model::{
    Bound, DeadLetterConfig, OnError, PipelineConfig, Retry, SchemaConfig, StageConfig, SubscriptionType, TargetConfig,
};
pub use problem::Problem;
pub use tree::Place;
pub use uses::{StoredName, Uses};

use std::path::Path;

use crate::limits::CONFIG_BYTES_MAX;

/// What a configuration is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// TOML.
    Toml,
    /// YAML.
    Yaml,
}

impl Format {
    /// By a file's name: YAML for `.yaml` and `.yml`, else TOML.
    #[must_use]
    pub fn of(file: &Path) -> Format {
        let extension = file.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        if ["yaml", "yml"].contains(&extension) { Format::Yaml } else { Format::Toml }
    }
}

impl PipelineConfig {
    /// Reads and checks a configuration. `folder` is where relative paths in it begin.
    ///
    /// # Errors
    /// Every problem, in the order of the file.
    pub fn parse(text: &str, format: Format, folder: &Path) -> Result<PipelineConfig, Vec<Problem>> {
        let root = root(text, format)?;
        let mut reader = reader::Reader::default();
        let config = check::check(&mut reader, &root, folder);
        reader.problems.sort_by_key(|problem| problem.place);
        match config {
            Some(config) if reader.problems.is_empty() => Ok(config),
            _ => Err(reader.problems),
        }
    }
}

/// The tree of a file that is not too large.
fn root(text: &str, format: Format) -> Result<tree::Node, Vec<Problem>> {
    if text.len() > CONFIG_BYTES_MAX {
        let message = format!("the file has {} bytes, at most {CONFIG_BYTES_MAX} are read", text.len());
        let place = Place { line: 1, column: 1 };
        return Err(vec![Problem { place, path: String::new(), message, suggestion: None }]);
    }
    match format {
        Format::Toml => toml::parse(text),
        Format::Yaml => yaml::parse(text),
    }
}
