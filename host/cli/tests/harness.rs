//! A server process per test on a free port, and commands that talk to it.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;
use tempfile::TempDir;

/// Longer than any answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The command under test, without a server in its environment.
pub(crate) fn irongate() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_irongate"));
    command.env_remove("IRONGATE_SERVICE_ADDR").env_remove("IRONGATE_LISTEN").env_remove("IRONGATE_DATA_DIR");
    command.env_remove("IRONGATE_TOKEN").env_remove("IRONGATE_TOKEN_FILE").env_remove("IRONGATE_CA_CERT");
    command.env_remove("IRONGATE_PROFILE").env("XDG_CONFIG_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/config"));
    command.env("IRONGATE_LOG", "warn").env("XDG_STATE_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/state"));
    command.env("XDG_DATA_HOME", concat!(env!("CARGO_TARGET_TMPDIR"), "/data"));
    command
}

/// Runs a command to its end.
pub(crate) fn run(args: &[&str]) -> Outcome {
    Outcome::from(irongate().args(args).output().expect("the command starts"))
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("output is text");
        let code = output.status.code().expect("no signal ended it");
        Self { code, stdout: text(output.stdout), stderr: text(output.stderr) }
    }
}

impl Outcome {
    /// The stdout of a command that did all it should.
    pub(crate) fn succeeded(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        assert_eq!(self.stderr, "", "{self:?}");
        self.stdout
    }

    /// The stderr of a command that ended with `code`.
    pub(crate) fn failed(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        assert!(!self.stderr.contains("panicked"), "{self:?}");
        self.stderr
    }
}

/// Every line as a JSON object.
pub(crate) fn objects(stdout: &str) -> Vec<Value> {
    stdout.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"))).collect()
}

/// A running `irongate serve`, killed when it is dropped.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) url: String,
    dir: TempDir,
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_on(tempfile::tempdir().expect("a directory"), &[])
    }

    /// Starts on a directory and returns once the server has said its address.
    pub(crate) fn start_on(dir: TempDir, more: &[&str]) -> Self {
        let mut command = irongate();
        command.args(["serve", "--data-dir"]).arg(data_dir(&dir)).args(more);
        if !more.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the server starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("a line");
        let url = line.split([' ', ',']).find(|word| word.starts_with("http://") || word.starts_with("https://"));
        let url = url.unwrap_or_else(|| panic!("no address in {line:?}")).to_owned();
        Self { child, url, dir, _stdout: stdout }
    }

    pub(crate) fn data_dir(&self) -> PathBuf {
        data_dir(&self.dir)
    }

    /// The host and port.
    pub(crate) fn authority(&self) -> &str {
        self.url.split_once("://").expect("a URL").1
    }

    /// Sends bytes over a connection of their own and reads until it is closed; what was read before a failure counts.
    pub(crate) fn exchange(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.authority()).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        let _ = stream.write_all(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The answer of `/healthz`, with its head.
    pub(crate) fn health(&self) -> String {
        let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.authority());
        self.exchange(request.as_bytes())
    }

    /// Runs a command against this server.
    pub(crate) fn run(&self, args: &[&str]) -> Outcome {
        Outcome::from(self.command(args).output().expect("the command starts"))
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = irongate();
        command.args(args).args(["-s", &self.url]);
        command
    }

    /// Starts a command against this server and leaves its output to be read.
    pub(crate) fn spawn(&self, args: &[&str]) -> Child {
        let mut command = self.command(args);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the command starts")
    }

    /// Waits until every subscription of a topic, one at least, has a consumer.
    pub(crate) fn wait_until_consumed(&self, topic: &str) {
        loop {
            let described = self.run(&["--json", "topics", "describe", topic]).succeeded();
            let described = &objects(&described)[0]["subscription_details"];
            if described.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(|one| one["consumers"] == 1)) {
                return;
            }
        }
    }

    /// What the server answers a plain request with, head and body.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.authority()).expect("a connection");
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.authority());
        stream.write_all(request.as_bytes()).expect("it takes the request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer
    }

    /// Kills the server as a crash would, and starts it again on the same directory and port.
    pub(crate) fn crash_and_restart(self) -> Self {
        self.crash().restart()
    }

    /// Kills the server as a crash would.
    pub(crate) fn crash(mut self) -> Crashed {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
        Crashed { url: self.url.clone(), server: self }
    }

    /// A file in the directory of this test.
    pub(crate) fn file(&self, name: &str, content: &str) -> String {
        let path = self.dir.path().join(name);
        std::fs::write(&path, content).expect("written");
        path.to_str().expect("a path of text").to_owned()
    }
}

/// A server that was killed, with all that it left.
pub(crate) struct Crashed {
    pub(crate) url: String,
    server: Server,
}

impl Crashed {
    /// What it was: commands to it find nobody.
    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// Starts it again on the same directory and port.
    pub(crate) fn restart(self) -> Server {
        let mut server = self.server;
        let authority = server.authority().to_owned();
        let dir = std::mem::replace(&mut server.dir, tempfile::tempdir().expect("a directory"));
        drop(server);
        Server::start_on(dir, &["--listen", &authority])
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn data_dir(dir: &TempDir) -> PathBuf {
    Path::new(dir.path()).join("data")
}

/// The schema of the producer guide.
pub(crate) const USER_EVENTS: &str = r#"{
  "type": "object",
  "properties": { "user_id": { "type": "string" }, "action": { "type": "string" } },
  "required": ["user_id"]
}"#;
