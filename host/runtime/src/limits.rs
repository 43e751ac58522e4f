//! Every limit that a transform runs under: name, unit, default. Enforces none of them itself; each says who does.

use crate::error::HostFault;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// The limits of one transform. All of them hold for each instance and each call anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of memory an instance may have, all its linear memories together. Default 64 MiB. Over it, growing fails, which most languages
    /// answer with a trap.
    pub memory_bytes_max: usize,
    /// Elements an instance's function tables may have together. Default 65,536.
    pub table_elements_max: usize,
    /// Milliseconds that one batch may take, by the clock on the wall. Default 1,000. Kept to within two ticks of [`EngineLimits::tick_ms`].
    pub batch_time_ms_max: u64,
    /// Milliseconds that describing and configuring may take, each. Default 10,000: interpreters start slowly.
    pub configure_time_ms_max: u64,
    /// Instructions that one call may execute, as wasmtime counts them, or none. Default none: counting costs 10 to 40 % on computing. Needs
    /// [`EngineLimits::counts_fuel`].
    pub fuel_max: Option<u64>,
    /// Bytes of the configuration. Default 64 KiB.
    pub config_bytes_max: usize,
    /// Records that may take the place of one. Default 256.
    pub outputs_per_record_max: usize,
    /// Bytes of topics, keys, attributes and payloads that may take the place of one record. Default 4 MiB.
    pub output_bytes_per_record_max: usize,
    /// Bytes that one call may make the host copy: the answer to a batch, or the arguments of one import. Default 64 MiB. A batch whose good
    /// answers go over it together is served in smaller batches.
    pub hostcall_copy_bytes_max: usize,
    /// Bytes of the reason in `reject` and `retry`; the rest is cut off. Default 4 KiB.
    pub reason_bytes_max: usize,
    /// Log lines that one call may write; more are left out and counted. Default 100.
    pub log_lines_max: usize,
    /// Bytes of one log line; the rest is cut off. Default 4 KiB.
    pub log_line_bytes_max: usize,
    /// Bytes kept of standard output and standard error together, the last ones of each call. Default 8 KiB.
    pub standard_output_bytes_max: usize,
    /// Names of counters that one call may use; more are left out and counted. Default 64.
    pub counter_names_max: usize,
    /// Bytes of a counter's name. Default 128.
    pub counter_name_bytes_max: usize,
    /// Bytes of a key of the state. Default 512.
    pub state_key_bytes_max: usize,
    /// Keys of the state. Default 100,000. A new one over it is refused, and the transform is told why.
    pub state_keys_max: usize,
    /// Bytes of all keys and values of the state, those of every transform included that shares its room: of a pipeline all stages in all lanes.
    /// Default 256 MiB. What would make it larger is refused, and the transform is told why. Calls that run at once see each other's changes
    /// once they are noted, so together they may go over it by what they change.
    pub state_bytes_max: usize,
    /// Bytes of a value of the state. Default 256 KiB.
    pub state_value_bytes_max: usize,
    /// Bytes of keys and values that one call may change. Default 4 MiB.
    pub state_change_bytes_max: usize,
    /// Handles to things of the host (streams and the like) that an instance may hold. Default 64.
    pub handles_max: usize,
    /// Records of one batch that may be at fault before the rest is left untried. Default 16. Bounds the time that a batch of nothing but
    /// poison can take.
    pub faults_per_batch_max: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            memory_bytes_max: 64 * MIB,
            table_elements_max: 65_536,
            batch_time_ms_max: 1_000,
            configure_time_ms_max: 10_000,
            fuel_max: None,
            config_bytes_max: 64 * KIB,
            outputs_per_record_max: 256,
            output_bytes_per_record_max: 4 * MIB,
            hostcall_copy_bytes_max: 64 * MIB,
            reason_bytes_max: 4 * KIB,
            log_lines_max: 100,
            log_line_bytes_max: 4 * KIB,
            standard_output_bytes_max: 8 * KIB,
            counter_names_max: 64,
            counter_name_bytes_max: 128,
            state_key_bytes_max: 512,
            state_keys_max: 100_000,
            state_bytes_max: 256 * MIB,
            state_value_bytes_max: 256 * KIB,
            state_change_bytes_max: 4 * MIB,
            handles_max: 64,
            faults_per_batch_max: 16,
        }
    }
}

impl Limits {
    /// Whether an engine can keep these limits.
    pub(crate) fn fit(&self, engine: &EngineLimits) -> Result<(), HostFault> {
        if self.memory_bytes_max > engine.memory_bytes_ceiling {
            return Err(HostFault::LimitBeyondEngine {
                limit: "memory_bytes_max",
                value: self.memory_bytes_max as u64,
                ceiling: engine.memory_bytes_ceiling as u64,
            });
        }
        if self.table_elements_max > engine.table_elements_ceiling {
            return Err(HostFault::LimitBeyondEngine {
                limit: "table_elements_max",
                value: self.table_elements_max as u64,
                ceiling: engine.table_elements_ceiling as u64,
            });
        }
        if self.fuel_max.is_some() && !engine.counts_fuel {
            return Err(HostFault::FuelNotCounted);
        }
        Ok(())
    }
}

/// The limits that all transforms of one [`Runtime`](crate::Runtime) share, because compiled code or the pool of instances depends on them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineLimits {
    /// Instances alive at the same time. Default 64. One more is a [`HostFault::Instantiate`].
    pub instances_max: u32,
    /// Bytes of memory that any instance's limit may ask for. Default 512 MiB, reserved as addresses, not as memory.
    pub memory_bytes_ceiling: usize,
    /// Table elements that any instance's limit may ask for. Default 65,536.
    pub table_elements_ceiling: usize,
    /// Bytes of stack of compiled code. Default 512 KiB.
    pub stack_bytes_max: usize,
    /// Bytes of a component. Default 128 MiB: an interpreter with its library has 10 to 40.
    pub component_bytes_max: usize,
    /// Milliseconds between two looks at the time limits. Default 5.
    pub tick_ms: u64,
    /// Whether compiled code counts instructions, without which [`Limits::fuel_max`] cannot be kept. Default false.
    pub counts_fuel: bool,
}

impl Default for EngineLimits {
    fn default() -> EngineLimits {
        EngineLimits {
            instances_max: 64,
            memory_bytes_ceiling: 512 * MIB,
            table_elements_ceiling: 65_536,
            stack_bytes_max: 512 * KIB,
            component_bytes_max: 128 * MIB,
            tick_ms: 5,
            counts_fuel: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_beyond_the_engine_is_refused_with_both_numbers() {
        let limits = Limits { memory_bytes_max: 1 << 40, ..Limits::default() };
        let error = limits.fit(&EngineLimits::default()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the limit memory_bytes_max is 1099511627776, but this host allows at most 536870912; lower it or raise the host's"
        );
    }

    #[test]
    fn fuel_needs_an_engine_that_counts() {
        let limits = Limits { fuel_max: Some(1), ..Limits::default() };
        assert!(matches!(limits.fit(&EngineLimits::default()), Err(HostFault::FuelNotCounted)));
        assert!(limits.fit(&EngineLimits { counts_fuel: true, ..EngineLimits::default() }).is_ok());
    }
}
