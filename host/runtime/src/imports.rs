//! The host's side of the interface: what a guest finds behind `logging`, `counters` and `state`. WASI is in `wasi.rs`.

use std::time::Instant;

use wasmtime::{Result, component::ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

use crate::{
    bindings::irongate::transform::{counters, logging, state, state::StateError, types},
    call::{Call, Function, Terms},
    memory::MemoryLimiter,
    standard_output::StandardOutput,
    state::Changed,
};

/// Everything that belongs to one instance on the host's side.
pub(crate) struct Context {
    pub(crate) terms: Terms,
    pub(crate) call: Call,
    pub(crate) memory: MemoryLimiter,
    pub(crate) output: StandardOutput,
    /// Where the guest's steady clock counts from.
    pub(crate) started: Instant,
    wasi: WasiCtx,
    table: ResourceTable,
}

impl Context {
    pub(crate) fn new(terms: Terms) -> Context {
        let output = StandardOutput::new(terms.limits.standard_output_bytes_max);
        let wasi = WasiCtxBuilder::new().stdout(output.clone()).stderr(output.clone()).build();
        let mut table = ResourceTable::new();
        table.set_max_capacity(terms.limits.handles_max);
        let memory = MemoryLimiter::new(&terms.limits);
        Context { terms, call: Call::default(), memory, output, started: Instant::now(), wasi, table }
    }

    fn may_use_state(&self) -> bool {
        self.terms.grants.state && self.call.function == Function::Transform
    }
}

impl WasiView for Context {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl types::Host for Context {}

impl logging::Host for Context {
    fn log(&mut self, level: logging::Level, message: String) -> Result<()> {
        self.call.log.write(level.into(), message, &self.terms.limits);
        Ok(())
    }
}

impl counters::Host for Context {
    fn add(&mut self, name: String, amount: u64) -> Result<()> {
        self.call.counters.add(name, amount, &self.terms.limits);
        Ok(())
    }
}

impl state::Host for Context {
    fn get(&mut self, key: String) -> Result<Result<Option<Vec<u8>>, StateError>> {
        if !self.may_use_state() {
            return Ok(Err(StateError::Denied));
        }
        let read = self.call.state.get(&key, &*self.terms.state, &self.terms.limits)?;
        Ok(read.map(|value| value.map(Vec::from)))
    }

    fn set(&mut self, key: String, value: Vec<u8>) -> Result<Result<(), StateError>> {
        Ok(self.change(key, Some(value))?)
    }

    fn delete(&mut self, key: String) -> Result<Result<(), StateError>> {
        Ok(self.change(key, None)?)
    }
}

impl Context {
    fn change(&mut self, key: String, value: Option<Vec<u8>>) -> Changed {
        if !self.may_use_state() {
            return Ok(Err(StateError::Denied));
        }
        self.call.state.change(key, value, &*self.terms.state, &self.terms.limits)
    }
}
