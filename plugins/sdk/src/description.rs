//! What a transform says of itself. The host checks it.

/// Something that the operator must grant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Capability {
    /// Key-value state: [`Host::get`](crate::Host::get), `set` and `delete`.
    State,
    /// Reading the time.
    Clock,
    /// Random numbers.
    Random,
    /// One that this version has no name for.
    Other(String),
}

/// A description, built step by step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) summary: String,
    pub(crate) configuration_schema: Option<String>,
    pub(crate) input_subjects: Vec<String>,
    pub(crate) output_subjects: Vec<String>,
    pub(crate) capabilities: Vec<Capability>,
}

impl Description {
    /// Name: lower-case letters, digits and hyphens, at most 64. Version: by semantic versioning; `env!("CARGO_PKG_VERSION")` is a good one.
    #[must_use]
    pub fn new(name: &str, version: &str) -> Description {
        Description {
            name: name.into(),
            version: version.into(),
            summary: String::new(),
            configuration_schema: None,
            input_subjects: Vec::new(),
            output_subjects: Vec::new(),
            capabilities: Vec::new(),
        }
    }

    /// One or two sentences for people.
    #[must_use]
    pub fn summary(mut self, summary: &str) -> Description {
        self.summary = summary.into();
        self
    }

    /// The JSON Schema of the configuration.
    #[must_use]
    pub fn configuration_schema(mut self, schema: &str) -> Description {
        self.configuration_schema = Some(schema.into());
        self
    }

    /// A subject whose payloads this transform understands.
    #[must_use]
    pub fn input_subject(mut self, subject: &str) -> Description {
        self.input_subjects.push(subject.into());
        self
    }

    /// A subject whose payloads it emits.
    #[must_use]
    pub fn output_subject(mut self, subject: &str) -> Description {
        self.output_subjects.push(subject.into());
        self
    }

    /// A capability that it cannot do without.
    #[must_use]
    pub fn wants(mut self, capability: Capability) -> Description {
        self.capabilities.push(capability);
        self
    }
}
