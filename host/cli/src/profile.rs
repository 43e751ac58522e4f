//! Connection profiles: a file in the user's configuration folder that gives servers names. Holds no tokens, only the
//! files they are in. What an argument or a variable says goes before what a profile says.

use crate::address::ServiceAddr;
use crate::failure::Failure;
use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The content of the file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    /// The profile that is used where none is named.
    default: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, Written>,
}

/// A profile as it is written.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    service_addr: Option<String>,
    token_file: Option<PathBuf>,
    ca_cert: Option<PathBuf>,
}

/// A server by its name, and how to speak with it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile {
    pub(crate) service_addr: Option<ServiceAddr>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) ca_cert: Option<PathBuf>,
}

/// Where the file is: `irongate/config.toml` below `XDG_CONFIG_HOME`, else below `~/.config`.
pub(crate) fn file() -> Option<PathBuf> {
    let folder = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folder = folder.or_else(|| Some(std::env::home_dir()?.join(".config")))?;
    Some(folder.join("irongate").join("config.toml"))
}

impl Profile {
    /// The profile of this name; without a name the file's default, or one that says nothing.
    ///
    /// # Errors
    /// The file cannot be read or understood, or has no such profile.
    pub(crate) fn find(name: Option<&str>) -> Result<Self> {
        let Some(file) = file() else { return Self::of(&Config::default(), name, Path::new("config.toml")) };
        let config = match std::fs::read_to_string(&file) {
            Ok(text) => parse(&text, &file)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Config::default(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
        };
        Self::of(&config, name, &file)
    }

    fn of(config: &Config, name: Option<&str>, file: &Path) -> Result<Self> {
        let Some(name) = name.or(config.default.as_deref()) else { return Ok(Self::default()) };
        let Some(written) = config.profiles.get(name).cloned() else {
            let known: Vec<&str> = config.profiles.keys().map(String::as_str).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let sentence = format!("there is no profile {name} in {}; known are: {known}", file.display());
            return Err(Failure::Usage(sentence).into());
        };
        let address = written.service_addr.as_deref().map(str::parse).transpose();
        let address = address
            .map_err(|why: String| Failure::Usage(format!("the profile {name} in {}: {why}", file.display())))?;
        // Paths are meant from where the file is, not from where the command happens to run.
        let folder = file.parent().unwrap_or(Path::new("."));
        let resolved = |path: Option<PathBuf>| path.map(|path| folder.join(path));
        Ok(Self { service_addr: address, token_file: resolved(written.token_file), ca_cert: resolved(written.ca_cert) })
    }
}

fn parse(text: &str, file: &Path) -> Result<Config> {
    toml::from_str(text).map_err(|error| Failure::Usage(format!("{}: {error}", file.display())).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "default = \"local\"\n[profiles.local]\nservice_addr = \"localhost:1\"\n\
        [profiles.production]\nservice_addr = \"https://broker:2\"\ntoken_file = \"token\"\nca_cert = \"/etc/ca.pem\"\n";

    fn found(name: Option<&str>) -> Result<Profile> {
        let file = Path::new("/home/me/.config/irongate/config.toml");
        Profile::of(&parse(TEXT, file)?, name, file)
    }

    #[test]
    fn a_profile_is_found_by_name_or_is_the_default() {
        let address = |profile: Profile| profile.service_addr.expect("an address").to_string();
        assert_eq!(address(found(None).expect("the default")), "http://localhost:1");
        let production = found(Some("production")).expect("a profile");
        assert_eq!(production.token_file, Some("/home/me/.config/irongate/token".into()));
        assert_eq!(production.ca_cert, Some("/etc/ca.pem".into()));
        assert_eq!(address(production), "https://broker:2");
    }

    #[test]
    fn what_is_wrong_with_the_file_is_said() {
        let error = found(Some("staging")).expect_err("unknown").to_string();
        assert!(error.contains("no profile staging") && error.contains("known are: local, production"), "{error}");
        let file = Path::new("config.toml");
        let error = parse("[profiles.a]\ntoken = \"x\"\n", file).expect_err("tokens are not kept here").to_string();
        assert!(error.contains("config.toml") && error.contains("token"), "{error}");
        let config = parse("[profiles.a]\nservice_addr = \"nowhere\"\n", file).expect("a file");
        let error = Profile::of(&config, Some("a"), file).expect_err("no port").to_string();
        assert!(error.contains("the profile a") && error.contains("port"), "{error}");
    }
}
