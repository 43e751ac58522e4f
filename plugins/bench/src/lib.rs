//! The transform that `cargo xtask bench transforms` measures: one piece of work, chosen by the configuration. Not an example: a real transform does
//! one thing.

mod mask;

use irongate_transform::{Description, Host, Outcome, Record, Transform};
use serde::Deserialize;

/// What is done to each record.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// A copy goes out.
    Identity,
    /// A field of the JSON is masked.
    Mask,
    /// It goes on as it is.
    Keep,
    /// It ends here.
    Drop,
}

/// The configuration.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    work: Work,
}

/// The transform.
pub struct BenchGuest {
    work: Work,
}

impl Transform for BenchGuest {
    type Configuration = Configuration;

    fn describe() -> Description {
        Description::new("bench-guest", env!("CARGO_PKG_VERSION")).summary("Does what a benchmark measures.")
    }

    fn configure(configuration: Configuration) -> Result<BenchGuest, String> {
        Ok(BenchGuest { work: configuration.work })
    }

    fn transform(&mut self, record: Record, _: &mut Host) -> Outcome {
        match self.work {
            Work::Identity => Outcome::emit(record.into_output()),
            Work::Mask => match mask::mask(&record.payload) {
                Ok(payload) => Outcome::emit(record.with_payload(payload)),
                Err(error) => Outcome::reject(error.to_string()),
            },
            Work::Keep => Outcome::Keep,
            Work::Drop => Outcome::Drop,
        }
    }
}

irongate_transform::export!(BenchGuest);

#[cfg(test)]
mod tests {
    use irongate_transform::testing::Tester;
    use serde_json::json;

    use super::*;

    #[test]
    fn each_work_does_what_it_is_called() {
        let record = || Record::new("/default/orders", r#"{"email":"a@b.c","id":1}"#).keyed("k");
        let outcome = |work| Tester::<BenchGuest>::new(json!({"work": work})).transform(record());
        assert_eq!(outcome("identity"), Outcome::emit(record().into_output()));
        assert_eq!(outcome("mask").payloads(), [r#"{"email":"***","id":1}"#]);
        assert_eq!((outcome("keep"), outcome("drop")), (Outcome::Keep, Outcome::Drop));
    }
}
