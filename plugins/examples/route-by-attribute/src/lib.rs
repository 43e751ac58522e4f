//! Teaches: naming the topic that a record is for. The pipeline must list every topic that is named here; the transform cannot write anywhere else.

use std::collections::BTreeMap;

use irongate_transform::{Description, Host, Outcome, Record, Transform};
use serde::Deserialize;

/// The configuration, such as `{"attribute": "region", "routes": {"eu": "/default/orders-eu"}}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configuration {
    /// The attribute that decides.
    attribute: String,
    /// Topics by value of the attribute.
    routes: BTreeMap<String, String>,
    /// The topic for every other record; without it they are rejected.
    otherwise: Option<String>,
}

/// The transform.
pub struct RouteByAttribute {
    configuration: Configuration,
}

impl Transform for RouteByAttribute {
    type Configuration = Configuration;

    fn describe() -> Description {
        Description::new("route-by-attribute", env!("CARGO_PKG_VERSION"))
            .summary("Sends each record to the topic that the value of one attribute stands for.")
            .configuration_schema(include_str!("../configuration.json"))
    }

    fn configure(configuration: Configuration) -> Result<RouteByAttribute, String> {
        let mut topics = configuration.routes.values().chain(&configuration.otherwise);
        if let Some(topic) = topics.find(|topic| !topic.starts_with('/')) {
            return Err(format!("`{topic}` is not a topic: write it as /namespace/topic"));
        }
        Ok(RouteByAttribute { configuration })
    }

    fn transform(&mut self, record: Record, _host: &mut Host) -> Outcome {
        let Configuration { attribute, routes, otherwise } = &self.configuration;
        let value = record.attribute(attribute);
        let route = value.and_then(|value| routes.get(value)).or(otherwise.as_ref());
        match (route, value) {
            (Some(topic), _) => Outcome::emit(record.into_output().for_topic(topic)),
            (None, Some(value)) => Outcome::reject(format!("no route for the attribute {attribute}={value}")),
            (None, None) => Outcome::reject(format!("the record has no attribute {attribute}")),
        }
    }
}

irongate_transform::export!(RouteByAttribute);

#[cfg(test)]
mod tests {
    use irongate_transform::testing::Tester;
    use serde_json::json;

    use super::*;

    fn topic(otherwise: Option<&str>, region: Option<&str>) -> Result<Option<String>, Outcome> {
        let configuration = json!({"attribute": "region", "routes": {"eu": "/default/eu"}, "otherwise": otherwise});
        let mut record = Record::new("/default/orders", "{}");
        if let Some(region) = region {
            record = record.attributed("region", region);
        }
        match Tester::<RouteByAttribute>::new(configuration).transform(record) {
            Outcome::Emit(mut records) => Ok(records.remove(0).topic),
            other => Err(other),
        }
    }

    #[test]
    fn the_value_decides() {
        assert_eq!(topic(None, Some("eu")), Ok(Some("/default/eu".into())));
        assert_eq!(topic(Some("/default/rest"), Some("us")), Ok(Some("/default/rest".into())));
        assert_eq!(topic(Some("/default/rest"), None), Ok(Some("/default/rest".into())));
    }

    #[test]
    fn a_record_without_a_route_is_rejected_with_its_value() {
        assert_eq!(topic(None, Some("us")), Err(Outcome::reject("no route for the attribute region=us")));
        assert_eq!(topic(None, None), Err(Outcome::reject("the record has no attribute region")));
    }

    #[test]
    fn a_route_must_be_a_topic() {
        let configuration = json!({"attribute": "region", "routes": {"eu": "orders"}});
        assert!(Tester::<RouteByAttribute>::refusal(configuration).is_some_and(|reason| reason.contains("`orders`")));
    }
}
