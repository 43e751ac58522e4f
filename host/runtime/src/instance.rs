//! One live guest and its three functions, each call under its limits. Knows nothing of retrying: after a trap it must be dropped.

use wasmtime::{Store, WasmBacktrace, component::Func};

use crate::{
    accept::{Accepted, accept},
    bindings,
    call::{Call, Function, Terms},
    description::Description,
    error::{GuestError, GuestFault, HostFault},
    imports::Context,
    limits::EngineLimits,
    log::cut,
    packing,
    plugin::Compiled,
    record::{Record, borrow_attributes, lower},
    state::Changes,
    ticker::ticks,
    trap::{GuestTrap, TrapKind},
};

/// Bytes of the packed batch that are kept from one call to the next.
const PACKED_BYTES_KEPT: usize = 1 << 20;

/// Why a call has no answer.
pub(crate) enum CallFault {
    Guest(GuestFault),
    Host(HostFault),
}

impl From<HostFault> for CallFault {
    fn from(fault: HostFault) -> CallFault {
        CallFault::Host(fault)
    }
}

impl From<Box<GuestTrap>> for CallFault {
    fn from(trap: Box<GuestTrap>) -> CallFault {
        CallFault::Guest(trap.into())
    }
}

impl From<GuestError> for CallFault {
    fn from(error: GuestError) -> CallFault {
        CallFault::Guest(error.into())
    }
}

/// A guest in memory.
pub(crate) struct Instance {
    store: Store<Context>,
    guest: bindings::Transform,
    /// The faster way to transform, where the guest has it.
    packed: Option<Packed>,
    engine: EngineLimits,
}

/// The guest's function of `packed`.
struct Packed {
    transform: Func,
    /// The batch as bytes; only its memory is kept.
    batch: Vec<u8>,
}

impl Instance {
    /// Makes one. Start code of the component may run, under the limits of configuring.
    pub(crate) fn new(compiled: &Compiled, terms: Terms) -> Result<Instance, CallFault> {
        let mut store = Store::new(&compiled.shared.engine, Context::new(terms));
        store.limiter(|context| &mut context.memory);
        store.epoch_deadline_trap();
        let engine = compiled.shared.limits.clone();
        begin(&mut store, &engine, Function::Configure, Changes::new())?;
        match compiled.pre.instantiate(&mut store) {
            Ok(instance) => {
                let guest = compiled.indices.load(&mut store, &instance);
                let guest = guest.map_err(|error| HostFault::Instantiate { reason: error.root_cause().to_string() })?;
                let packed = compiled.packed.and_then(|index| instance.get_func(&mut store, index));
                let packed = packed.map(|transform| Packed { transform, batch: Vec::new() });
                Ok(Instance { store, guest, packed, engine })
            }
            // Only what happened in the guest's own start code has a place in it.
            Err(error) if error.is::<WasmBacktrace>() => {
                Err(GuestTrap::from_engine(error, store.data(), &engine)?.into())
            }
            Err(error) => Err(HostFault::Instantiate { reason: error.root_cause().to_string() }.into()),
        }
    }

    pub(crate) fn describe(&mut self) -> Result<Description, CallFault> {
        begin(&mut self.store, &self.engine, Function::Describe, Changes::new())?;
        let answer = self.guest.irongate_transform_guest().call_describe(&mut self.store);
        let said = answer.map_err(|error| self.stopped(error))?;
        Ok(Description::checked(said)?)
    }

    /// Configures it. What it logs is in [`Instance::take_call`].
    pub(crate) fn configure(&mut self, configuration: &str) -> Result<(), CallFault> {
        begin(&mut self.store, &self.engine, Function::Configure, Changes::new())?;
        let answer = self.guest.irongate_transform_guest().call_configure(&mut self.store, configuration);
        let answer = answer.map_err(|error| self.stopped(error))?;
        answer.map_err(|mut reason| {
            cut(&mut reason, self.store.data().terms.limits.reason_bytes_max);
            GuestError::ConfigurationRefused { reason }.into()
        })
    }

    /// Gives it a batch: what became of each record. `earlier` is what this batch's earlier calls changed in the state.
    pub(crate) fn transform(&mut self, batch: &[Record], earlier: Changes) -> Result<Vec<Accepted>, CallFault> {
        begin(&mut self.store, &self.engine, Function::Transform, earlier)?;
        match self.packed.take() {
            Some(mut packed) => {
                let accepted = self.transform_packed(batch, &mut packed);
                packed.batch.shrink_to(PACKED_BYTES_KEPT);
                self.packed = Some(packed);
                accepted
            }
            None => self.transform_typed(batch),
        }
    }

    fn transform_typed(&mut self, batch: &[Record]) -> Result<Vec<Accepted>, CallFault> {
        let attributes = borrow_attributes(batch);
        let records = lower(batch, &attributes);
        let answer = self.guest.irongate_transform_guest().call_transform(&mut self.store, &records);
        let outcomes = answer.map_err(|error| self.stopped(error))?;
        if outcomes.len() != batch.len() {
            let kind = TrapKind::OutcomesMiscounted { outcomes: outcomes.len(), records: batch.len() };
            return Err(GuestTrap::in_answer(kind, self.store.data()).into());
        }
        let limits = &self.store.data().terms.limits;
        Ok(outcomes.into_iter().map(|outcome| accept(outcome, limits)).collect())
    }

    fn transform_packed(&mut self, batch: &[Record], packed: &mut Packed) -> Result<Vec<Accepted>, CallFault> {
        packing::pack(batch, &mut packed.batch);
        let function = packed.transform.typed::<(&[u8],), (Vec<u8>,)>(&self.store);
        let answer = function.and_then(|function| function.call(&mut self.store, (&packed.batch,)));
        let (answer,) = answer.map_err(|error| self.stopped(error))?;
        let accepted = packing::unpack(&answer, batch.len(), &self.store.data().terms.limits);
        accepted.map_err(|kind| GuestTrap::in_answer(kind, self.store.data()).into())
    }

    /// The books of the last call.
    pub(crate) fn take_call(&mut self) -> Call {
        std::mem::take(&mut self.store.data_mut().call)
    }

    /// What the last call wrote to standard output and standard error.
    pub(crate) fn take_output(&self) -> String {
        self.store.data().output.take()
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.store.data().memory.memory_bytes()
    }

    fn stopped(&mut self, error: wasmtime::Error) -> CallFault {
        match GuestTrap::from_engine(error, self.store.data(), &self.engine) {
            Ok(trap) => trap.into(),
            Err(fault) => fault.into(),
        }
    }
}

/// Opens the books of a call and sets its limits.
fn begin(
    store: &mut Store<Context>,
    engine: &EngineLimits,
    function: Function,
    earlier: Changes,
) -> Result<(), HostFault> {
    let context = store.data_mut();
    context.call = Call::new(function, earlier);
    context.memory.has_refused = false;
    let limits = &context.terms.limits;
    let time_ms_max = match function {
        Function::Transform => limits.batch_time_ms_max,
        Function::Describe | Function::Configure => limits.configure_time_ms_max,
    };
    let (copy_bytes_max, fuel_max) = (limits.hostcall_copy_bytes_max, limits.fuel_max);
    store.set_epoch_deadline(ticks(time_ms_max, engine.tick_ms));
    store.set_hostcall_fuel(copy_bytes_max);
    if engine.counts_fuel {
        store
            .set_fuel(fuel_max.unwrap_or(u64::MAX))
            .map_err(|error| HostFault::Engine { reason: error.root_cause().to_string() })?;
    }
    Ok(())
}
