//! clean-reading: makes numbers of the texts that a sensor sends, and adds the temperature in kelvin. Keeps nothing.

use irongate_transform::{Description, Host, Outcome, Record, Transform};
use serde::{Deserialize, Serialize};

/// The configuration; `configuration.json` is its JSON Schema.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Configuration {
    /// How many places behind the point there are at most.
    places: u32,
}

/// What a sensor sends.
#[derive(Deserialize)]
struct Raw {
    sensor: String,
    celsius: String,
}

/// What everyone else reads.
#[derive(Serialize)]
struct Processed {
    celsius: f64,
    kelvin: f64,
    sensor: String,
}

struct CleanReading {
    factor: f64,
}

impl Transform for CleanReading {
    type Configuration = Configuration;

    fn describe() -> Description {
        Description::new("clean-reading", env!("CARGO_PKG_VERSION"))
            .summary("Makes numbers of a sensor's texts.")
            .configuration_schema(include_str!("../configuration.json"))
    }

    fn configure(configuration: Configuration) -> Result<Self, String> {
        Ok(Self { factor: 10_f64.powf(f64::from(configuration.places)) })
    }

    fn transform(&mut self, record: Record, _: &mut Host) -> Outcome {
        let raw: Raw = match serde_json::from_slice(&record.payload) {
            Ok(raw) => raw,
            Err(error) => return Outcome::reject(format!("not a reading: {error}")),
        };
        let Ok(celsius) = raw.celsius.trim().parse::<f64>() else {
            return Outcome::reject(format!("not a reading: celsius is no number: {}", raw.celsius));
        };
        let rounded = |value: f64| (value * self.factor).round() / self.factor;
        let processed = Processed { celsius: rounded(celsius), kelvin: rounded(celsius + 273.15), sensor: raw.sensor };
        match serde_json::to_string(&processed) {
            Ok(payload) => Outcome::emit(record.with_payload(payload)),
            Err(error) => Outcome::reject(format!("not a reading: {error}")),
        }
    }
}

irongate_transform::export!(CleanReading);
