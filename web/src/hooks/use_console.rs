//! What every page shares: the checker, the host's word on itself, and the count of changes
//! after which lists are fetched anew. Provided once by the application.

use irongate_proto::irongate_v1::{Feature, GetHostInfoResponse};
use yew::prelude::*;

use super::use_remote::Remote;
use crate::checks::client::Checker;
use crate::components::later::Load;

/// Shared by all pages.
#[derive(Clone)]
pub struct Console {
    /// The one schema worker.
    pub checker: Checker,
    /// Version, environment and limits of the host.
    pub host: Remote<GetHostInfoResponse>,
    /// Counts up when the page has changed something on the host.
    pub revision: u32,
    /// Says that something has changed on the host.
    pub changed: Callback<()>,
    /// Brings what is beyond the first load; the same for the whole life of the page.
    pub load: Load,
}

impl PartialEq for Console {
    fn eq(&self, other: &Console) -> bool {
        let same = self.revision == other.revision && self.host == other.host;
        same && self.checker == other.checker && self.changed == other.changed
    }
}

impl Console {
    /// Whether the host creates topics on first use; assumed until it says otherwise.
    #[must_use]
    pub fn auto_create_topics(&self) -> bool {
        self.host.ready().is_none_or(|info| info.auto_create_topics)
    }

    /// Why the host cannot do something, if it cannot.
    #[must_use]
    pub fn missing(&self, feature: Feature) -> Option<AttrValue> {
        let missing = &self.host.ready()?.missing_features;
        missing
            .iter()
            .find(|missing| missing.feature() == feature)
            .map(|missing| AttrValue::from(missing.reason.clone()))
    }

    /// Why this page changes nothing on the host, where that is so.
    #[must_use]
    pub fn read_only(&self) -> Option<AttrValue> {
        self.host.ready().is_some_and(|info| info.read_only_console).then_some(AttrValue::Static(READ_ONLY))
    }

    /// Why this page cannot change something for which the host needs a feature, if it cannot.
    #[must_use]
    pub fn barred(&self, feature: Feature) -> Option<AttrValue> {
        self.read_only().or_else(|| self.missing(feature))
    }

    /// How the frame shows where one is.
    #[must_use]
    pub fn environment_class(&self) -> Option<&'static str> {
        let info = self.host.ready().filter(|info| !info.environment.is_empty())?;
        Some(if is_production(&info.environment) { "in-production" } else { "in-environment" })
    }

    /// Whether the configuration says that this is production.
    #[must_use]
    pub fn production(&self) -> bool {
        self.host.ready().is_some_and(|info| is_production(&info.environment))
    }
}

/// Why a page that only looks changes nothing.
const READ_ONLY: &str = "this console is read-only: the host was started with --read-only-console, so nothing is sent and nothing changed here";

/// Whether an environment of this name is production.
#[must_use]
pub fn is_production(environment: &str) -> bool {
    environment.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("prod"))
}

/// The shared context.
///
/// # Panics
/// Outside the application, which provides it.
#[hook]
pub fn use_console() -> Console {
    use_context::<Console>().expect("the application provides the console context to every page")
}
