//! The data directory: its lock, its format, its birth. A directory is born whole (built
//! beside its name, then renamed) and refused when it is anything but whole.

use crate::error::fjall_words;
use crate::journal::{self, Finding};
use crate::segments::Segments;
use crate::{OpenError, StoreOptions};
use fjall::config::{BlockSizePolicy, FilterPolicy};
use fjall::{CompressionType, Database, Keyspace, KeyspaceCreateOptions};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

const LOCK: &str = "lock";
const STORE: &str = "store";
const STORE_UNBORN: &str = "store.creating";
const FORMAT: &str = "format";
const FORMAT_UNBORN: &str = "format.creating";
const DATABASE: &str = "db";
const FORMAT_NAME: &str = "irongate-store";
const SEGMENTS: &str = "segments";
const FORMAT_VERSION: u64 = 3;
/// Those before packs of records and before segments: what they may hold is allowed still.
const FORMAT_VERSIONS_READ: [u64; 2] = [1, 2];

const LOG_KEYSPACE: &str = "log";
const DOCUMENTS_KEYSPACE: &str = "documents";
const HEADS_KEYSPACE: &str = "heads";

/// Unflushed records; bounds memory and the time a restart replays.
const LOG_MEMTABLE_BYTES: u64 = 16 << 20;
const DOCUMENTS_MEMTABLE_BYTES: u64 = 4 << 20;
/// Journals kept for unflushed data; fjall's own minimum is 64 MiB.
const JOURNALS_BYTES_MAX: u64 = 128 << 20;
/// Logs are read in ranges, so blocks hold several records.
const LOG_BLOCK_BYTES: u32 = 16 << 10;
/// With two, fjall keeps one of them for flushing, and that one spins for as long as the other compacts.
const WORKER_THREADS: usize = 1;

/// An open directory. The lock is held until it is dropped.
pub(crate) struct Directory {
    pub(crate) database: Database,
    pub(crate) log: Keyspace,
    pub(crate) documents: Keyspace,
    pub(crate) heads: Keyspace,
    pub(crate) segments: Segments,
    /// Where the journals are.
    pub(crate) journals: PathBuf,
    pub(crate) lock: File,
}

pub(crate) fn open(dir: &Path, options: &StoreOptions) -> Result<Directory, OpenError> {
    std::fs::create_dir_all(dir).map_err(|source| io(dir, source))?;
    let lock = lock(dir)?;
    let store = dir.join(STORE);
    if !store.try_exists().map_err(|source| io(&store, source))? {
        create(dir, options, |_| Ok(()))?;
    }
    let is_current = check_format(dir, &store)?;
    let database_dir = store.join(DATABASE);
    if !database_dir.join("version").is_file() {
        return Err(corrupt(dir, format!("{} holds no database", database_dir.display())));
    }
    match journal::check(&database_dir).map_err(|source| io(&database_dir, source))? {
        Finding::Whole => {}
        // fjall only appends to a journal that it finds, and allocates one ahead that it makes itself.
        Finding::Unused { path } => std::fs::remove_file(&path).map_err(|source| io(&path, source))?,
        Finding::Cut { bytes } => tracing::warn!(bytes, "cut off a torn last commit; it was never acknowledged"),
        Finding::Damaged { what } => return Err(corrupt(dir, what)),
    }
    let Keyspaces { database, log, documents, heads } = open_database(dir, &database_dir, options)?;
    if !is_current {
        // Before the first pack or segment: a host that does not know them must not meet one.
        let rename = || std::fs::rename(write_format(&store)?, store.join(FORMAT));
        let written = rename().and_then(|()| File::open(&store)?.sync_all());
        written.map_err(|source| io(&store, source))?;
        tracing::info!("the data directory has format {FORMAT_VERSION} now; an older host refuses it");
    }
    let segments = store.join(SEGMENTS);
    let segments =
        Segments::open(segments.clone(), options.segment_bytes_max).map_err(|source| io(&segments, source))?;
    Ok(Directory { database, log, documents, heads, segments, journals: database_dir, lock })
}

fn lock(dir: &Path) -> Result<File, OpenError> {
    let path = dir.join(LOCK);
    let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path);
    let file = file.map_err(|source| io(&path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked { dir: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(io(&path, source)),
    }
}

/// Makes a store with what `fill` puts into it. It has its name when it is whole.
pub(crate) fn create(
    dir: &Path,
    options: &StoreOptions,
    fill: impl FnOnce(&Keyspaces) -> Result<(), String>,
) -> Result<(), OpenError> {
    let unborn = dir.join(STORE_UNBORN);
    // Left by a start that was cut short; it never had its name, so it holds nothing.
    if unborn.try_exists().map_err(|source| io(&unborn, source))? {
        std::fs::remove_dir_all(&unborn).map_err(|source| io(&unborn, source))?;
    }
    std::fs::create_dir_all(&unborn).map_err(|source| io(&unborn, source))?;
    let database_dir = unborn.join(DATABASE);
    let keyspaces = open_database(dir, &database_dir, options)?;
    let filled = fill(&keyspaces);
    drop(keyspaces);
    filled.map_err(|what| io(&unborn, std::io::Error::other(what)))?;
    let write = || -> std::io::Result<()> {
        std::fs::rename(write_format(&unborn)?, unborn.join(FORMAT))?;
        File::open(&unborn)?.sync_all()?;
        std::fs::rename(&unborn, dir.join(STORE))?;
        File::open(dir)?.sync_all()
    };
    write().map_err(|source| io(&unborn, source))
}

/// Writes the current format's name beside the place where it belongs.
fn write_format(store: &Path) -> std::io::Result<PathBuf> {
    let path = store.join(FORMAT_UNBORN);
    let mut file = File::create(&path)?;
    writeln!(file, "{FORMAT_NAME} {FORMAT_VERSION}")?;
    file.sync_all()?;
    Ok(path)
}

/// Whether the format is the current one, and not an older one that can be read as well.
fn check_format(dir: &Path, store: &Path) -> Result<bool, OpenError> {
    let path = store.join(FORMAT);
    let text = match std::fs::read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes[..bytes.len().min(64)]).trim().to_owned(),
        Err(source) if source.kind() == std::io::ErrorKind::NotFound => {
            return Err(corrupt(dir, format!("{} is missing", path.display())));
        }
        Err(source) => return Err(io(&path, source)),
    };
    let name = |version| format!("{FORMAT_NAME} {version}");
    let supported = name(FORMAT_VERSION);
    if text == supported || FORMAT_VERSIONS_READ.iter().any(|version| text == name(*version)) {
        return Ok(text == supported);
    }
    let found = if text.is_empty() { "an empty name".to_owned() } else { text };
    Err(OpenError::Format { dir: dir.to_owned(), found, supported })
}

pub(crate) struct Keyspaces {
    pub(crate) database: Database,
    pub(crate) log: Keyspace,
    pub(crate) documents: Keyspace,
    pub(crate) heads: Keyspace,
}

fn open_database(dir: &Path, database_dir: &Path, options: &StoreOptions) -> Result<Keyspaces, OpenError> {
    let open = || -> fjall::Result<Keyspaces> {
        let database = Database::builder(database_dir)
            .cache_size(options.block_cache_bytes)
            .worker_threads(WORKER_THREADS)
            .max_journaling_size(JOURNALS_BYTES_MAX)
            .journal_compression(CompressionType::None)
            .manual_journal_persist(true)
            .open()?;
        let log = database.keyspace(LOG_KEYSPACE, || {
            KeyspaceCreateOptions::default()
                .max_memtable_size(LOG_MEMTABLE_BYTES)
                .data_block_size_policy(BlockSizePolicy::all(LOG_BLOCK_BYTES))
                .filter_policy(FilterPolicy::disabled())
                .expect_point_read_hits(true)
        })?;
        let documents = database.keyspace(DOCUMENTS_KEYSPACE, || {
            KeyspaceCreateOptions::default().max_memtable_size(DOCUMENTS_MEMTABLE_BYTES)
        })?;
        // A directory of before logs could lose their beginning gets it here.
        let heads = database.keyspace(HEADS_KEYSPACE, || {
            KeyspaceCreateOptions::default().max_memtable_size(DOCUMENTS_MEMTABLE_BYTES)
        })?;
        Ok(Keyspaces { database, log, documents, heads })
    };
    // fjall asserts some invariants of its files; a damaged directory must still get a sentence.
    match catch_unwind(AssertUnwindSafe(open)) {
        Ok(Ok(opened)) => Ok(opened),
        Ok(Err(fjall::Error::Locked)) => Err(OpenError::Locked { dir: dir.to_owned() }),
        Ok(Err(fjall::Error::Io(source))) if source.kind() != std::io::ErrorKind::NotFound => {
            Err(io(database_dir, source))
        }
        Ok(Err(error)) => Err(corrupt(dir, fjall_words(&error))),
        Err(_) => Err(corrupt(dir, "the database breaks its own rules".to_owned())),
    }
}

fn io(path: &Path, source: std::io::Error) -> OpenError {
    OpenError::Io { path: PathBuf::from(path), source }
}

fn corrupt(dir: &Path, what: String) -> OpenError {
    OpenError::Corrupt { dir: dir.to_owned(), what }
}
