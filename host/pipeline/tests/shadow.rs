//! What a comparison of two configurations tells, by stages that are no components: nothing that a reader of the target would notice is missed.

use std::{collections::VecDeque, path::Path};

use irongate_pipeline::{
    Arrived, Compared, Difference, Format, Pending, PipelineConfig, PortError, Position, Schemas, Side, Source, Stage,
    Stages, shadow,
};
use irongate_runtime::{BatchReport, HostFault, Outcome, OutputRecord, Record};

/// A source that ends with its records.
struct Ending(VecDeque<Arrived>);

impl Source for Ending {
    fn next(&mut self) -> Pending<'_, Result<Option<Arrived>, PortError>> {
        Box::pin(async { Ok(self.0.pop_front()) })
    }

    fn let_go(&mut self) -> Pending<'_, Result<(), PortError>> {
        Box::pin(async { Ok(()) })
    }
}

/// Does with a record what it is told.
struct Native(fn(&Record) -> Outcome);

impl Stage for Native {
    fn transform(&mut self, batch: &[Record]) -> Result<BatchReport, HostFault> {
        Ok(BatchReport { outcomes: batch.iter().map(self.0).collect(), ..BatchReport::default() })
    }
}

/// What differs where one record passes these two stages.
async fn told(on_error: &str, before: fn(&Record) -> Outcome, after: fn(&Record) -> Outcome) -> Told {
    let text = format!(
        "[pipeline]\nname = \"p\"\nfrom = \"/default/a\"\n[[pipeline.stages]]\nid = \"s\"\nuses = \"s.wasm\"\n\
         on_error = \"{on_error}\"\n[[pipeline.to]]\ntopic = \"/default/b\"\n[pipeline.dead_letter]\ntopic = \"/default/d\"\n"
    );
    let config = PipelineConfig::parse(&text, Format::Toml, Path::new("")).expect("a pipeline");
    let schemas = Schemas::new();
    let side = |stage| {
        let stage: Box<dyn Stage> = Box::new(Native(stage));
        Side { config: &config, stages: Stages::native(vec![vec![stage]]), schemas: &schemas }
    };
    let mut found = Vec::new();
    let position = Position { topic: "/default/a".into(), offset: 0 };
    let record = Arrived { position, record: Record { payload: "p".into(), ..Record::default() } };
    let (sides, mut source) = ([side(before), side(after)], Ending([record].into()));
    let compared = shadow(sides, &mut source, std::future::pending(), |difference| found.push(difference)).await;
    (compared.expect("both run"), found)
}

type Told = (Compared, Vec<Difference>);

fn emitted(change: impl Fn(&mut OutputRecord)) -> Outcome {
    let mut record = OutputRecord { payload: "p".into(), ..OutputRecord::default() };
    change(&mut record);
    Outcome::Emit(vec![record])
}

#[tokio::test]
async fn keys_and_attributes_are_compared_and_of_a_dead_letter_its_class() {
    let plain = |_: &Record| emitted(|_| ());
    let (compared, found) = told("dead_letter", plain, plain).await;
    assert_eq!((compared.differing, found.len()), (0, 0));
    let (_, found) = told("dead_letter", plain, |_| emitted(|record| record.key = Some("k".to_owned()))).await;
    let keys = |one: &Difference| [&one.before, &one.after].map(|side| side.as_ref().and_then(|one| one.key.clone()));
    assert_eq!(found.iter().map(keys).collect::<Vec<_>>(), [[None, Some("k".to_owned())]]);
    let attributed = |_: &Record| emitted(|record| record.attributes.push(("a".to_owned(), "1".to_owned())));
    let (compared, found) = told("dead_letter", attributed, plain).await;
    assert_eq!(compared.differing, 1);
    let attributes = found[0].before.as_ref().map(|one| one.attributes.clone());
    assert_eq!(attributes, Some(vec![("a".to_owned(), "1".to_owned())]));

    let reject = |_: &Record| Outcome::Reject("one reason".to_owned());
    let (compared, _) = told("dead_letter", reject, |_| Outcome::Reject("another".to_owned())).await;
    assert_eq!(compared.differing, 0, "a reason may have anything in it");
    let (compared, found) = told("dead_letter", reject, |_| Outcome::Retry("another class".to_owned())).await;
    assert_eq!(compared.differing, 1, "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn what_one_has_not_settled_in_time_is_counted_for_that_one() {
    let (compared, found) = told("block", |_| Outcome::Keep, |_| Outcome::Reject("no".to_owned())).await;
    assert_eq!((compared, found.len()), (Compared { records: 0, differing: 0, unsettled: [0, 1] }, 0));
}
