//! What the operator allows a transform beyond computing. Nothing, unless it is said.

use crate::description::Capability;

/// The capabilities granted to a transform. The default grants none. Files, network, environment and waiting cannot be granted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// Key-value state.
    pub state: bool,
    /// Reading the clocks.
    pub clock: bool,
    /// Random numbers.
    pub random: bool,
}

impl Grants {
    /// Whether a capability is among them. One that this version does not know never is.
    #[must_use]
    pub fn include(&self, capability: &Capability) -> bool {
        match capability {
            Capability::State => self.state,
            Capability::Clock => self.clock,
            Capability::Random => self.random,
            Capability::Other(_) => false,
        }
    }
}
