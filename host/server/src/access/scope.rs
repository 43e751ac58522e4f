//! What tokens permit, and what each call needs: one table, by path. A call that is not in it
//! needs the scope `admin`, so that a method somebody adds is closed until it is opened here.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// One thing a token permits. None includes another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Publishing, and creating topics by doing so where the server allows that.
    Produce,
    /// Subscribing, acknowledging, browsing.
    Consume,
    /// Registering and deleting schemas, binding topics to them.
    Schemas,
    /// Topics, subscriptions, namespaces, brokers.
    Admin,
}

impl Scope {
    /// Every scope there is.
    pub const ALL: [Self; 4] = [Self::Produce, Self::Consume, Self::Schemas, Self::Admin];

    /// As it is written in tokens and on command lines.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Produce => "produce",
            Self::Consume => "consume",
            Self::Schemas => "schemas",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Scope {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|scope| scope.as_str() == text);
        known.ok_or_else(|| format!("{text} is no scope; there are produce, consume, schemas and admin"))
    }
}

/// What a call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Not even a token: Danube's clients ask whether they still exist.
    Nothing,
    /// A token with any scope: what every client must know before it can do anything.
    AnyScope,
    /// This scope.
    Only(Scope),
}

impl Need {
    /// What a call to `path`, `/package.Service/Method`, needs.
    pub(super) fn of(path: &str) -> Self {
        let (service, method) = path.rsplit_once('/').unwrap_or((path, ""));
        match service {
            "/danube.HealthCheck" => Self::Nothing,
            "/danube.Discovery" | "/irongate.v1.HostService" => Self::AnyScope,
            "/danube.ProducerService" | "/irongate.v1.PublishService" | "/irongate.v1.LoadService" => {
                Self::Only(Scope::Produce)
            }
            "/danube.ConsumerService" | "/irongate.v1.BrowseService" => Self::Only(Scope::Consume),
            "/danube_schema.SchemaRegistry" => match method {
                "GetSchema"
                | "GetLatestSchema"
                | "ListVersions"
                | "ListSubjects"
                | "CheckCompatibility"
                | "GetTopicSchemaConfig" => Self::AnyScope,
                _ => Self::Only(Scope::Schemas),
            },
            // What it would become is told to whoever may send it.
            "/irongate.transforms.v1.TransformService" if method == "DryRunTopicTransforms" => {
                Self::Only(Scope::Produce)
            }
            "/irongate.v1.TopicService" if matches!(method, "ListTopics" | "DescribeTopic") => Self::AnyScope,
            _ => Self::Only(Scope::Admin),
        }
    }

    pub(super) fn is_met_by(self, scopes: &[Scope]) -> bool {
        match self {
            Self::Nothing => true,
            Self::AnyScope => !scopes.is_empty(),
            Self::Only(scope) => scopes.contains(&scope),
        }
    }
}

impl fmt::Display for Need {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => formatter.write_str("which needs none"),
            Self::AnyScope => formatter.write_str("which may be any"),
            Self::Only(scope) => formatter.write_str(scope.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_listed_needs_an_administrator() {
        for path in ["/", "", "/danube.NewService/Method", "/irongate.v1.TopicService/Explode", "/danube.HealthCheck"] {
            assert_eq!(Need::of(path), Need::Only(Scope::Admin), "{path}");
        }
        assert_eq!(Need::of("/danube_schema.SchemaRegistry/NewMethod"), Need::Only(Scope::Schemas));
    }

    #[test]
    fn scopes_are_read_as_they_are_written() {
        for scope in Scope::ALL {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        assert!("root".parse::<Scope>().expect_err("no scope").contains("produce, consume, schemas and admin"));
    }

    #[test]
    fn no_scope_includes_another() {
        for scope in Scope::ALL {
            for other in Scope::ALL {
                assert_eq!(Need::Only(scope).is_met_by(&[other]), scope == other);
            }
            assert!(Need::AnyScope.is_met_by(&[scope]));
        }
        assert!(!Need::AnyScope.is_met_by(&[]), "a token without scopes permits nothing");
    }
}
