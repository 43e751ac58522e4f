//! Whether a pipeline and its subscription go together: the settings of a broker by which a pipeline is slow, comes to a halt or loses records without
//! anything being wrong with its file. Pure: whoever calls has asked the broker.

use std::time::Duration;

use crate::config::{PipelineConfig, SubscriptionType};

/// What a broker does with the pipeline's subscription.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Messages that it has out and not acknowledged.
    pub unacked_messages_max: usize,
    /// After how long it takes back what is not acknowledged.
    pub ack_timeout: Duration,
    /// How often it delivers a message again that failed.
    pub redeliveries_max: u32,
    /// What it does then.
    pub fate: PoisonFate,
    /// Bytes of the largest message that it takes, where it says.
    pub message_bytes_max: Option<usize>,
    /// Whether it is told apart from its own copy when a message is sent again.
    pub has_offsets: bool,
}

/// What becomes of a message that failed too often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoisonFate {
    /// It goes to the subscription's own dead letters.
    DeadLetter,
    /// The subscription stands still.
    Block,
    /// It is gone.
    Drop,
}

/// How much it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It is as it should be.
    Well,
    /// It is as it is; one should know.
    Mind,
    /// Records are lost, refused or late by it.
    Wrong,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What was looked at.
    pub what: &'static str,
    /// How much it matters.
    pub weight: Weight,
    /// What was found, and what to do.
    pub text: String,
}

/// Looks at everything that the file and the broker say.
#[must_use]
pub fn advise(config: &PipelineConfig, broker: &Surroundings) -> Vec<Advice> {
    vec![
        window(config, broker),
        time(config, broker),
        poison(broker),
        sizes(config, broker),
        order(config),
        twice(broker),
    ]
}

fn advice(what: &'static str, weight: Weight, text: String) -> Advice {
    Advice { what, weight, text }
}

fn window(config: &PipelineConfig, broker: &Surroundings) -> Advice {
    let (window, unacked) = (config.in_flight.records, broker.unacked_messages_max);
    if unacked >= window {
        let text = format!("{window} records may be in flight, and the broker has up to {unacked} out");
        return advice("window", Weight::Well, text);
    }
    let text = format!(
        "{window} records may be in flight, but the broker has no more than {unacked} out, so the window never fills: set \
         max_unacked_messages of the subscription {} to {window}, or in_flight = {{ records = {unacked} }}",
        config.subscription
    );
    advice("window", Weight::Wrong, text)
}

/// A call of a stage that began just before the budget was spent is still waited for.
fn time(config: &PipelineConfig, broker: &Surroundings) -> Advice {
    let calls = config.stages.iter().map(|stage| Duration::from_millis(stage.limits.batch_time_ms_max));
    let call = calls.max().unwrap_or_default();
    let (needed, timeout) = (config.budget + call, broker.ack_timeout);
    let spent = format!(
        "a record may take {} s (budget {} s, one call of a stage {} s)",
        seconds(needed),
        seconds(config.budget),
        seconds(call)
    );
    if needed < timeout {
        let text = format!("{spent} and is delivered again after {} s", seconds(timeout));
        return advice("time", Weight::Well, text);
    }
    let text = format!(
        "{spent}, but is delivered again after {} s, which counts as a failure: make budget shorter, or the subscription's \
         ack_timeout_ms longer than {}",
        seconds(timeout),
        needed.as_millis()
    );
    advice("time", Weight::Wrong, text)
}

fn seconds(span: Duration) -> f64 {
    span.as_secs_f64()
}

fn poison(broker: &Surroundings) -> Advice {
    let failures = broker.redeliveries_max.saturating_add(1);
    let (weight, text) = match broker.fate {
        PoisonFate::DeadLetter => {
            (Weight::Well, format!("what fails {failures} times at the broker goes to the subscription's dead letters"))
        }
        PoisonFate::Block => (
            Weight::Mind,
            format!(
                "what fails {failures} times at the broker blocks the subscription; the pipeline fails no record there \
                 itself, but a process that hangs does: set the poison policy to DeadLetter where others wait"
            ),
        ),
        PoisonFate::Drop => (
            Weight::Wrong,
            format!(
                "what fails {failures} times at the broker is dropped there, which no pipeline sees: set the poison policy \
                 to DeadLetter or Block"
            ),
        ),
    };
    advice("poison policy", weight, text)
}

fn sizes(config: &PipelineConfig, broker: &Surroundings) -> Advice {
    let largest = config.targets.iter().max_by_key(|target| target.message_bytes_max);
    let (Some(target), Some(bytes_max)) = (largest, broker.message_bytes_max) else {
        return advice("sizes", Weight::Mind, "the broker does not say how large a message may be".to_owned());
    };
    let (topic, bytes) = (&target.topic, target.message_bytes_max);
    if bytes <= bytes_max {
        return advice(
            "sizes",
            Weight::Well,
            format!("messages of up to {bytes} bytes, and the broker takes {bytes_max}"),
        );
    }
    let text = format!(
        "{topic} may get messages of {bytes} bytes, but the broker takes no more than {bytes_max}: they would be dead letters; \
         set message_bytes_max = \"{bytes_max}B\""
    );
    advice("sizes", Weight::Wrong, text)
}

fn order(config: &PipelineConfig) -> Advice {
    let (weight, text) = match config.subscription_type {
        SubscriptionType::Exclusive | SubscriptionType::Failover => {
            (Weight::Well, "records with the same key stay in order".to_owned())
        }
        SubscriptionType::KeyShared => (
            Weight::Mind,
            "of each key one record is in flight, and a record without a key has its producer's name as key: few keys are slow"
                .to_owned(),
        ),
        SubscriptionType::Shared => (
            Weight::Mind,
            "another consumer of the shared subscription may have the next record of a key: their order is not kept".to_owned(),
        ),
    };
    advice("order", weight, text)
}

fn twice(broker: &Surroundings) -> Advice {
    if broker.has_offsets {
        let text = "deployed, each record is there once; run here, a crash may send one twice, with the same x-irongate-dedup-id";
        return advice("twice", Weight::Well, text.to_owned());
    }
    let text = "this broker takes what is sent again as new: after a crash or a lost answer a record may be there twice, with the \
                same x-irongate-dedup-id";
    advice("twice", Weight::Mind, text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Format;

    fn config(more: &str) -> PipelineConfig {
        let text = format!(
            "[pipeline]\nname = \"p\"\nfrom = \"/default/a\"\n{more}\n[[pipeline.to]]\ntopic = \"/default/b\"\non_error = \"drop\"\n"
        );
        PipelineConfig::parse(&text, Format::Toml, Path::new("")).expect("a pipeline")
    }

    /// As Danube is where nothing was set.
    fn danube() -> Surroundings {
        Surroundings {
            unacked_messages_max: 10,
            ack_timeout: Duration::from_secs(30),
            redeliveries_max: 5,
            fate: PoisonFate::Block,
            message_bytes_max: None,
            has_offsets: false,
        }
    }

    fn found(config: &PipelineConfig, broker: &Surroundings, what: &str) -> (Weight, String) {
        let advice = advise(config, broker).into_iter().find(|one| one.what == what).expect("it was looked at");
        (advice.weight, advice.text)
    }

    #[test]
    fn a_window_that_never_fills_is_told_with_both_ways_out() {
        let (weight, text) = found(&config(""), &danube(), "window");
        assert_eq!(weight, Weight::Wrong);
        assert!(text.contains("subscription p to 512") && text.contains("in_flight = { records = 10 }"), "{text}");
        let fitting = config("in_flight = { records = 10 }");
        assert_eq!(found(&fitting, &danube(), "window").0, Weight::Well);
    }

    #[test]
    fn a_budget_that_outlasts_the_broker_s_patience_is_wrong() {
        let stage =
            "[[pipeline.stages]]\nid = \"s\"\nuses = \"s.wasm\"\non_error = \"drop\"\nlimits = { timeout = \"10s\" }";
        assert_eq!(found(&config(""), &danube(), "time").0, Weight::Well);
        let (weight, text) = found(&config(stage), &danube(), "time");
        assert_eq!(weight, Weight::Wrong);
        assert!(text.contains("may take 30 s (budget 20 s, one call of a stage 10 s)"), "{text}");
        assert_eq!(found(&config(&format!("budget = \"19s\"\n{stage}")), &danube(), "time").0, Weight::Well);
        // The slowest of several counts.
        let fast = stage.replace("\"s\"", "\"fast\"").replace("10s", "1s");
        assert_eq!(found(&config(&format!("{stage}\n{fast}")), &danube(), "time").0, Weight::Wrong);
    }

    #[test]
    fn a_broker_that_drops_is_wrong_and_one_that_blocks_is_told() {
        let of = |fate| found(&config(""), &Surroundings { fate, ..danube() }, "poison policy");
        assert_eq!(of(PoisonFate::DeadLetter).0, Weight::Well);
        assert_eq!(of(PoisonFate::Block).0, Weight::Mind);
        let (weight, text) = of(PoisonFate::Drop);
        assert!(weight == Weight::Wrong && text.contains("fails 6 times"), "{text}");
    }

    #[test]
    fn a_message_that_the_broker_would_refuse_is_wrong() {
        let of = |bytes_max| found(&config(""), &Surroundings { message_bytes_max: bytes_max, ..danube() }, "sizes").0;
        assert_eq!([of(None), of(Some(1 << 20)), of(Some(10 << 20))], [Weight::Mind, Weight::Wrong, Weight::Well]);
        assert_eq!([of(Some(4_193_999)), of(Some(4_194_000))], [Weight::Wrong, Weight::Well]);
        // The largest of several counts.
        let small = "[[pipeline.to]]\ntopic = \"/default/c\"\non_error = \"drop\"\nmessage_bytes_max = \"1kB\"";
        let broker = Surroundings { message_bytes_max: Some(1 << 20), ..danube() };
        let (weight, text) = found(&config(small), &broker, "sizes");
        assert!(weight == Weight::Wrong && text.starts_with("/default/b may get"), "{text}");
        // What it says to do is understood, and enough.
        let mended = small.replace("message_bytes_max = \"1kB\"", "message_bytes_max = \"1048576B\"");
        assert!(text.ends_with("set message_bytes_max = \"1048576B\""), "{text}");
        assert_eq!(config(&mended).targets[0].message_bytes_max, 1 << 20);
    }

    #[test]
    fn what_keeps_no_order_is_told() {
        let of = |kind: &str| found(&config(&format!("subscription_type = \"{kind}\"")), &danube(), "order").0;
        assert_eq!([of("failover"), of("shared"), of("key-shared")], [Weight::Well, Weight::Mind, Weight::Mind]);
    }
}
