//! The engine, what it links, and the way from bytes to a [`Plugin`]. One per process is enough.

use std::{path::PathBuf, sync::Arc};

use sha2::{Digest, Sha256};
use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig,
    component::{Component, HasSelf, InstancePre, Linker},
};

use crate::{
    bindings::{Transform, TransformIndices},
    cache::Cache,
    call::Terms,
    deny,
    error::{HostFault, LoadError},
    grants::Grants,
    imports::Context,
    instance::Instance,
    interface,
    limits::{EngineLimits, Limits},
    plugin::{Compiled, Import, Plugin},
    state::MemoryState,
    ticker, wasi,
};

/// Core instances that one component may be made of: Rust guests have 3, JavaScript's a dozen, Python's, which link their libraries when they start, 38.
const CORE_INSTANCES_PER_COMPONENT_MAX: u32 = 64;
/// Tables that one component may have. Its core instances share them.
const TABLES_PER_COMPONENT_MAX: u32 = 16;
/// Bytes of bookkeeping for one instance.
const INSTANCE_BYTES_MAX: usize = 8 << 20;

/// How to make a [`Runtime`].
#[derive(Clone, Debug, Default)]
pub struct RuntimeConfig {
    /// The folder for compiled components, made where it is missing, or none to compile at every load. **Only this program may be able to write
    /// there**: what is in it is executed.
    pub cache_folder: Option<PathBuf>,
    /// What all transforms share.
    pub limits: EngineLimits,
}

/// Loads transforms. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Runtime {
    shared: Arc<Shared>,
}

/// What all plugins of a runtime share.
pub(crate) struct Shared {
    pub(crate) engine: Engine,
    pub(crate) limits: EngineLimits,
    linker: Linker<Context>,
    cache: Option<Cache>,
}

impl Runtime {
    /// Makes one and starts the thread that watches the time.
    ///
    /// # Errors
    /// The machine does not give the addresses that the pool of instances reserves, or the cache folder cannot be used.
    pub fn new(config: RuntimeConfig) -> Result<Runtime, HostFault> {
        let broken = |error: wasmtime::Error| HostFault::Engine { reason: error.root_cause().to_string() };
        let engine = Engine::new(&engine_config(&config.limits)).map_err(broken)?;
        let linker = linker(&engine).map_err(broken)?;
        let cache = config.cache_folder.map(|folder| Cache::open(folder, &engine)).transpose()?;
        ticker::start(&engine, config.limits.tick_ms)
            .map_err(|error| HostFault::Engine { reason: error.to_string() })?;
        Ok(Runtime { shared: Arc::new(Shared { engine, limits: config.limits, linker, cache }) })
    }

    /// Makes a plugin of a component's bytes: checks them, compiles them or takes them from the cache, and asks the component what it is. Blocks for
    /// as long as compiling takes: half a second of computing for a small component, many for an interpreter.
    ///
    /// # Errors
    /// It is not a transform, not of a version that this host knows, cannot say what it is, or the host cannot.
    pub fn load(&self, bytes: &[u8]) -> Result<Plugin, LoadError> {
        let shared = &self.shared;
        let bytes_max = shared.limits.component_bytes_max;
        if bytes.len() > bytes_max {
            return Err(LoadError::TooLarge { bytes: bytes.len(), bytes_max });
        }
        interface::check_preamble(bytes)?;
        let sha256 = hexadecimal(&Sha256::digest(bytes));
        let (component, was_cached) = shared.component(&sha256, bytes)?;
        let imports = interface::check(&shared.engine, &component)?;
        let (pre, indices) = shared.prepare(&component, &imports)?;
        let packed = interface::packed(&shared.engine, &component)?;
        let mut compiled = Compiled {
            shared: Arc::clone(shared),
            pre,
            indices,
            packed,
            sha256,
            imports,
            was_cached,
            description: crate::description::Description::unknown(),
        };
        compiled.description = Instance::new(&compiled, self.terms_of_describing())?.describe()?;
        Ok(Plugin::new(compiled))
    }

    /// The defaults, as far as this engine allows them, and no grants.
    fn terms_of_describing(&self) -> Terms {
        let engine = &self.shared.limits;
        let mut limits = Limits::default();
        limits.memory_bytes_max = limits.memory_bytes_max.min(engine.memory_bytes_ceiling);
        limits.table_elements_max = limits.table_elements_max.min(engine.table_elements_ceiling);
        Terms { limits, grants: Grants::default(), state: Arc::new(MemoryState::default()) }
    }
}

impl Shared {
    /// The compiled component, and whether it came from the cache.
    fn component(&self, sha256: &str, bytes: &[u8]) -> Result<(Component, bool), LoadError> {
        if let Some(component) = self.cache.as_ref().and_then(|cache| cache.get(&self.engine, sha256)) {
            return Ok((component, true));
        }
        let component = Component::from_binary(&self.engine, bytes)
            .map_err(|error| LoadError::Compile { reason: error.root_cause().to_string() })?;
        if let Some(cache) = &self.cache {
            cache.put(sha256, &component);
        }
        Ok((component, false))
    }

    /// Links it. Types are compared here: a component that only borrows our name does not pass.
    fn prepare(
        &self,
        component: &Component,
        imports: &[Import],
    ) -> Result<(InstancePre<Context>, TransformIndices), LoadError> {
        let mismatch = |error: wasmtime::Error| LoadError::InterfaceShape { reason: format!("{error:#}") };
        let denied: Vec<&str> =
            imports.iter().filter(|import| !import.is_linked).map(|import| import.name.as_str()).collect();
        let mut linker = self.linker.clone();
        deny::link(&mut linker, &self.engine, component, &denied).map_err(mismatch)?;
        let pre = linker.instantiate_pre(component).map_err(mismatch)?;
        let indices = TransformIndices::new(&pre).map_err(mismatch)?;
        Ok((pre, indices))
    }
}

fn linker(engine: &Engine) -> wasmtime::Result<Linker<Context>> {
    let mut linker = Linker::new(engine);
    wasi::link(&mut linker)?;
    Transform::add_to_linker::<_, HasSelf<Context>>(&mut linker, |context| context)?;
    Ok(linker)
}

fn engine_config(limits: &EngineLimits) -> Config {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(limits.instances_max)
        .total_core_instances(limits.instances_max.saturating_mul(CORE_INSTANCES_PER_COMPONENT_MAX))
        // Only one of a component's core modules has a memory of its own, as a rule.
        .total_memories(limits.instances_max.saturating_mul(2))
        .total_tables(limits.instances_max.saturating_mul(TABLES_PER_COMPONENT_MAX))
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT_MAX)
        .max_memories_per_component(2)
        .max_tables_per_component(TABLES_PER_COMPONENT_MAX)
        .max_memory_size(limits.memory_bytes_ceiling)
        .table_elements(limits.table_elements_ceiling)
        .max_core_instance_size(INSTANCE_BYTES_MAX)
        .max_component_instance_size(INSTANCE_BYTES_MAX)
        // Nothing of one guest's memory stays where the next one starts.
        .linear_memory_keep_resident(0)
        .table_keep_resident(0);
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .memory_init_cow(true)
        .epoch_interruption(true)
        .consume_fuel(limits.counts_fuel)
        .max_wasm_stack(limits.stack_bytes_max);
    config
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
