//! Tokens and TLS as a person meets them: minted, shown, refused, and never printed.

use crate::harness::{Outcome, Server, irongate, objects, run};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A certificate for this machine, its key and a secret, as files.
pub(crate) struct Files {
    dir: TempDir,
}

impl Files {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
        fs::write(dir.path().join("cert.pem"), made.cert.pem()).expect("written");
        fs::write(dir.path().join("key.pem"), made.signing_key.serialize_pem()).expect("written");
        let files = Self { dir };
        run(&["token", "secret", &files.path("secret")]).succeeded();
        files
    }

    pub(crate) fn path(&self, name: &str) -> String {
        let path: PathBuf = self.dir.path().join(name);
        path.to_str().expect("a path of text").to_owned()
    }

    pub(crate) fn mint(&self, more: &[&str]) -> String {
        let secret = self.path("secret");
        let mut args = vec!["token", "mint", "--secret-file", &secret, "--name", "app"];
        args.extend(more);
        run(&args).succeeded().trim().to_owned()
    }

    pub(crate) fn server(&self, more: &[&str]) -> Server {
        let [secret, cert, key] = ["secret", "cert.pem", "key.pem"].map(|name| self.path(name));
        let mut args = vec!["--token-secret-file", &secret];
        if more.contains(&"tls") {
            args.extend(["--tls-cert", &cert, "--tls-key", &key]);
        }
        args.extend(more.iter().filter(|arg| **arg != "tls"));
        Server::start_on(tempfile::tempdir().expect("a directory"), &args)
    }
}

fn with_token(server: &Server, token: &str, args: &[&str]) -> Outcome {
    Outcome::from(server.command(args).env("IRONGATE_TOKEN", token).output().expect("the command starts"))
}

#[test]
fn tokens_permit_what_they_say_where_they_say_it() {
    let files = Files::new();
    let server = files.server(&[]);
    let produce = ["produce", "-t", "/orders/new", "-m", "x", "--reliable"];
    let refused = server.run(&produce).failed(1);
    assert_eq!(refused, "error: this server asks for a token; send it as authorization: Bearer TOKEN\n");

    let producer = files.mint(&["--scope", "produce", "--namespace", "orders"]);
    with_token(&server, &producer, &produce).succeeded();
    let elsewhere = with_token(&server, &producer, &["produce", "-t", "/billing/new", "-m", "x"]).failed(1);
    assert!(elsewhere.contains("the token of app is for the namespaces orders and no other"), "{elsewhere}");
    let browse = ["consume", "-t", "/orders/new", "--from", "earliest"];
    let wrong = with_token(&server, &producer, &browse).failed(1);
    assert!(wrong.contains("the token of app has not the scope for this call, consume"), "{wrong}");

    let file = files.path("token");
    fs::write(&file, files.mint(&["--scope", "consume,admin"])).expect("written");
    let topics = server.run(&["topics", "--token-file", &file]).succeeded();
    assert!(topics.contains("/orders/new") && !topics.contains("/billing"), "{topics}");
    server.run(&["topics", "create", "/billing/new", "--token-file", &file]).succeeded();
    let registered = server.run(&["schema", "list", "--token", &files.mint(&["--scope", "produce"])]);
    registered.succeeded();
}

#[test]
fn tls_and_tokens_open_the_way_to_other_machines() {
    let files = Files::new();
    let server = files.server(&["tls", "--listen", "0.0.0.0:0"]);
    let port = server.url.rsplit(':').next().expect("a port");
    let url = format!("https://127.0.0.1:{port}");
    let token = files.mint(&["--scope", "admin,produce,consume"]);
    let ca = files.path("cert.pem");
    let secured = |args: &[&str]| {
        let mut command = irongate();
        command.args(args).args(["-s", &url, "--ca-cert", &ca]).env("IRONGATE_TOKEN", &token);
        Outcome::from(command.output().expect("the command starts"))
    };
    assert!(server.url.starts_with("https://"), "{}", server.url);
    secured(&["produce", "-t", "/default/t", "-m", "over TLS", "--reliable"]).succeeded();
    let all = secured(&["consume", "-t", "/default/t", "--from", "earliest", "-c", "1", "--json"]).succeeded();
    assert_eq!(objects(&all).len(), 1, "{all}");

    let untrusted = run(&["topics", "-s", &url, "--token", &token]).failed(1);
    assert!(untrusted.starts_with("error: cannot ") && untrusted.contains(&url), "{untrusted}");
    let plain = run(&["topics", "-s", &format!("http://127.0.0.1:{port}"), "--token", &token]).failed(1);
    assert!(plain.starts_with("error: "), "{plain}");
    secured(&["topics"]).succeeded();
}

#[test]
fn half_a_configuration_is_refused_before_anything_is_touched() {
    let files = Files::new();
    let [secret, cert, key] = ["secret", "cert.pem", "key.pem"].map(|name| files.path(name));
    let refused = |args: &[&str]| {
        let data = files.path("data");
        let mut all = vec!["serve", "--listen", "127.0.0.1:0", "--data-dir", &data];
        all.extend(args);
        let stderr = run(&all).failed(2);
        assert!(!Path::new(&data).exists(), "{args:?} touched the data directory");
        stderr
    };
    assert!(refused(&["--tls-cert", &cert]).contains("--tls-key"));
    assert!(refused(&["--tls-cert", &key, "--tls-key", &key]).contains("the certificate cannot be read"));
    fs::write(files.path("short"), "hunter2").expect("written");
    let short = refused(&["--token-secret-file", &files.path("short")]);
    assert!(short.contains("the secret has 7 bytes, at least 32 are needed") && !short.contains("hunter2"), "{short}");
    for half in [&["--token-secret-file", secret.as_str()][..], &["--tls-cert", &cert, "--tls-key", &key]] {
        let stderr = run(&[&["serve", "--listen", "0.0.0.0:0"], half].concat()).failed(2);
        assert!(stderr.contains("can be reached from other machines"), "{stderr}");
    }
}

#[test]
fn a_secret_is_made_once_for_its_owner_alone() {
    let files = Files::new();
    let again = run(&["token", "secret", &files.path("secret")]).failed(1);
    assert!(again.contains("cannot write the secret to"), "{again}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(files.path("secret")).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let secret = files.path("secret");
    let mint = ["token", "mint", "--secret-file", &secret, "--name", "a", "--scope", "produce", "--json"];
    let minted = objects(&run(&mint).succeeded());
    assert_eq!((minted[0]["name"].as_str(), minted[0]["scopes"][0].as_str()), (Some("a"), Some("produce")));
    for wrong in [&["--scope", "root"][..], &["--expires-in", "forever"]] {
        let stderr = run(&[&mint[..], wrong].concat()).failed(2);
        assert!(!stderr.is_empty());
    }
}

#[test]
fn no_log_and_no_answer_holds_a_secret_or_a_token() {
    let files = Files::new();
    let secret = fs::read_to_string(files.path("secret")).expect("readable");
    let token = files.mint(&["--scope", "produce"]);
    let dir = tempfile::tempdir().expect("a directory");
    let log = dir.path().join("log");
    let mut serve = irongate();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--token-secret-file", &files.path("secret"), "--data-dir"]);
    serve.arg(dir.path().join("data")).env("IRONGATE_LOG", "trace").stderr(fs::File::create(&log).expect("a file"));
    let ready = dir.path().join("ready");
    serve.arg("--ready-file").arg(&ready).stdout(std::process::Stdio::null());
    let mut process = serve.spawn().expect("the server starts");
    while !ready.exists() {
        std::thread::yield_now();
    }
    let url = fs::read_to_string(&ready).expect("written");
    let spoilt = format!("{token}x");
    let mut said = String::new();
    for shown in [&token, &spoilt] {
        let args = ["produce", "-m", "x", "-s", url.trim(), "--token", shown];
        let outcome = Outcome::from(irongate().args(args).env("IRONGATE_LOG", "trace").output().expect("it starts"));
        said += &format!("{}{}", outcome.stdout, outcome.stderr);
    }
    process.kill().expect("it runs");
    process.wait().expect("it ends");
    said += &fs::read_to_string(&log).expect("a log");
    assert!(said.contains("not signed with this server's secret") || said.contains("HS256"), "{said}");
    let (signature, claims) = (token.rsplit('.').next().expect("parts"), token.split('.').nth(1).expect("parts"));
    for word in [secret.trim(), signature, claims] {
        assert!(!said.contains(word), "a secret was printed");
    }
}
