//! The life of a server: accept, and on the way out stop accepting, end the streams, let calls
//! in flight finish, close the broker. The caller binds and says when to stop.

use crate::config::ServerConfig;
use crate::connection::Protocol;
use crate::dispatch::Doors;
use crate::error::ServerError;
use crate::limits::{ACCEPT_RETRY_MS, ms};
use irongate_broker::Broker;
use std::io::{Read, Write};
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Serves `broker` on `listener` until `shutdown` resolves, then drains for at most
/// [`crate::Limits::drain_deadline_ms`] and closes the broker.
///
/// # Errors
/// [`ServerError::Listener`] where the listener is no listening socket.
pub async fn run(
    listener: TcpListener,
    broker: Broker,
    config: ServerConfig,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServerError> {
    listener.local_addr().map_err(|source| ServerError::Listener { source })?;
    let server = Server::new(broker.clone(), config);
    tokio::select! {
        () = server.accept_all(&listener) => {}
        () = shutdown => {}
    }
    drop(listener);
    server.drain().await;
    broker.close().await;
    Ok(())
}

struct Server {
    doors: Doors,
    protocol: Arc<Protocol>,
    slots: Arc<Semaphore>,
    connections: TaskTracker,
    /// Ends streams and idle connections.
    stopping: CancellationToken,
    /// Drops what is still open after the deadline.
    abandoned: CancellationToken,
    drain_deadline_ms: u64,
}

impl Server {
    fn new(broker: Broker, config: ServerConfig) -> Self {
        let limits = config.limits.clone();
        let tls = config.tls.clone();
        let stopping = CancellationToken::new();
        Self {
            doors: Doors::new(broker, config, stopping.clone()),
            slots: Arc::new(Semaphore::new(limits.connections_max)),
            connections: TaskTracker::new(),
            abandoned: CancellationToken::new(),
            drain_deadline_ms: limits.drain_deadline_ms,
            protocol: Arc::new(Protocol::new(limits, tls)),
            stopping,
        }
    }

    /// Accepts connections for ever, never more at a time than there are slots.
    async fn accept_all(&self, listener: &TcpListener) {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let Ok(slot) = self.slots.clone().try_acquire_owned() else {
                        self.doors.count_turned_away();
                        turn_away(stream, self.protocol.is_tls());
                        continue;
                    };
                    let connection = self.serve(stream);
                    self.connections.spawn(async move {
                        connection.await;
                        drop(slot);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection; trying again in {ACCEPT_RETRY_MS} ms");
                    tokio::time::sleep(ms(ACCEPT_RETRY_MS)).await;
                }
            }
        }
    }

    fn serve(&self, stream: TcpStream) -> impl Future<Output = ()> + Send + 'static {
        let (protocol, stopping, abandoned) = (self.protocol.clone(), self.stopping.clone(), self.abandoned.clone());
        let doors = stream.local_addr().map(|local| self.doors.at(local.ip()));
        async move {
            let Ok(doors) = doors else { return };
            let _open = doors.count_connection();
            tokio::select! {
                () = protocol.serve(stream, doors.clone(), stopping) => {}
                () = abandoned.cancelled() => {}
            }
        }
    }

    async fn drain(&self) {
        self.stopping.cancel();
        self.connections.close();
        if tokio::time::timeout(ms(self.drain_deadline_ms), self.connections.wait()).await.is_err() {
            tracing::warn!(
                connections = self.connections.len(),
                "calls are still in flight after {} ms; ending them",
                self.drain_deadline_ms
            );
            self.abandoned.cancel();
            self.connections.wait().await;
        }
    }
}

/// Says that there is no place, as far as that is possible without waiting, and closes. Under
/// TLS nothing can be said before a handshake, which is what a full server does not make.
fn turn_away(stream: TcpStream, is_tls: bool) {
    const ANSWER: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\n\
        content-length: 33\r\nretry-after: 1\r\nconnection: close\r\n\r\nthe server has no connection left";
    let Ok(mut stream) = stream.into_std() else { return };
    if !is_tls {
        // What the client has said is read, or closing would throw the answer away with it.
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write(ANSWER);
    }
    let _ = stream.shutdown(std::net::Shutdown::Write);
}
