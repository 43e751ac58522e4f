//! The engine in a simulated world with paused time: a broker, topics, faults and deaths of the process at thousands of moments, all drawn from a seed.
//! After every step what came in is accounted for; in the end everything is where it belongs. A seed that fails is printed; with
//! `IRONGATE_SIMULATION_SEED` it alone is run again.

mod ports;
mod world;

use std::{path::Path, sync::Arc, time::Duration};

use fastrand::Rng;
use irongate_pipeline::{
    Ended, Format, OUTAGE_PAUSE_MAX, Outgoing, PipelineConfig, Schemas, Stage, Stages, Target, plan, run,
};
use ports::{Life, Script, Topic};
use tokio::time::Instant;
use world::World;

/// Schedules for each of the two forms.
const SCHEDULES: u64 = 1_000;
/// Times that the process dies in a schedule, at most.
const DEATHS_MAX: u32 = 4;
/// In the simulated world's own time: what is not over by then stands still.
const PATIENCE: Duration = Duration::from_hours(48);

/// A schedule. The rest is drawn from its seed.
#[derive(Clone, Copy, Debug)]
struct Schedule {
    seed: u64,
    is_at_once: bool,
    records: u64,
    faults: u32,
    deaths: u32,
    /// Where given, it dies there first.
    dies_at: Option<u64>,
    away: Duration,
}

impl Schedule {
    fn of(seed: u64, is_at_once: bool) -> Schedule {
        Schedule { seed, is_at_once, records: 20, faults: 40, deaths: DEATHS_MAX, dies_at: None, away: Duration::ZERO }
    }

    fn run(self) -> Told {
        let _seed = SaidWhenItFails(self);
        // The engine's jitter.
        fastrand::seed(self.seed);
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().expect("a runtime");
        runtime.block_on(async {
            let live = tokio::time::timeout(PATIENCE, self.live()).await;
            live.expect("it stands still")
        })
    }

    /// Lives until everything is settled.
    async fn live(self) -> Told {
        let world = Arc::new(World::new(self.seed, self.records, self.is_at_once));
        let mut rng = Rng::with_seed(!self.seed);
        let file = file(&mut rng, self.is_at_once);
        world.lock().faults_left = self.faults;
        world.lock().away_until = Some(Instant::now() + self.away);
        let mut deaths = 0;
        loop {
            let steps = world.lock().steps;
            let drawn = (deaths < self.deaths).then(|| steps + rng.u64(1..if self.is_at_once { 80 } else { 250 }));
            world.lock().dies_at = self.dies_at.filter(|_| deaths == 0).or(drawn);
            if let Some(ended) = one_life(&world, &file).await {
                let world = world.lock();
                world.check_end();
                assert!(ended.counts.are_conserved() && ended.counts.in_flight == 0, "{ended:?}");
                return Told { deaths, steps: world.steps, failures_max: world.failures_max, sent: sent(&world) };
            }
            deaths += 1;
        }
    }
}

/// What came of a schedule.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    deaths: u32,
    steps: u64,
    failures_max: u32,
    sent: Vec<String>,
}

fn sent(world: &world::State) -> Vec<String> {
    let line = |(topic, outgoing): (&String, &Outgoing)| format!("{topic} {outgoing:?}");
    world.topics.iter().flat_map(|(topic, taken)| taken.iter().map(move |one| (topic, one))).map(line).collect()
}

struct SaidWhenItFails(Schedule);

impl Drop for SaidWhenItFails {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("IRONGATE_SIMULATION_SEED={} fails as {:?}", self.0.seed, self.0);
        }
    }
}

fn file(rng: &mut Rng, is_at_once: bool) -> String {
    let (lanes, batch, in_flight) = (rng.u32(1..=4), rng.u32(1..=8), rng.u32(1..=16));
    let keeps_state = is_at_once && rng.u32(..3) == 0;
    format!(
        r#"
pipeline:
  name: p
  from: /default/in
  lanes: {lanes}
  batch: {{ records: {batch} }}
  in_flight: {{ records: {in_flight} }}
  drain: 24h
  stages: [{{ id: s, uses: none.wasm, allow: {{ state: {keeps_state} }} }}]
  to:
    - {{ topic: /default/one }}
    - {{ topic: /default/two, when: {{ attribute: narrow, exists: false }} }}
  dead_letter: {{ topic: /default/dlq }}
"#
    )
}

/// One life of the process; none where it died.
async fn one_life(world: &Arc<World>, file: &str) -> Option<Ended> {
    let config = PipelineConfig::parse(file, Format::Yaml, Path::new("")).expect("the file is right");
    let keeps_state = config.stages[0].grants.state;
    let number = world.lock().life + 1;
    let life = Life { world: Arc::clone(world), number };
    let stage = || -> Vec<Box<dyn Stage>> { vec![Box::new(Script { keeps_state, ..Script::default() })] };
    let stages = Stages::native((0..config.lanes).map(|_| stage()).collect());
    let open = |topic: &str| -> Arc<dyn Target> { Arc::new(Topic { life: life.clone(), name: topic.to_owned() }) };
    let mut plan = plan(&config, stages, &Schemas::new(), open);
    let is_at_once = world.lock().is_at_once;
    if is_at_once {
        plan = plan.committing(Arc::new(life.clone()));
    }
    world.lock().in_flight_max = config.in_flight.records as u64;
    assert_eq!(world.lock().begin_life(plan.books()), number);
    let running = run(plan, Box::new(life.clone()), Arc::new(life.clone()), std::future::pending());
    tokio::select! {
        biased;
        () = world.died.notified() => None,
        ended = running => Some(ended.expect("it runs")),
    }
}

/// The seeds to run: all, or the one that is named.
fn seeds() -> Vec<u64> {
    match std::env::var("IRONGATE_SIMULATION_SEED") {
        Ok(seed) => vec![seed.parse().expect("IRONGATE_SIMULATION_SEED is a number")],
        Err(_) => (0..SCHEDULES).collect(),
    }
}

fn deaths_of_all(is_at_once: bool) -> u64 {
    seeds().into_iter().map(|seed| u64::from(Schedule::of(seed, is_at_once).run().deaths)).sum()
}

#[test]
fn at_least_once_holds_whenever_the_process_dies_and_whatever_fails() {
    let deaths = deaths_of_all(false);
    assert!(deaths >= SCHEDULES || seeds().len() == 1, "it died only {deaths} times");
}

#[test]
fn exactly_once_holds_whenever_the_process_dies_and_whatever_fails() {
    let deaths = deaths_of_all(true);
    assert!(deaths >= SCHEDULES || seeds().len() == 1, "it died only {deaths} times");
}

/// The same schedule, cut off at each of its steps.
#[test]
fn it_may_die_at_every_step() {
    for is_at_once in [false, true] {
        let whole = Schedule { deaths: 0, records: 8, ..Schedule::of(7, is_at_once) };
        let steps = whole.run().steps;
        for dies_at in 1..=steps {
            Schedule { dies_at: Some(dies_at), ..whole }.run();
        }
    }
}

#[test]
fn a_seed_tells_everything() {
    for is_at_once in [false, true] {
        assert_eq!(Schedule::of(3, is_at_once).run(), Schedule::of(3, is_at_once).run());
    }
}

/// A target that is away for hours uses up none of the redeliveries after which a broker gives a record up.
#[test]
fn a_target_may_be_away_for_as_long_as_it_likes() {
    for seed in 0..20 {
        let away = OUTAGE_PAUSE_MAX * 240;
        let told = Schedule { deaths: 0, faults: 0, away, ..Schedule::of(seed, false) }.run();
        assert_eq!(told.failures_max, 0, "{told:?}");
    }
}
