//! What a completed commit is worth. An enum and its meaning, nothing else.

use fjall::PersistMode;

/// What survives once a commit has been completed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The commit is handed to the operating system. It survives a crash or kill of the
    /// process; a power cut or a crash of the operating system may lose the newest
    /// commits, but never leaves half of one or a hole between two.
    ProcessCrash,
    /// The commit is synced to the device (`fdatasync`) before it is completed. It survives
    /// a crash of the process, of the operating system, and a power cut, as far as the
    /// device keeps what it has confirmed. The default.
    #[default]
    PowerCut,
}

impl Durability {
    pub(crate) fn persist_mode(self) -> PersistMode {
        match self {
            Self::ProcessCrash => PersistMode::Buffer,
            Self::PowerCut => PersistMode::SyncData,
        }
    }
}
