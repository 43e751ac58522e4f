//! What the host finds in its data directory at the start: another process, half a
//! write, damage. It never deletes what it cannot read.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    fs,
    io::{Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use irongate_proto::{danube::DispatchStrategy, irongate_v1::PublishRequest};
use irongate_tests::{Host, cli};

const TOPIC: &str = "/default/kept";

async fn publish(host: &Host, count: usize) {
    let mut rpc = host.rpc().await;
    for number in 0..count {
        let request = PublishRequest {
            topic: TOPIC.to_owned(),
            dispatch_strategy: Some(DispatchStrategy::Reliable.into()),
            ..Default::default()
        };
        rpc.publish_one(request, format!("message {number} {}", "x".repeat(200)).as_bytes()).await.unwrap();
    }
}

async fn held(host: &Host) -> usize {
    host.rpc().await.browse_all(&[TOPIC]).await.unwrap().len()
}

/// Every file below a folder, with its size.
fn files(folder: &Path) -> BTreeMap<PathBuf, u64> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), path.metadata().unwrap().len());
        }
    }
    found
}

#[tokio::test]
async fn a_second_process_is_refused_and_the_first_goes_on() {
    let host = Host::start().await;
    publish(&host, 1).await;
    let data = host.data();
    let data = data.to_str().unwrap();
    let second = cli::irongate(host.folder(), &["serve", "--listen", "127.0.0.1:0", "--data-dir", data]).await;
    assert_eq!(second.code, 1, "{second:?}");
    assert!(second.stderr.contains(data) && second.stderr.contains("another process"), "{second:?}");
    publish(&host, 1).await;
    assert_eq!(held(&host).await, 2);
}

#[tokio::test]
async fn a_taken_port_is_named() {
    let host = Host::start().await;
    let other = tempfile::tempdir().unwrap();
    let second = cli::irongate(other.path(), &["serve", "--listen", host.address(), "--data-dir", "data"]).await;
    assert_eq!(second.code, 1, "{second:?}");
    assert!(second.stderr.contains(host.address()) && second.stderr.contains("taken"), "{second:?}");
}

#[tokio::test]
async fn a_file_in_the_place_of_the_directory_is_named() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data"), "not a directory").unwrap();
    let refused = cli::irongate(folder.path(), &["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"]).await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains("data"), "{refused:?}");
    assert_eq!(fs::read_to_string(folder.path().join("data")).unwrap(), "not a directory");
}

/// A power cut in the middle of a write leaves the beginning of a record behind the last whole one.
#[tokio::test]
async fn a_half_written_tail_is_cut_off_and_nothing_before_it_is_lost() {
    let mut host = Host::start().await;
    publish(&host, 20).await;
    host.kill().await;
    let journal = newest_journal(&host.data());
    let mut file = fs::File::options().append(true).open(&journal).unwrap();
    file.write_all(&[1, 0, 0, 0, 1, 42, 0, 0]).unwrap();
    drop(file);
    host.restart().await;
    assert_eq!(held(&host).await, 20);
    publish(&host, 1).await;
    host.kill().await;
    host.restart().await;
    assert_eq!(held(&host).await, 21, "what was written after the repair is there as well");
    host.assert_never_panicked();
}

#[tokio::test]
async fn a_damaged_directory_is_refused_and_left_as_it_was() {
    let mut host = Host::start().await;
    publish(&host, 50).await;
    host.stop().await;
    let before = files(&host.data());
    let kept: Vec<_> = before.keys().filter(|path| !path.ends_with("lock")).collect();
    assert!(!kept.is_empty());
    for path in &kept {
        scribble(path);
    }
    let refused = host.refused_start().await;
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.stderr.contains(host.data().to_str().unwrap()), "the directory is named: {refused:?}");
    assert!(!refused.stderr.contains("panicked at"), "{refused:?}");
    let after = files(&host.data());
    for path in kept {
        assert_eq!(after.get(path), before.get(path), "{} was changed or deleted", path.display());
    }
}

/// Overwrites the middle of a file, as a failing disk would.
fn scribble(path: &Path) {
    let length = path.metadata().unwrap().len();
    let mut file = fs::File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(length / 3)).unwrap();
    let end = usize::try_from(length - length / 3 * 2).unwrap();
    file.write_all(&vec![0xA5; end.min(4096)]).unwrap();
}

/// The file that writes go to before they go anywhere else.
fn newest_journal(data: &Path) -> PathBuf {
    let journals = files(data).into_keys().filter(|path| {
        path.extension().is_some_and(|extension| extension == "jnl")
            || path.parent().is_some_and(|parent| parent.ends_with("journals"))
    });
    journals.max_by_key(|path| path.metadata().unwrap().modified().unwrap()).expect("there is a journal")
}
