//! A loaded component: known to be a transform, compiled, described. Has no configuration and no state; [`Plugin::configure`] makes a [`Transform`].

use std::sync::Arc;

use wasmtime::component::{ComponentExportIndex, InstancePre};

use crate::{
    bindings::TransformIndices,
    call::Terms,
    description::{Capability, Description},
    error::{ConfigureError, HostFault},
    grants::Grants,
    imports::Context,
    instance::{CallFault, Instance},
    limits::Limits,
    runtime::Shared,
    state::StateReader,
    transform::Transform,
};

/// An interface that a component imports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// Its full name with its version.
    pub name: String,
    /// Whether this host has it. Calling one that it does not have ends the call.
    pub is_linked: bool,
}

/// A loaded component. Cheap to clone; clones share the compiled code.
#[derive(Clone)]
pub struct Plugin {
    compiled: Arc<Compiled>,
}

/// What all instances of a plugin share.
pub(crate) struct Compiled {
    pub(crate) shared: Arc<Shared>,
    pub(crate) pre: InstancePre<Context>,
    /// Where its functions are.
    pub(crate) indices: TransformIndices,
    /// Where the packed one is, if it has one.
    pub(crate) packed: Option<ComponentExportIndex>,
    pub(crate) sha256: String,
    pub(crate) imports: Vec<Import>,
    pub(crate) was_cached: bool,
    pub(crate) description: Description,
}

impl Plugin {
    pub(crate) fn new(compiled: Compiled) -> Plugin {
        Plugin { compiled: Arc::new(compiled) }
    }

    /// What it says of itself.
    #[must_use]
    pub fn description(&self) -> &Description {
        &self.compiled.description
    }

    /// The sha256 of its bytes, in lower-case hexadecimal.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.compiled.sha256
    }

    /// What it imports.
    #[must_use]
    pub fn imports(&self) -> &[Import] {
        &self.compiled.imports
    }

    /// Whether its compiled code came from the cache.
    #[must_use]
    pub fn was_cached(&self) -> bool {
        self.compiled.was_cached
    }

    /// Makes a transform of it: checks grants and limits, makes an instance, configures it. `configuration` is a JSON document. Blocks for as long
    /// as the guest takes, at most [`Limits::configure_time_ms_max`].
    ///
    /// # Errors
    /// A capability is missing, the configuration is too large, not JSON, or refused, or the host cannot. Nothing may be consumed for it.
    pub fn configure(
        &self,
        configuration: &str,
        limits: Limits,
        grants: Grants,
        state: Arc<dyn StateReader>,
    ) -> Result<Transform, ConfigureError> {
        let description = self.description();
        if let Some(capability) = missing(description, grants) {
            let plugin_name = description.name.clone();
            return Err(ConfigureError::CapabilityDenied { plugin_name, capability: capability.clone() });
        }
        if configuration.len() > limits.config_bytes_max {
            let (bytes, bytes_max) = (configuration.len(), limits.config_bytes_max);
            return Err(ConfigureError::TooLarge { bytes, bytes_max });
        }
        serde_json::from_str::<serde_json::Value>(configuration).map_err(ConfigureError::NotJson)?;
        limits.fit(&self.compiled.shared.limits)?;
        let terms = Terms { limits, grants, state };
        Transform::new(self.clone(), configuration.to_owned(), terms).map_err(|fault| match fault {
            CallFault::Guest(fault) => ConfigureError::Guest(fault),
            CallFault::Host(fault) => ConfigureError::Host(fault),
        })
    }

    /// A fresh instance, not configured.
    pub(crate) fn instantiate(&self, terms: &Terms) -> Result<Instance, CallFault> {
        Instance::new(&self.compiled, terms.clone())
    }
}

fn missing(description: &Description, grants: Grants) -> Option<&Capability> {
    description.capabilities.iter().find(|capability| !grants.include(capability))
}

impl From<CallFault> for crate::error::LoadError {
    fn from(fault: CallFault) -> crate::error::LoadError {
        match fault {
            CallFault::Guest(fault) => crate::error::LoadError::Describe(fault),
            CallFault::Host(fault) => HostFault::into(fault),
        }
    }
}
