//! One `irongate serve` as a process: started on a free port, asked to stop, killed,
//! started again on the same data. Reads what it prints; sends it nothing.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
};

use crate::{
    cli::{self, Ended},
    rpc::Rpc,
    surroundings, until,
};

/// A running host. Dropping it kills the process and removes its data.
pub struct Host {
    data: TempDir,
    arguments: Vec<String>,
    process: Option<Child>,
    address: String,
    started_in: Duration,
}

impl Host {
    /// A host on fresh data.
    pub async fn start() -> Host {
        Host::start_with(&[]).await
    }

    /// A host on fresh data, with further arguments to `serve`.
    pub async fn start_with(arguments: &[&str]) -> Host {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let data = tempfile::tempdir().expect("a temporary directory can be made");
        let mut host = Host { data, arguments, process: None, address: String::new(), started_in: Duration::ZERO };
        host.restart().await;
        host
    }

    /// Starts the process again on the same data, on a new port.
    ///
    /// # Panics
    /// It ends, or says nothing for [`until::PATIENCE`]; what it printed is shown.
    pub async fn restart(&mut self) {
        self.kill().await;
        let started = Instant::now();
        let mut process = self.command().kill_on_drop(true).spawn().expect("the binary can be started");
        let stdout = process.stdout.take().expect("the output is captured");
        let address = until::done("the host's address", ready_address(stdout)).await;
        let Some(address) = address else {
            let status = process.wait().await.expect("an ended process has a status");
            panic!("irongate serve ended with {status} before it was ready:\n{}", self.log());
        };
        self.started_in = started.elapsed();
        self.address = address;
        self.process = Some(process);
    }

    /// Ends the process as a power cut would: no warning, nothing flushed. Waits until it is gone.
    pub async fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().await.expect("an own process can be killed");
        }
    }

    /// Starts the process and kills it at that moment, ready or not.
    pub async fn interrupted_restart(&mut self, moment: impl Future<Output = ()>) {
        self.kill().await;
        let mut process =
            self.command().stdout(Stdio::null()).kill_on_drop(true).spawn().expect("the binary can be started");
        moment.await;
        process.kill().await.expect("an own process can be killed");
    }

    /// Starts the process, which is expected to refuse: answers its exit code and what it said.
    ///
    /// # Panics
    /// It neither ends nor fails in time.
    pub async fn refused_start(&mut self) -> Ended {
        self.kill().await;
        let mut command = self.command();
        command.stderr(Stdio::piped());
        cli::run(self.data.path(), command).await
    }

    /// Asks the process to stop (SIGTERM) and waits until it has.
    pub async fn stop(&mut self) -> ExitStatus {
        let mut process = self.process.take().expect("the host is running");
        let id = process.id().expect("a running process has an id").to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill can be started");
        assert!(sent.success());
        until::done("the host's end", process.wait()).await.expect("an ended process has a status")
    }

    /// `http://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// From the start of the process to its ready line, the last time it was started.
    pub fn started_in(&self) -> Duration {
        self.started_in
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.data.path().join("data")
    }

    /// A folder for the test's own files, gone with the host.
    pub fn folder(&self) -> &Path {
        self.data.path()
    }

    /// The id of the process.
    pub fn process_id(&self) -> u32 {
        self.process.as_ref().and_then(Child::id).expect("the host is running")
    }

    /// Clients of every service, on a connection of their own.
    pub async fn rpc(&self) -> Rpc {
        Rpc::connect(&self.url()).await
    }

    /// What the process printed to standard error since the first start.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// # Panics
    /// The host panicked at any time, even if it lived on.
    pub fn assert_never_panicked(&self) {
        let log = self.log();
        assert!(!log.contains("panicked at"), "the host panicked:\n{log}");
    }

    fn command(&self) -> Command {
        let log = fs::File::options().create(true).append(true).open(self.log_path()).expect("the log can be opened");
        let mut command = Command::new(surroundings::irongate());
        command
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(&self.arguments)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log);
        // Before a cluster a host keeps nothing.
        if !self.arguments.iter().any(|argument| argument == "--upstream") {
            command.arg("--data-dir").arg(self.data());
        }
        command
    }

    fn log_path(&self) -> PathBuf {
        self.data.path().join("stderr.log")
    }
}

/// Reads until the line that names the address, and keeps the pipe open behind it, so
/// that a host that prints more does not fail. None: the output ended first.
async fn ready_address(stdout: impl AsyncRead + Unpin + Send + 'static) -> Option<String> {
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(address) = address_in(&line) {
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Some(address);
        }
    }
    None
}

/// The `127.0.0.1:PORT` of the first URL in a line.
fn address_in(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("http://")?;
    let address: String = rest.chars().take_while(|c| c.is_ascii_digit() || matches!(c, '.' | ':')).collect();
    address.contains(':').then_some(address)
}

#[test]
fn the_address_is_read_from_the_ready_line() {
    assert_eq!(address_in("irongate listens on http://127.0.0.1:41/ now").as_deref(), Some("127.0.0.1:41"));
    assert_eq!(address_in("opening the data directory"), None);
}
