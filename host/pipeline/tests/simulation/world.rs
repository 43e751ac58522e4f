//! The world of a simulation: a broker with partitions, leases and a cursor that is written down now and then, topics that are written, faults, and the
//! moments at which the process dies. Everything is drawn from one seed. Holds the engine to its rules at every step; knows nothing of its insides.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use fastrand::Rng;
use irongate_pipeline::{Arrived, Batch, Books, DEDUP_ID, Outgoing, Position};
use irongate_runtime::Record;
use tokio::{sync::Notify, time::Instant};

pub const ONE: &str = "/default/one";
pub const TWO: &str = "/default/two";
pub const DEAD: &str = "/default/dlq";
/// As Danube's.
const ACK_TIMEOUT: Duration = Duration::from_secs(30);

/// What is done with a record: how many outputs the first target, the second and the dead letters get of it.
const KINDS: [(&str, [usize; 3]); 7] = [
    ("keep", [1, 1, 0]),
    ("drop", [0, 0, 0]),
    ("split", [2, 2, 0]),
    ("bad", [0, 0, 1]),
    ("retry", [1, 1, 0]),
    ("refused", [1, 0, 1]),
    ("narrow", [1, 0, 0]),
];

pub struct World {
    state: Mutex<State>,
    pub died: Notify,
    pub changed: Notify,
}

pub struct State {
    pub rng: Rng,
    /// Points at which something may happen, counted over all lives.
    pub steps: u64,
    /// The process dies at this step.
    pub dies_at: Option<u64>,
    pub life: u64,
    is_dead: bool,
    pub faults_left: u32,
    /// Until when the second target is away.
    pub away_until: Option<Instant>,
    pub is_at_once: bool,
    pub in_flight_max: u64,
    window: usize,
    books: Option<Books>,
    pulled: u64,
    partitions: Vec<Partition>,
    pub topics: BTreeMap<String, Vec<Outgoing>>,
    /// Dedup ids that were taken in this life; they must not be sent again, but for those whose answer or acknowledgement was lost.
    taken: HashSet<String>,
    excused: HashSet<String>,
    /// The most failures that a record of the source has been counted.
    pub failures_max: u32,
}

struct Partition {
    log: Vec<Arrived>,
    acknowledged: BTreeSet<u64>,
    /// What survives a crash of the broker.
    written_down: u64,
    next: u64,
    out: BTreeMap<u64, Instant>,
    waiting: BTreeSet<u64>,
    failures: HashMap<u64, u32>,
}

pub enum Pulled {
    Record(Arrived),
    Wait(Option<Instant>),
    End,
}

impl World {
    pub fn new(seed: u64, records: u64, is_at_once: bool) -> World {
        let mut rng = Rng::with_seed(seed);
        let mut partitions = Vec::new();
        for number in 0..rng.u64(1..=3) {
            let topic = format!("/default/in-part-{number}");
            let log = (0..records).map(|offset| arrived(&topic, offset, &mut rng)).collect();
            partitions.push(Partition::of(log));
        }
        let window = rng.usize(1..=24);
        let state = State {
            rng,
            steps: 0,
            dies_at: None,
            life: 0,
            is_dead: true,
            faults_left: 0,
            away_until: None,
            is_at_once,
            in_flight_max: 0,
            window,
            books: None,
            pulled: 0,
            partitions,
            topics: BTreeMap::new(),
            taken: HashSet::new(),
            excused: HashSet::new(),
            failures_max: 0,
        };
        World { state: Mutex::new(state), died: Notify::new(), changed: Notify::new() }
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("a rule was broken before")
    }

    /// A moment at which others may act, time may pass, and the process may die. Answers in the life that it was asked in, or never.
    pub async fn step(&self, life: u64) {
        let pause = self.lock().step(life);
        match pause {
            None => {
                self.died.notify_one();
                std::future::pending::<()>().await;
            }
            Some(Duration::ZERO) => tokio::task::yield_now().await,
            Some(pause) => tokio::time::sleep(pause).await,
        }
        if self.lock().is_over(life) {
            std::future::pending::<()>().await;
        }
    }
}

impl State {
    /// A process starts: what it had before comes to it again.
    pub fn begin_life(&mut self, books: Books) -> u64 {
        self.life += 1;
        (self.is_dead, self.pulled, self.books) = (false, 0, Some(books));
        self.taken.clear();
        self.let_go();
        self.life
    }

    fn is_over(&self, life: u64) -> bool {
        self.is_dead || self.life != life
    }

    /// How long it takes; none where the process is dead by then.
    fn step(&mut self, life: u64) -> Option<Duration> {
        if self.is_over(life) {
            return None;
        }
        self.steps += 1;
        self.check_books();
        if self.dies_at.is_some_and(|at| self.steps >= at) {
            self.is_dead = true;
            return None;
        }
        if self.rng.u32(..200) == 0 && self.fault() {
            self.crash_broker();
        }
        let slow = if self.faults_left > 0 { self.rng.u32(..100) } else { 0 };
        Some(Duration::from_millis(match slow {
            0..70 => 0,
            70..97 => self.rng.u64(1..50),
            _ => self.rng.u64(1..40_000),
        }))
    }

    /// Whether something goes wrong here: one of so many, while there are any left.
    pub fn fault(&mut self) -> bool {
        let is_due = self.faults_left > 0;
        self.faults_left -= u32::from(is_due);
        is_due
    }

    /// What came in is accounted for, and no more is in work than may be.
    fn check_books(&self) {
        let Some(books) = &self.books else { return };
        let counts = books.counts();
        assert!(counts.are_conserved(), "{counts:?}");
        let known = counts.read + counts.copies;
        assert!(known == self.pulled || known + 1 == self.pulled, "{} were pulled: {counts:?}", self.pulled);
        assert!(counts.in_flight <= self.in_flight_max, "S11: {counts:?}");
    }

    pub fn pull(&mut self, now: Instant) -> Pulled {
        let window = self.window;
        let mut order: Vec<usize> = (0..self.partitions.len()).collect();
        self.rng.shuffle(&mut order);
        let mut due: Option<Instant> = None;
        for index in order {
            let partition = &mut self.partitions[index];
            self.failures_max = self.failures_max.max(partition.expire(now));
            if let Some(arrived) = partition.deliver(window, now) {
                self.pulled += 1;
                return Pulled::Record(arrived);
            }
            let first = partition.out.values().min().map(|at| *at + ACK_TIMEOUT);
            due = due.into_iter().chain(first).min();
        }
        let is_done = self.partitions.iter().all(|partition| partition.acknowledged.len() == partition.log.len());
        if is_done { Pulled::End } else { Pulled::Wait(due) }
    }

    pub fn let_go(&mut self) {
        self.partitions.iter_mut().for_each(Partition::let_go);
    }

    fn crash_broker(&mut self) {
        for partition in &mut self.partitions {
            partition.let_go();
            if self.is_at_once {
                // What was settled was written down with its outputs.
                continue;
            }
            let lost = partition.acknowledged.split_off(&partition.written_down);
            partition.waiting.extend(lost.iter().copied());
            let topic = Arc::clone(&partition.log[0].position.topic);
            let was_lost =
                |one: &&Outgoing| one.origin.topic == topic && !partition.acknowledged.contains(&one.origin.offset);
            let again = self.topics.values().flatten().filter(was_lost);
            self.excused.extend(again.map(|outgoing| outgoing.attributes[DEDUP_ID].clone()));
        }
    }

    pub fn acknowledge(&mut self, position: &Position) {
        self.check_complete(position);
        let partition = self.partition(position);
        partition.out.remove(&position.offset);
        partition.waiting.remove(&position.offset);
        partition.acknowledged.insert(position.offset);
        let prefix = (0..).take_while(|offset| partition.acknowledged.contains(offset)).count() as u64;
        if self.rng.u32(..10) == 0 {
            self.partition(position).written_down = prefix;
        }
    }

    pub fn is_acknowledged(&mut self, position: &Position) -> bool {
        self.partition(position).acknowledged.contains(&position.offset)
    }

    fn partition(&mut self, position: &Position) -> &mut Partition {
        let of_topic = |partition: &&mut Partition| partition.log[0].position.topic == position.topic;
        self.partitions.iter_mut().find(of_topic).expect("a topic of the source")
    }

    /// What a topic takes. `answer_is_lost`: the engine must think that it was not taken.
    pub fn take(&mut self, topic: &str, outgoing: &Outgoing, answer_is_lost: bool) {
        let id = outgoing.attributes[DEDUP_ID].clone();
        let is_again = !self.taken.insert(id.clone());
        assert!(!is_again || self.excused.contains(&id), "S2, S10: {topic} is sent twice what it took: {outgoing:?}");
        if answer_is_lost {
            self.excused.insert(id);
        }
        self.topics.entry(topic.to_owned()).or_default().push(outgoing.clone());
    }

    /// A batch: all of it at once.
    pub fn commit(&mut self, batch: &Batch) {
        for (topic, outgoing) in &batch.messages {
            assert!(batch.settled.contains(&outgoing.origin), "an output apart from its record: {outgoing:?}");
            self.take(topic, outgoing, false);
        }
        for write in &batch.state {
            assert_eq!(batch.settled.len(), 1, "S8: state of several records");
            let offset = batch.settled[0].offset.to_string();
            let value = write.value.as_ref().expect("a value");
            assert_eq!(value, &offset, "S8: state of another record");
        }
        batch.settled.iter().for_each(|position| self.acknowledge(position));
    }

    /// S1, S3, S4: when a record is acknowledged, everything that was made of it is there.
    fn check_complete(&self, position: &Position) {
        let expected = expected(self.record(position));
        for (topic, expected) in [ONE, TWO, DEAD].into_iter().zip(expected) {
            let ids = self.ids(topic, position);
            assert_eq!(ids.len(), expected, "S1, S4: {position:?} is acknowledged, in {topic} there is {ids:?}");
        }
    }

    fn record(&self, position: &Position) -> &Record {
        let log = self.partitions.iter().find(|one| one.log[0].position.topic == position.topic);
        let offset = usize::try_from(position.offset).expect("few");
        &log.expect("a topic of the source").log[offset].record
    }

    fn ids(&self, topic: &str, position: &Position) -> BTreeSet<&String> {
        let of = self.topics.get(topic).into_iter().flatten().filter(|outgoing| outgoing.origin == *position);
        of.map(|outgoing| &outgoing.attributes[DEDUP_ID]).collect()
    }

    /// What must hold in the end.
    pub fn check_end(&self) {
        for partition in &self.partitions {
            partition.log.iter().for_each(|arrived| self.check_complete(&arrived.position));
        }
        for (topic, taken) in &self.topics {
            let mut seen = HashSet::new();
            let mut last: HashMap<_, u64> = HashMap::new();
            for outgoing in taken {
                let is_first = seen.insert(&outgoing.attributes[DEDUP_ID]);
                assert!(is_first || !self.is_at_once, "S7: {topic} has {outgoing:?} twice");
                if is_first && topic != DEAD {
                    let before = last.insert((&outgoing.origin.topic, &outgoing.key), outgoing.origin.offset);
                    assert!(before.is_none_or(|before| before <= outgoing.origin.offset), "S6: {topic}: {outgoing:?}");
                }
            }
        }
    }
}

impl Partition {
    fn of(log: Vec<Arrived>) -> Partition {
        Partition {
            log,
            acknowledged: BTreeSet::new(),
            written_down: 0,
            next: 0,
            out: BTreeMap::new(),
            waiting: BTreeSet::new(),
            failures: HashMap::new(),
        }
    }

    fn let_go(&mut self) {
        self.waiting.extend(std::mem::take(&mut self.out).into_keys());
    }

    /// Leases that are over; answers the most failures that a record has by then.
    fn expire(&mut self, now: Instant) -> u32 {
        for (offset, _) in self.out.extract_if(.., |_, at| *at + ACK_TIMEOUT <= now) {
            self.waiting.insert(offset);
            *self.failures.entry(offset).or_default() += 1;
        }
        self.failures.values().copied().max().unwrap_or_default()
    }

    fn deliver(&mut self, window: usize, now: Instant) -> Option<Arrived> {
        let offset = match self.waiting.pop_first() {
            Some(offset) => offset,
            None if self.out.len() < window && self.next < self.log.len() as u64 => {
                self.next += 1;
                self.next - 1
            }
            None => return None,
        };
        self.out.insert(offset, now);
        self.log.get(usize::try_from(offset).expect("few")).cloned()
    }
}

fn arrived(topic: &str, offset: u64, rng: &mut Rng) -> Arrived {
    let (kind, _) = KINDS[if rng.bool() { 0 } else { rng.usize(..KINDS.len()) }];
    let key = rng.u32(..8);
    let record = Record {
        topic: "/default/in".into(),
        offset: Some(offset),
        key: (key < 5).then(|| format!("k{key}")),
        payload: kind.to_owned().into(),
        ..Record::default()
    };
    Arrived { position: Position { topic: topic.into(), offset }, record }
}

fn expected(record: &Record) -> [usize; 3] {
    let kind = KINDS.iter().find(|(kind, _)| kind.as_bytes() == &record.payload[..]);
    kind.expect("one of the kinds").1
}
