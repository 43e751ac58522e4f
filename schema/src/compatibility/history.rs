//! A new version against all the versions before it, and the stricter reading of the rules. What may follow what is decided
//! by the comparison of two.

use std::{fmt, str::FromStr};

use super::{Compatibility, Finding, compare};
use crate::{Schema, SchemaError, excerpt::clip, limits::FINDINGS_MAX};

/// What a new version is compared with, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Comparison {
    /// What must keep working.
    pub mode: Compatibility,
    /// With every version before the new one, not only with the last.
    pub transitive: bool,
    /// An optional property that is new to an open object counts as the incompatibility it formally is: the old version
    /// allowed any value there. Means something for JSON Schema only.
    pub strict: bool,
}

/// Ends the name of a mode that looks at all versions.
const TRANSITIVE: &str = "_transitive";

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.mode, if self.transitive { TRANSITIVE } else { "" })
    }
}

impl FromStr for Comparison {
    type Err = SchemaError;

    /// Reads `backward`, `full_transitive` and the like, in any case; never strict.
    fn from_str(name: &str) -> Result<Self, SchemaError> {
        let unknown = || SchemaError::UnknownComparison { name: clip(name) };
        let lower = name.to_ascii_lowercase();
        let bare = lower.strip_suffix(TRANSITIVE);
        let mode: Compatibility = bare.unwrap_or(&lower).parse().map_err(|_| unknown())?;
        if mode == Compatibility::None && bare.is_some() {
            return Err(unknown());
        }
        Ok(Self { mode, transitive: bare.is_some(), strict: false })
    }
}

/// A finding and the version it was found with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionFinding {
    /// The index of the old version.
    pub version: usize,
    /// What does not go together.
    pub finding: Finding,
}

/// Every reason why `new` may not follow `old`, whose oldest version comes first; empty when it may. Looks at no further
/// version once there are [`FINDINGS_MAX`].
pub fn check_history(comparison: Comparison, old: &[&Schema], new: &Schema) -> Vec<VersionFinding> {
    let compared = if comparison.transitive { 0 } else { old.len().saturating_sub(1) };
    let mut findings = Vec::new();
    for (version, schema) in old.iter().enumerate().skip(compared) {
        let found = compare(comparison.mode, comparison.strict, schema, new);
        findings.extend(found.into_iter().map(|finding| VersionFinding { version, finding }));
        if findings.len() >= FINDINGS_MAX {
            break;
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SchemaType;

    fn json(definition: &str) -> Schema {
        Schema::compile(SchemaType::JsonSchema, definition.as_bytes()).unwrap()
    }

    #[test]
    fn every_name_reads_back() {
        for name in
            ["none", "backward", "forward", "full", "backward_transitive", "forward_transitive", "full_transitive"]
        {
            assert_eq!(name.parse::<Comparison>().unwrap().to_string(), name);
        }
        let error = "none_transitive".parse::<Comparison>().unwrap_err();
        assert!(error.to_string().starts_with("unknown comparison 'none_transitive'; use none, backward"), "{error}");
    }

    /// Each step was fine, the whole way was not: the first version wrote what the third cannot read.
    #[test]
    fn transitive_looks_past_the_last_version() {
        let first = json(r#"{"properties":{"a":{"type":"string"}}}"#);
        let second = json(r#"{"properties":{}}"#);
        let third = json(r#"{"properties":{"a":{"type":"integer"}}}"#);
        let versions = [&first, &second];
        assert_eq!(check_history("backward".parse().unwrap(), &versions, &third), []);
        let found = check_history("backward_transitive".parse().unwrap(), &versions, &third);
        assert_eq!((found.len(), found[0].version, found[0].finding.path.as_str()), (1, 0, "/a"));
    }

    #[test]
    fn a_new_optional_property_of_an_open_object_is_reported_when_strict() {
        let open = json(r#"{"properties":{"a":{"type":"string"}}}"#);
        let grown = json(r#"{"properties":{"a":{"type":"string"},"b":{"type":"string"}}}"#);
        let closed = json(r#"{"properties":{"a":{"type":"string"}},"additionalProperties":false}"#);
        let strict = Comparison { strict: true, ..Comparison::default() };
        assert_eq!(check_history(Comparison::default(), &[&open], &grown), []);
        let found = check_history(strict, &[&open], &grown);
        assert_eq!((found.len(), found[0].finding.path.as_str()), (1, "/b"));
        assert_eq!(check_history(strict, &[&closed], &grown), [], "a closed object has no such property");
    }

    #[test]
    fn findings_of_many_versions_are_bounded() {
        let properties = |kind: &str| {
            let all: Vec<String> = (0..60).map(|at| format!(r#""p{at}":{{"type":"{kind}"}}"#)).collect();
            json(&format!(r#"{{"properties":{{{}}}}}"#, all.join(",")))
        };
        let (old, new) = (properties("string"), properties("integer"));
        let found = check_history("backward_transitive".parse().unwrap(), &[&old, &old, &old, &old], &new);
        assert_eq!(found.len(), 120, "the third version is not looked at");
    }
}
