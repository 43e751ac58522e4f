//! `irongate serve`: a broker and its server in this process, until a signal ends them.

use crate::address::ServiceAddr;
use crate::credentials::Credentials;
use crate::failure::Failure;
use crate::output::Output;
use crate::verbs::token::read_secret;
use anyhow::{Context, Result, anyhow};
use irongate_broker::{Broker, BrokerConfig};
use irongate_deploy::Deployments;
use irongate_server::{AllowedHost, AllowedOrigin, Backend, Limits, ServerConfig, TlsIdentity, TokenSecret};
use irongate_upstream::{Cluster, UpstreamConfig, UpstreamLimits};
use std::io::{ErrorKind, IsTerminal};
use std::path::{Path, PathBuf};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// What one message may have in bytes where nothing else is asked for, as Danube has it.
const MESSAGE_BYTES_DEFAULT: u32 = 10 << 20;

/// The most that may be asked for: what clients take in one answer, and what a group commit queues, is twice that.
const MESSAGE_BYTES_LIMIT: u32 = 32 << 20;

/// The arguments of `serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Address and port of the one port everything is served on. Port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:6650", env = "IRONGATE_LISTEN")]
    listen: String,

    /// Where topics, messages, schemas and cursors are kept; created when missing.
    #[arg(long, value_name = "DIR", default_value = "./irongate-data", env = "IRONGATE_DATA_DIR")]
    data_dir: PathBuf,

    /// A broker of a Danube cluster: this host then keeps nothing itself and passes everything on.
    /// Repeatable, for when one of them is down.
    #[arg(long, value_name = "URL", conflicts_with_all = ["data_dir", "no_auto_create"], env = "IRONGATE_UPSTREAM")]
    upstream: Vec<ServiceAddr>,

    /// The administrative port of the cluster, which lists and changes topics; Danube's is 50051.
    #[arg(long, value_name = "URL", requires = "upstream", env = "IRONGATE_UPSTREAM_ADMIN")]
    upstream_admin: Option<ServiceAddr>,

    /// A file with the token to show the cluster.
    #[arg(long, value_name = "FILE", requires = "upstream", env = "IRONGATE_UPSTREAM_TOKEN_FILE")]
    upstream_token_file: Option<PathBuf>,

    /// A PEM file with the authorities that vouch for the cluster, instead of this system's.
    #[arg(long, value_name = "FILE", requires = "upstream", env = "IRONGATE_UPSTREAM_CA_CERT")]
    upstream_ca_cert: Option<PathBuf>,

    /// Refuse topics and namespaces that do not exist instead of creating them on first use.
    #[arg(long)]
    no_auto_create: bool,

    /// A name that the console shows, such as production.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    environment: String,

    /// Let the console send and change nothing. It binds that page alone; what other clients may do, tokens say.
    #[arg(long)]
    read_only_console: bool,

    /// The certificate to show, and those that vouch for it behind, as PEM. Turns TLS on.
    #[arg(long, value_name = "FILE", requires = "tls_key", env = "IRONGATE_TLS_CERT")]
    tls_cert: Option<PathBuf>,

    /// The private key of the certificate, as PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert", env = "IRONGATE_TLS_KEY")]
    tls_key: Option<PathBuf>,

    /// A secret to check tokens with, as irongate token secret makes it; whoever calls then
    /// needs a token. Repeatable: to change a secret, accept the old one beside the new for a while.
    #[arg(long, value_name = "FILE", env = "IRONGATE_TOKEN_SECRET_FILE")]
    token_secret_file: Vec<PathBuf>,

    /// Listen on an address that other machines can reach although TLS or tokens are missing:
    /// whoever reaches the port, or the network before it, can read and write everything.
    #[arg(long)]
    allow_remote: bool,

    /// Connections at one time; further ones are turned away. No more than there are file handles.
    #[arg(long, value_name = "COUNT", default_value_t = Limits::default().connections_max)]
    connections_max: usize,

    /// The most bytes that one message may have on the wire, payload, attributes, key and names together.
    #[arg(long, value_name = "BYTES", conflicts_with = "upstream", default_value_t = MESSAGE_BYTES_DEFAULT,
        value_parser = clap::value_parser!(u32).range(1024..=i64::from(MESSAGE_BYTES_LIMIT)))]
    message_bytes_max: u32,

    /// A host name under which clients may address this server, beside loopback. Repeatable.
    #[arg(long, value_name = "HOST[:PORT]")]
    allow_host: Vec<AllowedHost>,

    /// Another origin whose web pages may call this server. Repeatable.
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<AllowedOrigin>,

    /// Where `irongate backup` may have copies made of the data directory; created when missing.
    #[arg(long, value_name = "DIR", conflicts_with = "upstream", env = "IRONGATE_BACKUP_DIR")]
    backup_dir: Option<PathBuf>,

    /// Write the address to this file once the server answers.
    #[arg(long, value_name = "FILE")]
    ready_file: Option<PathBuf>,
}

pub(crate) async fn run(args: Args) -> Result<()> {
    log_to_stderr();
    // Before anything else, so that a signal during the opening is not lost.
    let shutdown = shutdown_signal()?;
    let tls = tls_identity(args.tls_cert.as_deref(), args.tls_key.as_deref())?;
    let token_secrets: Vec<TokenSecret> =
        args.token_secret_file.iter().map(|file| read_secret(file)).collect::<Result<_>>()?;
    let is_guarded = tls.is_some() && !token_secrets.is_empty();
    let listener = bind(&args.listen, is_guarded || args.allow_remote).await?;
    let connections_max = connections_within_handles(args.connections_max);
    let scheme = if tls.is_some() { "https" } else { "http" };
    let address = listener.local_addr()?;
    let (backend, where_kept) = open(&args)?;
    // A cluster's messages cannot be settled together with what a pipeline makes of them; `irongate pipeline run` goes there.
    let deployments = match &backend {
        Backend::Embedded(broker) => Some(Deployments::open(broker.clone(), &args.data_dir).await?),
        Backend::Upstream(_) => None,
    };
    let config = ServerConfig {
        allowed_hosts: args.allow_host,
        allowed_origins: args.allow_origin,
        environment: args.environment,
        read_only_console: args.read_only_console,
        tls,
        token_secrets,
        deployments: deployments.clone(),
        backup_folder: backup_folder(args.backup_dir)?,
        limits: Limits { connections_max, ..Limits::default() },
    };
    announce(&format!("{scheme}://{address}"), &where_kept, args.ready_file.as_deref())?;
    // Pipelines are drained while the broker still takes what they have in flight.
    let shutdown = async {
        shutdown.await;
        if let Some(deployments) = deployments {
            deployments.close().await;
        }
    };
    irongate_server::run(listener, backend, config, shutdown).await?;
    if let Some(file) = args.ready_file {
        let _ = std::fs::remove_file(file);
    }
    Ok(())
}

/// The folder, made where it is missing, so that a wrong one is told at the start.
fn backup_folder(folder: Option<PathBuf>) -> Result<Option<PathBuf>> {
    if let Some(folder) = &folder {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make the folder for back-ups {}", folder.display()))?;
    }
    Ok(folder)
}

pub(crate) fn log_to_stderr() {
    let default = "warn,irongate=info,irongate_server=info,irongate_broker=info,irongate_store=info,irongate_upstream=info,irongate_pipeline=info,irongate_deploy=info";
    let filter = EnvFilter::try_from_env("IRONGATE_LOG").unwrap_or_else(|_| EnvFilter::new(default));
    let is_terminal = std::io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(is_terminal).with_writer(std::io::stderr).init();
}

/// The broker, and where its messages are in words.
fn open(args: &Args) -> Result<(Backend, String)> {
    if args.upstream.is_empty() {
        let mut config = BrokerConfig::new(&args.data_dir);
        config.auto_create_topics = !args.no_auto_create;
        let limits = &mut config.limits;
        limits.message_bytes_max = args.message_bytes_max as usize;
        // One message always fits into a call.
        limits.publish_batch_bytes_max = limits.publish_batch_bytes_max.max(limits.message_bytes_max);
        return Ok((Broker::open(config)?.into(), format!("data in {}", args.data_dir.display())));
    }
    let shown = Credentials::read(None, args.upstream_token_file.clone(), args.upstream_ca_cert.clone())?;
    let config = UpstreamConfig {
        addresses: args.upstream.iter().map(ServiceAddr::uri).collect(),
        admin: args.upstream_admin.as_ref().map(ServiceAddr::uri),
        token: shown.token(),
        authority: shown.authority(),
        limits: UpstreamLimits::default(),
    };
    let addresses: Vec<String> = args.upstream.iter().map(ToString::to_string).collect();
    let cluster = Cluster::new(config).map_err(|error| Failure::Usage(error.to_string()))?;
    Ok((cluster.into(), format!("before the cluster at {}", addresses.join(", "))))
}

/// The certificate and its key, where both files are named.
fn tls_identity(cert: Option<&Path>, key: Option<&Path>) -> Result<Option<TlsIdentity>> {
    let (Some(cert), Some(key)) = (cert, key) else { return Ok(None) };
    let read = |file: &Path| std::fs::read(file).with_context(|| format!("cannot read {}", file.display()));
    let identity = TlsIdentity::from_pem(&read(cert)?, &read(key)?)
        .map_err(|error| Failure::Usage(format!("{} and {}: {error}", cert.display(), key.display())))?;
    Ok(Some(identity))
}

/// File handles that stay for the store and for listening.
#[cfg(unix)]
const OTHER_HANDLES: u64 = 1024;

/// Raises the number of file handles as far as this user may, and answers how many connections they allow.
#[cfg(unix)]
fn connections_within_handles(wanted: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let needed = u64::try_from(wanted).unwrap_or(u64::MAX).saturating_add(OTHER_HANDLES);
    let raised = maximum.map_or(needed, |maximum| maximum.min(needed));
    let handles = match current {
        None => return wanted,
        Some(current) if current >= raised => current,
        Some(current) => match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }) {
            Ok(()) => raised,
            Err(_) => current,
        },
    };
    let allowed = handles.saturating_sub(OTHER_HANDLES).max(handles / 2);
    let connections = wanted.min(usize::try_from(allowed).unwrap_or(usize::MAX));
    if connections < wanted {
        tracing::info!(
            "{handles} file handles allow {connections} connections, not {wanted}; raise the limit (ulimit -n)"
        );
    }
    connections
}

/// Elsewhere the system has no such limit.
#[cfg(not(unix))]
fn connections_within_handles(wanted: usize) -> usize {
    wanted
}

async fn bind(listen: &str, may_be_remote: bool) -> Result<TcpListener> {
    let mut found = tokio::net::lookup_host(listen)
        .await
        .map_err(|error| Failure::Usage(format!("{listen} is no address to listen on, as 127.0.0.1:6650: {error}")))?;
    let address = found.next().ok_or_else(|| Failure::Usage(format!("{listen} names no address")))?;
    if !address.ip().is_loopback() && !may_be_remote {
        return Err(Failure::Usage(format!(
            "{address} can be reached from other machines: give --tls-cert, --tls-key and --token-secret-file, \
             listen on 127.0.0.1, or add --allow-remote where the network itself is trusted"
        ))
        .into());
    }
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            anyhow!("{address} is taken by another process; stop that one or choose another with --listen")
        }
        ErrorKind::PermissionDenied => anyhow!("this user may not listen on {address}; choose a port above 1023"),
        ErrorKind::AddrNotAvailable => anyhow!("{address} is no address of this machine"),
        _ => anyhow!("cannot listen on {address}: {error}"),
    })
}

/// The one line that says where the server is.
fn announce(url: &str, where_kept: &str, ready_file: Option<&Path>) -> Result<()> {
    let text = format!("irongate {} listens on {url}, {where_kept}", env!("CARGO_PKG_VERSION"));
    Output::new(false).progress(&text);
    if let Some(file) = ready_file {
        write_whole(file, &format!("{url}\n"))
            .with_context(|| format!("cannot write the ready file {}", file.display()))?;
    }
    Ok(())
}

/// Whoever waits for the file finds it with its content or not at all.
fn write_whole(file: &Path, text: &str) -> std::io::Result<()> {
    let mut partial = file.as_os_str().to_owned();
    partial.push(".partial");
    std::fs::write(&partial, text)?;
    std::fs::rename(&partial, file)
}

/// Resolves at the first SIGINT or SIGTERM.
#[cfg(unix)]
pub(crate) fn shutdown_signal() -> Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping");
    })
}

/// Resolves at the first Ctrl-C.
#[cfg(not(unix))]
pub(crate) fn shutdown_signal() -> Result<impl Future<Output = ()>> {
    Ok(async {
        let _ = tokio::signal::ctrl_c().await;
    })
}
