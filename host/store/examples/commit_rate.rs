//! Prints what the store reaches next to a plain file: append and fdatasync with the same
//! group sizes, on the same directory, in turns, so that both see the same disk.
//! `cargo run --release -p irongate-store --example commit_rate [DIR]`

use bytes::Bytes;
use irongate_store::{Append, Commit, Store, StoreOptions};
use std::error::Error;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

const RECORD_BYTES: usize = 1024;
const RUN: Duration = Duration::from_millis(500);
const ROUNDS: usize = 9;

fn main() -> Result<(), Box<dyn Error>> {
    let dir = std::env::args().nth(1).map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = dir.join(format!("irongate-commit-rate-{}", std::process::id()));
    std::fs::create_dir_all(&dir)?;
    println!("{RECORD_BYTES} byte records, medians of {ROUNDS} rounds, records per second");
    println!("{:>10} {:>8} {:>12} {:>12} {:>7}", "in flight", "group", "store", "plain file", "ratio");
    for in_flight in [1, 32, 256] {
        let store = Store::open(dir.join(format!("store-{in_flight}")), &StoreOptions::default())?;
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let (rate, group) = store_rate(&store, in_flight)?;
            let plain = plain_rate(&dir.join("plain"), group)?;
            rounds.push((rate / plain, rate, plain, group));
        }
        rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (ratio, rate, plain, group) = rounds[ROUNDS / 2];
        println!("{in_flight:>10} {group:>8.1} {rate:>12.0} {plain:>12.0} {:>6.0}%", 100.0 * ratio);
    }
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

/// How many commits are completed, and someone waiting for that.
#[derive(Default)]
struct Completed {
    count: Mutex<u64>,
    changed: Condvar,
}

/// Rate with so many commits of one record always in flight, and the mean group size.
fn store_rate(store: &Store, in_flight: u64) -> Result<(f64, f64), Box<dyn Error>> {
    let record = Bytes::from(vec![7; RECORD_BYTES]);
    let completed = Arc::new(Completed::default());
    let before = store.stats();
    let begun = Instant::now();
    let mut submitted = 0;
    while begun.elapsed() < RUN {
        let mut count = completed.count.lock().unwrap_or_else(PoisonError::into_inner);
        while submitted - *count >= in_flight {
            count = completed.changed.wait(count).unwrap_or_else(PoisonError::into_inner);
        }
        drop(count);
        let done = Arc::clone(&completed);
        let append = Append { log: submitted % 4, record: record.clone() };
        store.submit(Commit::new(vec![append], Vec::new(), move |_| {
            *done.count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
            done.changed.notify_one();
        }))?;
        submitted += 1;
    }
    let (after, elapsed) = (store.stats(), begun.elapsed().as_secs_f64());
    store.health()?;
    let records = (after.records_total - before.records_total) as f64;
    let commits = (after.commits_total - before.commits_total) as f64;
    Ok((records / elapsed, records / commits))
}

fn plain_rate(path: &Path, group: f64) -> Result<f64, Box<dyn Error>> {
    let group = group.round().max(1.0) as usize;
    let mut file = File::create(path)?;
    let bytes = vec![7; RECORD_BYTES * group];
    let begun = Instant::now();
    let mut records = 0;
    while begun.elapsed() < RUN {
        file.write_all(&bytes)?;
        file.sync_data()?;
        records += group;
    }
    Ok(records as f64 / begun.elapsed().as_secs_f64())
}
