//! The wire contracts: Danube's client, registry and administration services, and
//! `irongate.v1`. Messages and stubs only: no behaviour, no transport.
//!
//! The code under `generated/` comes from the `.proto` files of this folder through
//! protox and tonic-prost-build; it is checked in so that building needs neither.
//! After changing a `.proto` file, run the test `generated_is_current` with
//! `IRONGATE_REGENERATE=1`.

#[allow(
    missing_docs,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::too_many_lines,
    reason = "generated code, and which lints it trips depends on the features; the .proto files carry the documentation"
)]
mod generated {
    pub mod danube {
        include!("generated/danube.rs");
    }
    pub mod danube_schema {
        include!("generated/danube_schema.rs");
    }
    pub mod danube_admin {
        include!("generated/danube_admin.rs");
    }
    pub mod irongate {
        pub mod v1 {
            include!("generated/irongate.v1.rs");
        }
        pub mod backup {
            pub mod v1 {
                include!("generated/irongate.backup.v1.rs");
            }
        }
        pub mod pipelines {
            pub mod v1 {
                include!("generated/irongate.pipelines.v1.rs");
            }
        }
        pub mod transforms {
            pub mod v1 {
                include!("generated/irongate.transforms.v1.rs");
            }
        }
    }
}

pub use generated::{danube, danube_admin, danube_schema, irongate};

/// Our own services, at their current version.
pub use generated::irongate::v1 as irongate_v1;

/// Back-up of a host, at its current version.
pub use generated::irongate::backup::v1 as backup_v1;

/// Pipelines in the host, at their current version.
pub use generated::irongate::pipelines::v1 as pipelines_v1;

/// Transforms of topics, at their current version.
pub use generated::irongate::transforms::v1 as transforms_v1;
