//! Builds the components of `plugins/` once and loads them. The build is cargo's own, in a target directory beside ours, so a second run takes no time.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{Arc, LazyLock},
};

use bytes::Bytes;
use irongate_runtime::{
    BatchReport, Grants, GuestFault, Limits, MemoryState, Outcome, Plugin, Record, Runtime, RuntimeConfig, Transform,
    TrapKind,
};

/// Where the components are built.
static FOLDER: LazyLock<PathBuf> = LazyLock::new(build);

/// One for all tests, as in the product.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let cache_folder = Some(Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled-transforms"));
    Runtime::new(RuntimeConfig { cache_folder, ..RuntimeConfig::default() }).expect("the machine can run transforms")
});

/// The folder of `plugins/`.
pub fn plugins_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins")
}

fn build() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../plugins");
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // Flags for the host's programs are not for these.
        command.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        command.current_dir(plugins_folder()).args(["build", "--quiet", "--release", "--target", "wasm32-wasip2"]);
        let status = command.arg("--target-dir").arg(&target).args(arguments).status().expect("cargo starts");
        assert!(status.success(), "the components do not build; is the target there? rustup target add wasm32-wasip2");
    };
    cargo(&[]);
    cargo(&["--package", "irongate-fixtures", "--examples"]);
    target.join("wasm32-wasip2/release")
}

/// The runtime that all tests share.
pub fn runtime() -> &'static Runtime {
    &RUNTIME
}

/// The bytes of a hostile guest, by the name of its file.
pub fn hostile_bytes(name: &str) -> Vec<u8> {
    read(&FOLDER.join("examples").join(format!("{name}.wasm")))
}

/// The bytes of an example, by the name of its folder.
pub fn example_bytes(name: &str) -> Vec<u8> {
    read(&FOLDER.join(format!("{}.wasm", name.replace('-', "_"))))
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A hostile guest, loaded.
pub fn hostile(name: &str) -> Plugin {
    runtime().load(&hostile_bytes(name)).expect("the guest loads")
}

/// A hostile guest, configured with nothing and granted nothing.
pub fn configured(name: &str, limits: Limits) -> Transform {
    hostile(name).configure("null", limits, Grants::default(), Arc::new(MemoryState::default())).expect("it starts")
}

/// Limits that no well-behaved guest meets, however busy the machine is.
pub fn roomy() -> Limits {
    Limits { batch_time_ms_max: 60_000, configure_time_ms_max: 60_000, ..Limits::default() }
}

/// Records with these payloads, in one partition, offsets counted from 100.
pub fn records(payloads: &[&str]) -> Vec<Record> {
    let record = |(index, payload): (u64, &&str)| Record {
        topic: "/default/zoo".into(),
        partition: Some(2),
        offset: Some(100 + index),
        key: Some(format!("key-{index}")),
        publish_time_ms: 1_700_000_000_000,
        payload: Bytes::from((*payload).to_owned()),
        ..Record::default()
    };
    (0..).zip(payloads).map(record).collect()
}

/// A batch with one poisonous record among four, served; its neighbours must be kept, and so must the records of the next batch. Answers the fault.
pub fn poisoned(name: &str, limits: Limits) -> (irongate_runtime::RecordFault, BatchReport) {
    let mut transform = configured(name, limits);
    let mut report = transform.transform(&records(&["a", "b", "poison", "c"])).expect("the host is well");
    assert_eq!(report.outcomes.len(), 4);
    let Outcome::Fault(fault) = report.outcomes.remove(2) else { panic!("{report:?}") };
    assert_eq!(report.outcomes, [Outcome::Keep, Outcome::Keep, Outcome::Keep]);
    assert_eq!(fault.offset, Some(102));

    let next = transform.transform(&records(&["d"])).expect("the host is well");
    assert_eq!(next.outcomes, [Outcome::Keep]);
    (*fault, report)
}

/// Why a guest was stopped.
pub fn kind(fault: &GuestFault) -> &TrapKind {
    match fault {
        GuestFault::Trap(trap) => &trap.kind,
        GuestFault::Error(error) => panic!("not a trap: {error}"),
    }
}
