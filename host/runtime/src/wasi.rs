//! The part of WASI 0.2 that a transform finds: standard streams, an empty environment, an empty list of folders, and clocks and random numbers that ask
//! for a grant. Everything else of WASI is not linked at all; `deny.rs` answers for it.

use std::time::{SystemTime, UNIX_EPOCH};

use wasmtime::{
    Result,
    component::{HasData, HasSelf, Linker, Resource, ResourceTable},
};
use wasmtime_wasi::{
    Rng,
    cli::{WasiCli, WasiCliView},
    filesystem::{WasiFilesystem, WasiFilesystemView},
    p2::{
        DynPollable,
        bindings::{
            cli,
            clocks::{monotonic_clock, wall_clock},
            filesystem::preopens,
            random::{insecure, insecure_seed, random},
            sync,
        },
    },
    thread_rng,
};

use crate::{deny::Denied, imports::Context};

/// Random bytes that one call may ask for.
const RANDOM_BYTES_MAX: u64 = 64 << 10;

/// The seed for hash tables of a guest that has no random numbers: any constant does, and the same input gives the same output.
const HASH_SEED: (u64, u64) = (0x6972_6f6e_6761_7465, 0x7472_616e_7366_6f72);

struct Handles;

impl HasData for Handles {
    type Data<'a> = &'a mut ResourceTable;
}

/// Adds it.
pub(crate) fn link(linker: &mut Linker<Context>) -> Result<()> {
    link_streams(linker)?;
    cli::environment::add_to_linker::<_, WasiCli>(linker, Context::cli)?;
    cli::exit::add_to_linker::<_, WasiCli>(linker, Context::cli)?;
    // Interpreters and C libraries ask for the folders at their start and stop if there is no answer. There are none.
    preopens::add_to_linker::<_, WasiFilesystem>(linker, Context::filesystem)?;
    sync::filesystem::types::add_to_linker::<_, WasiFilesystem>(linker, Context::filesystem)?;
    wall_clock::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    monotonic_clock::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    random::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    insecure::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)?;
    insecure_seed::add_to_linker::<_, HasSelf<Context>>(linker, |context| context)
}

fn link_streams(linker: &mut Linker<Context>) -> Result<()> {
    use wasmtime_wasi::WasiView;

    sync::io::error::add_to_linker::<_, Handles>(linker, |context| context.ctx().table)?;
    sync::io::poll::add_to_linker::<_, Handles>(linker, |context| context.ctx().table)?;
    sync::io::streams::add_to_linker::<_, Handles>(linker, |context| context.ctx().table)?;
    cli::stdin::add_to_linker::<_, WasiCli>(linker, Context::cli)?;
    cli::stdout::add_to_linker::<_, WasiCli>(linker, Context::cli)?;
    cli::stderr::add_to_linker::<_, WasiCli>(linker, Context::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(linker, Context::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(linker, Context::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(linker, Context::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(linker, Context::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(linker, Context::cli)
}

impl Context {
    fn clock(&self, function: &str) -> Result<std::time::Duration> {
        if !self.terms.grants.clock {
            return Err(Denied::import(format!("wasi:clocks/{function}")).into());
        }
        // A clock before 1970 is answered as 1970: the guest can do nothing about it.
        Ok(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    fn may_roll_dice(&self, function: &str, bytes: u64) -> Result<()> {
        let function = format!("wasi:random/{function}");
        if !self.terms.grants.random {
            return Err(Denied::import(function).into());
        }
        if bytes > RANDOM_BYTES_MAX {
            return Err(Denied::import(format!("{function} for more than {RANDOM_BYTES_MAX} bytes")).into());
        }
        Ok(())
    }
}

impl wall_clock::Host for Context {
    fn now(&mut self) -> Result<wall_clock::Datetime> {
        let now = self.clock("wall-clock#now")?;
        Ok(wall_clock::Datetime { seconds: now.as_secs(), nanoseconds: now.subsec_nanos() })
    }

    fn resolution(&mut self) -> Result<wall_clock::Datetime> {
        self.clock("wall-clock#resolution")?;
        Ok(wall_clock::Datetime { seconds: 0, nanoseconds: 1 })
    }
}

impl monotonic_clock::Host for Context {
    fn now(&mut self) -> Result<u64> {
        self.clock("monotonic-clock#now")?;
        Ok(u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX))
    }

    fn resolution(&mut self) -> Result<u64> {
        self.clock("monotonic-clock#resolution")?;
        Ok(1)
    }

    // Waiting would hold a thread of the host, where no limit of time reaches: it is never granted.
    fn subscribe_instant(&mut self, _when: u64) -> Result<Resource<DynPollable>> {
        Err(Denied::import("wasi:clocks/monotonic-clock#subscribe-instant".into()).into())
    }

    fn subscribe_duration(&mut self, _when: u64) -> Result<Resource<DynPollable>> {
        Err(Denied::import("wasi:clocks/monotonic-clock#subscribe-duration".into()).into())
    }
}

fn random_bytes(bytes: u64) -> Vec<u8> {
    let mut random = vec![0; usize::try_from(bytes).unwrap_or_default()];
    thread_rng().fill_bytes(&mut random);
    random
}

impl random::Host for Context {
    fn get_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        self.may_roll_dice("random#get-random-bytes", len)?;
        Ok(random_bytes(len))
    }

    fn get_random_u64(&mut self) -> Result<u64> {
        self.may_roll_dice("random#get-random-u64", 8)?;
        Ok(thread_rng().next_u64())
    }
}

impl insecure::Host for Context {
    fn get_insecure_random_bytes(&mut self, len: u64) -> Result<Vec<u8>> {
        self.may_roll_dice("insecure#get-insecure-random-bytes", len)?;
        Ok(random_bytes(len))
    }

    fn get_insecure_random_u64(&mut self) -> Result<u64> {
        self.may_roll_dice("insecure#get-insecure-random-u64", 8)?;
        Ok(thread_rng().next_u64())
    }
}

impl insecure_seed::Host for Context {
    fn insecure_seed(&mut self) -> Result<(u64, u64)> {
        if self.terms.grants.random {
            let mut random = thread_rng();
            return Ok((random.next_u64(), random.next_u64()));
        }
        Ok(HASH_SEED)
    }
}
