//! One run: the generator, the reader and what they measure, taken in piece by piece. Prints nothing and has no clock of
//! its own for telling: whoever runs it does.

use crate::arrivals::{self, Arrived};
use crate::drive::{CALLS_MAX, Call, Drive, Target};
use crate::{LoadError, Measured};
use irongate_proto::irongate_v1::BrowseResponse;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::Stream;

/// How long acknowledged messages are waited for at the reading end once no more arrive.
const ARRIVAL_WAIT: Duration = Duration::from_secs(2);

/// What is to be sent, over all producers.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Messages per second; none: the next message goes when one is acknowledged.
    pub rate: Option<f64>,
    /// How many messages of a producer may be under way.
    pub in_flight: usize,
    /// How many messages there are.
    pub count: Option<u64>,
    /// How long messages are sent.
    pub duration: Option<Duration>,
}

/// A run under way. Dropping it stops the generator.
pub struct Running {
    /// What has been measured up to now.
    pub measured: Measured,
    drive: Arc<Drive>,
    calls: mpsc::Receiver<Call>,
    arrived: Option<mpsc::Receiver<Arrived>>,
    driving: Option<JoinHandle<Result<(), LoadError>>>,
    is_sent: bool,
    last_news: Instant,
}

impl Running {
    /// Begins, with a producer for each target. `reader` reads the topic from its end, if anything does.
    pub fn start<T: Target, E: Send + 'static>(
        plan: &Plan,
        targets: Vec<T>,
        reader: Option<impl Stream<Item = Result<BrowseResponse, E>> + Send + Unpin + 'static>,
    ) -> Self {
        let run_id = format!("{:016x}", fastrand::u64(..));
        let start = Instant::now();
        let arrived = reader.map(|stream| arrivals::read(stream, run_id.clone(), start));
        let drive = Arc::new(Drive {
            run_id,
            start,
            end: plan.duration.map(|duration| start + duration),
            count: plan.count,
            in_flight: plan.in_flight,
            next: AtomicU64::new(0),
            is_stopped: AtomicBool::new(false),
            held_back_us: AtomicU64::new(0),
        });
        let (sender, calls) = mpsc::channel(CALLS_MAX);
        let driving = tokio::spawn(drive.clone().run(targets, plan.rate, sender));
        let measured = Measured::new(start);
        Self { measured, drive, calls, arrived, driving: Some(driving), is_sent: false, last_news: start }
    }

    /// Takes in what comes next. Answers whether more will come. May be dropped at any time without losing anything.
    pub async fn step(&mut self) -> bool {
        let reading = async {
            match &mut self.arrived {
                Some(arrived) => arrived.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            call = self.calls.recv(), if !self.is_sent => match call {
                Some(call) => self.measured.add(call),
                None => (self.is_sent, self.last_news) = (true, Instant::now()),
            },
            some = reading => match some {
                Some(some) => {
                    self.last_news = Instant::now();
                    some.into_iter().for_each(|latency| self.measured.arrived(latency));
                }
                None => self.arrived = None,
            },
            () = tokio::time::sleep_until((self.last_news + ARRIVAL_WAIT).into()), if self.is_sent => return false,
        }
        let arrived_count = self.measured.end_to_end.as_ref().map_or(0, crate::Latencies::count);
        !(self.is_sent && (self.arrived.is_none() || arrived_count >= self.measured.acknowledged))
    }

    /// Sends no further message; what is under way is still taken in.
    pub fn stop(&self) {
        self.drive.is_stopped.store(true, Ordering::Relaxed);
    }

    /// What was measured, once [`Self::step`] has said that nothing more comes, and whether the run came to its own end.
    pub async fn finish(mut self) -> (Measured, Result<(), LoadError>) {
        self.stop();
        let ended = match self.driving.take() {
            Some(driving) => driving.await.unwrap_or_else(|error| Err(error.into())),
            None => Ok(()),
        };
        let held_back = Duration::from_micros(self.drive.held_back_us.load(Ordering::Relaxed));
        let mut measured = std::mem::replace(&mut self.measured, Measured::new(self.drive.start));
        measured.finish(held_back);
        (measured, ended)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}
