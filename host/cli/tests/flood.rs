//! Ten thousand connections that say nothing or too little, and a server that goes on answering.

use crate::harness::Server;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// As many as the issue of this test is about, where the machine lets one process hold them.
const CONNECTIONS: u64 = 10_000;
/// Handles of this process that are no connections of the flood.
const OWN_HANDLES: u64 = 256;
/// Longer than anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The same for what is given up only after the time that headers may take.
const SLOW_PATIENCE: Duration = Duration::from_secs(300);

#[cfg(unix)]
fn connections() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let handles = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    CONNECTIONS.min(handles - OWN_HANDLES)
}

#[cfg(not(unix))]
fn connections() -> u64 {
    CONNECTIONS
}

fn open(server: &Server, count: u64) -> Vec<TcpStream> {
    let says = ["", "GET /", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0", "GET / HTTP/1.1\r\nX-Slow: "];
    let mut open = Vec::new();
    for number in 0..count {
        let mut stream = TcpStream::connect(server.authority()).expect("a connection");
        let _ = stream.write_all(says[usize::try_from(number).expect("small") % says.len()].as_bytes());
        open.push(stream);
    }
    open
}

#[test]
fn ten_thousand_connections_leave_the_server_healthy() {
    let server = Server::start();
    let open = open(&server, connections());
    assert!(server.health().starts_with("HTTP/1.1 200"), "with {} connections", open.len());
    server.run(&["produce", "--reliable", "-m", "among them"]).succeeded();
    drop(open);
    server.run(&["topics"]).succeeded();
}

#[test]
fn more_connections_than_allowed_are_turned_away_and_cost_nobody_their_place() {
    let server = Server::start_on(tempfile::tempdir().expect("a directory"), &["--connections-max", "50"]);
    let mut first = TcpStream::connect(server.authority()).expect("a connection");
    first.set_read_timeout(Some(PATIENCE)).expect("set");
    let request = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", server.authority());
    let mut ask = || {
        first.write_all(request.as_bytes()).expect("sent");
        let mut buffer = [0; 1024];
        let read = first.read(&mut buffer).expect("an answer");
        String::from_utf8_lossy(&buffer[..read]).into_owned()
    };
    assert!(ask().starts_with("HTTP/1.1 200"));
    let open = open(&server, 100);
    let refused = server.health();
    assert!(refused.is_empty() || refused.starts_with("HTTP/1.1 503"), "{refused}");
    assert!(ask().starts_with("HTTP/1.1 200"), "who has a place keeps it");
    drop(open);
    let started = Instant::now();
    while !server.health().starts_with("HTTP/1.1 200") {
        assert!(started.elapsed() < PATIENCE, "no place came free");
    }
}

/// Sends a request byte by byte until the server has had enough; answers what it said and how much it was sent.
fn byte_by_byte(server: &Server, mut next: impl FnMut(usize) -> u8) -> (String, usize) {
    let mut stream = TcpStream::connect(server.authority()).expect("a connection");
    // The wait for an answer is also what keeps the bytes apart.
    stream.set_read_timeout(Some(Duration::from_millis(100))).expect("set");
    let started = Instant::now();
    let (mut answer, mut sent) = (Vec::new(), 0);
    while started.elapsed() < SLOW_PATIENCE {
        if stream.write_all(&[next(sent)]).is_ok() {
            sent += 1;
        }
        if sent % 20 == 0 {
            assert!(server.health().starts_with("HTTP/1.1 200"), "others are served meanwhile");
        }
        let mut buffer = [0; 1024];
        match stream.read(&mut buffer) {
            Ok(0) => return (String::from_utf8_lossy(&answer).into_owned(), sent),
            Ok(read) => answer.extend(&buffer[..read]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return (String::from_utf8_lossy(&answer).into_owned(), sent),
        }
    }
    panic!("still open after {sent} bytes in {SLOW_PATIENCE:?}");
}

#[test]
fn headers_that_come_byte_by_byte_are_given_up() {
    let server = Server::start();
    let begin = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\nX-Slow: ", server.authority()).into_bytes();
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| byte_by_byte(&server, |sent| begin.get(sent).copied().unwrap_or(b'x')));
        let silent = scope.spawn(|| byte_by_byte(&server, |_| b'G'));
        for slow in [slow, silent] {
            let (answer, sent) = slow.join().expect("it was given up");
            assert!(sent > 1, "not before it was slow");
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
        }
    });
    server.run(&["produce", "--reliable", "-m", "afterwards"]).succeeded();
}
