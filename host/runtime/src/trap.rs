//! Why a guest was stopped, told from what the engine says. Never turns a fault of the host into one of the guest.

use thiserror::Error;
use wasmtime::{Trap, WasmBacktrace};
use wasmtime_wasi::{I32Exit, ResourceTableError};

use crate::{call::Function, deny::Denied, error::HostFault, imports::Context, limits::EngineLimits, log::cut};

/// Frames of a backtrace that are kept, and bytes of a symbol.
const FRAMES_MAX: usize = 32;
const SYMBOL_BYTES_MAX: usize = 256;
/// Bytes of the last words that the sentence repeats.
const LAST_WORDS_BYTES_MAX: usize = 512;

/// A guest was stopped in the middle of a call. Nothing that the call did has happened, and the instance is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuestTrap {
    /// Why.
    pub kind: TrapKind,
    /// Where, innermost first: names of the guest's functions as far as the component has them, at most 32.
    pub frames: Vec<String>,
    /// The last that it wrote to standard output and standard error: the text of a panic is here.
    pub last_words: String,
}

/// Why a guest was stopped.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrapKind {
    /// Over the limit of time.
    #[error("the transform took longer than {time_ms_max} ms ({limit})")]
    TimeOut {
        /// Milliseconds allowed.
        time_ms_max: u64,
        /// The name of the limit.
        limit: &'static str,
    },
    /// It asked for more memory than its limit, was refused, and died of it.
    #[error("the transform wanted more than {memory_bytes_max} bytes of memory (memory_bytes_max)")]
    OutOfMemory {
        /// Bytes allowed.
        memory_bytes_max: usize,
    },
    /// Over the limit of instructions.
    #[error("the transform executed more than {fuel_max} instructions in one call (fuel_max)")]
    OutOfFuel {
        /// Instructions allowed.
        fuel_max: u64,
    },
    /// Calls nested too deeply.
    #[error("the transform's calls nest deeper than its stack of {stack_bytes_max} bytes (stack_bytes_max)")]
    StackOverflow {
        /// Bytes of stack.
        stack_bytes_max: usize,
    },
    /// It wanted the host to copy too much.
    #[error("the transform handed over more than {bytes_max} bytes in one call (hostcall_copy_bytes_max)")]
    CopyTooLarge {
        /// Bytes allowed.
        bytes_max: usize,
    },
    /// It holds too many handles to things of the host.
    #[error("the transform holds more than {handles_max} handles of the host (handles_max)")]
    HandlesTooMany {
        /// Handles allowed.
        handles_max: usize,
    },
    /// It called what it was not granted.
    #[error("the transform called `{import}`, which is not granted")]
    Denied {
        /// The function.
        import: String,
    },
    /// It wanted to end the process that it is not.
    #[error("the transform called exit with code {code}; a transform has nothing to exit from")]
    Exit {
        /// The code it gave.
        code: i32,
    },
    /// Another number of outcomes than records.
    #[error("the transform answered {outcomes} outcomes for {records} records")]
    OutcomesMiscounted {
        /// Outcomes answered.
        outcomes: usize,
        /// Records given.
        records: usize,
    },
    /// The answer cannot be read: text that is not UTF-8, a pointer outside the memory, an unknown variant.
    #[error("the transform's answer cannot be read: {reason}")]
    AnswerUnreadable {
        /// What is wrong with it.
        reason: String,
    },
    /// Any other trap of WebAssembly; `unreachable` is how most languages abort.
    #[error("the transform trapped: {reason}")]
    Trapped {
        /// The engine's sentence.
        reason: String,
    },
}

impl std::fmt::Display for GuestTrap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.kind)?;
        let mut words = self.last_words.trim().to_owned();
        if words.is_empty() {
            return Ok(());
        }
        cut(&mut words, LAST_WORDS_BYTES_MAX);
        write!(f, "; its last words: {words}")
    }
}

impl std::error::Error for GuestTrap {}

impl GuestTrap {
    /// Tells a guest's trap from a fault of the host.
    pub(crate) fn from_engine(
        error: wasmtime::Error,
        context: &Context,
        engine: &EngineLimits,
    ) -> Result<Box<GuestTrap>, HostFault> {
        let error = match error.downcast::<HostFault>() {
            Ok(fault) => return Err(fault),
            Err(error) => error,
        };
        let frames = error.downcast_ref::<WasmBacktrace>().map_or_else(Vec::new, frames);
        Ok(Box::new(GuestTrap { kind: kind(&error, context, engine), frames, last_words: context.output.take() }))
    }

    /// For an answer that the engine accepts, but the interface does not.
    pub(crate) fn in_answer(kind: TrapKind, context: &Context) -> Box<GuestTrap> {
        Box::new(GuestTrap { kind, frames: Vec::new(), last_words: context.output.take() })
    }
}

fn kind(error: &wasmtime::Error, context: &Context, engine: &EngineLimits) -> TrapKind {
    if let Some(denied) = error.downcast_ref::<Denied>() {
        return TrapKind::Denied { import: denied.import.clone() };
    }
    if let Some(I32Exit(code)) = error.downcast_ref::<I32Exit>() {
        return TrapKind::Exit { code: *code };
    }
    let limits = &context.terms.limits;
    if let Some(ResourceTableError::Full) = error.downcast_ref::<ResourceTableError>() {
        return TrapKind::HandlesTooMany { handles_max: limits.handles_max };
    }
    let reason = error.root_cause().to_string();
    let reason = reason.strip_prefix("wasm trap: ").unwrap_or(&reason).to_owned();
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => time_out(context),
        Some(Trap::OutOfFuel) => TrapKind::OutOfFuel { fuel_max: limits.fuel_max.unwrap_or_default() },
        Some(Trap::StackOverflow) => TrapKind::StackOverflow { stack_bytes_max: engine.stack_bytes_max },
        Some(_) if context.memory.has_refused => TrapKind::OutOfMemory { memory_bytes_max: limits.memory_bytes_max },
        Some(_) => TrapKind::Trapped { reason },
        // The engine has no type for it; a fixture would notice other words.
        None if reason.contains("fuel allocated for hostcalls") => {
            TrapKind::CopyTooLarge { bytes_max: limits.hostcall_copy_bytes_max }
        }
        None => TrapKind::AnswerUnreadable { reason },
    }
}

fn time_out(context: &Context) -> TrapKind {
    let limits = &context.terms.limits;
    match context.call.function {
        Function::Transform => TrapKind::TimeOut { time_ms_max: limits.batch_time_ms_max, limit: "batch_time_ms_max" },
        Function::Describe | Function::Configure => {
            TrapKind::TimeOut { time_ms_max: limits.configure_time_ms_max, limit: "configure_time_ms_max" }
        }
    }
}

fn frames(backtrace: &WasmBacktrace) -> Vec<String> {
    let name = |frame: &wasmtime::FrameInfo| {
        let mut name = match frame.func_name() {
            Some(symbol) => format!("{:#}", rustc_demangle::demangle(symbol)),
            None => format!("function {}", frame.func_index()),
        };
        cut(&mut name, SYMBOL_BYTES_MAX);
        name
    };
    backtrace.frames().iter().take(FRAMES_MAX).map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_has_the_limit_and_the_last_words() {
        let trap = GuestTrap {
            kind: TrapKind::TimeOut { time_ms_max: 200, limit: "batch_time_ms_max" },
            frames: vec![],
            last_words: " thinking hard\n".into(),
        };
        assert_eq!(
            trap.to_string(),
            "the transform took longer than 200 ms (batch_time_ms_max); its last words: thinking hard"
        );
    }
}
