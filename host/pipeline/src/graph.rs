//! A pipeline as a picture: text for a terminal, Mermaid and DOT for documents. Drawn from the file alone; no component is loaded and nobody is asked.

use std::fmt::{self, Write};

use crate::{
    condition::{Comparison, Condition, Subject},
    config::{OnError, PipelineConfig, StageConfig, SubscriptionType, TargetConfig, Uses},
};

/// How a picture is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Picture {
    /// Lines for a person.
    Text,
    /// A flowchart of Mermaid, which many viewers of Markdown draw.
    Mermaid,
    /// A digraph of Graphviz.
    Dot,
}

/// What is drawn, whichever way.
struct Graph {
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

struct Node {
    id: String,
    lines: Vec<String>,
    is_topic: bool,
}

struct Edge {
    from: String,
    to: String,
    label: String,
    /// The way of what failed.
    is_failure: bool,
}

const SOURCE: &str = "source";
const DEAD_LETTERS: &str = "dead_letters";

/// Draws a pipeline.
#[must_use]
pub fn draw(config: &PipelineConfig, picture: Picture) -> String {
    match picture {
        Picture::Text => text(config),
        Picture::Mermaid => mermaid(&Graph::of(config)),
        Picture::Dot => dot(&config.name, &Graph::of(config)),
    }
}

impl Graph {
    fn of(config: &PipelineConfig) -> Graph {
        let mut graph = Graph { nodes: Vec::new(), edges: Vec::new() };
        let mut last = graph.node(SOURCE.to_owned(), vec![config.from.clone(), reading(config)], true);
        for (index, stage) in config.stages.iter().enumerate() {
            let id = graph.node(format!("stage_{index}"), vec![stage.id.clone(), component(stage)], false);
            graph.edge(&last, &id, String::new());
            graph.failures(config, &id, stage.on_error);
            last = id;
        }
        for (index, target) in config.targets.iter().enumerate() {
            let lines = std::iter::once(target.topic.clone()).chain(schema(target)).collect();
            let id = graph.node(format!("target_{index}"), lines, true);
            let label = target.when.as_ref().map(ToString::to_string).unwrap_or_default();
            graph.edge(&last, &id, label);
            graph.failures(config, &id, target.on_error);
        }
        if let Some(dead_letter) = &config.dead_letter {
            graph.node(DEAD_LETTERS.to_owned(), vec![dead_letter.topic.clone()], true);
        }
        graph
    }

    fn node(&mut self, id: String, lines: Vec<String>, is_topic: bool) -> String {
        self.nodes.push(Node { id: id.clone(), lines, is_topic });
        id
    }

    fn edge(&mut self, from: &str, to: &str, label: String) {
        self.edges.push(Edge { from: from.to_owned(), to: to.to_owned(), label, is_failure: false });
    }

    fn failures(&mut self, config: &PipelineConfig, from: &str, on_error: OnError) {
        if config.dead_letter.is_some() && on_error == OnError::DeadLetter {
            let (from, to) = (from.to_owned(), DEAD_LETTERS.to_owned());
            self.edges.push(Edge { from, to, label: String::new(), is_failure: true });
        }
    }
}

fn text(config: &PipelineConfig) -> String {
    let mut lines = vec![format!("{}  ({})", config.from, reading(config))];
    for stage in &config.stages {
        lines.push(format!("  -> {}  ({}){}", stage.id, component(stage), otherwise(stage.on_error)));
    }
    for target in &config.targets {
        let schema = schema(target).map(|schema| format!("  ({schema})")).unwrap_or_default();
        let when = target.when.as_ref().map(|when| format!("  when {when}")).unwrap_or_default();
        lines.push(format!("  => {}{schema}{when}{}", target.topic, otherwise(target.on_error)));
    }
    lines.extend(config.dead_letter.iter().map(|dead_letter| format!("  !> {}  (dead letters)", dead_letter.topic)));
    lines.join("\n")
}

fn mermaid(graph: &Graph) -> String {
    // What Mermaid would read as its own is written as an entity code.
    let quoted = |text: &str| {
        let plain = text.replace('#', "#35;").replace('"', "#quot;").replace('<', "#lt;").replace('>', "#gt;");
        format!("\"{plain}\"")
    };
    let mut text = "flowchart LR".to_owned();
    for node in &graph.nodes {
        let label = quoted(&node.lines.join("\n")).replace('\n', "<br/>");
        let shape = if node.is_topic { format!("([{label}])") } else { format!("[{label}]") };
        let _ = write!(text, "\n  {}{shape}", node.id);
    }
    for Edge { from, to, label, is_failure } in &graph.edges {
        let arrow = if *is_failure { "-.->" } else { "-->" };
        let label = if label.is_empty() { String::new() } else { format!("|{}|", quoted(label)) };
        let _ = write!(text, "\n  {from} {arrow}{label} {to}");
    }
    text
}

fn dot(name: &str, graph: &Graph) -> String {
    let quoted = |text: &str| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"));
    let mut text = format!("digraph {} {{\n  rankdir=LR;", quoted(name));
    for node in &graph.nodes {
        let shape = if node.is_topic { "cylinder" } else { "box" };
        let _ = write!(text, "\n  {} [shape={shape}, label={}];", node.id, quoted(&node.lines.join("\n")));
    }
    for Edge { from, to, label, is_failure } in &graph.edges {
        let style = if *is_failure { "dashed" } else { "solid" };
        let _ = write!(text, "\n  {from} -> {to} [style={style}, label={}];", quoted(label));
    }
    text + "\n}"
}

fn reading(config: &PipelineConfig) -> String {
    let kind = match config.subscription_type {
        SubscriptionType::Exclusive => "exclusive",
        SubscriptionType::Shared => "shared",
        SubscriptionType::Failover => "failover",
        SubscriptionType::KeyShared => "key-shared",
    };
    let lanes = if config.lanes == 1 { "1 lane".to_owned() } else { format!("{} lanes", config.lanes) };
    format!("subscription {}, {kind}, {lanes}", config.subscription)
}

fn component(stage: &StageConfig) -> String {
    let name = match &stage.uses {
        Uses::File(file) => file.file_name().unwrap_or(file.as_os_str()).to_string_lossy().into_owned(),
        Uses::Stored(stored) => stored.to_string(),
    };
    if stage.grants.state { format!("{name}, keeps state") } else { name }
}

fn schema(target: &TargetConfig) -> Option<String> {
    let (subject, version) = target.schema()?;
    let version = version.map_or_else(|| "latest".to_owned(), |version| format!("version {version}"));
    Some(format!("schema {subject}, {version}"))
}

/// What happens to a record that fails, where that is not the dead letters.
fn otherwise(on_error: OnError) -> &'static str {
    match on_error {
        OnError::DeadLetter => "",
        OnError::Drop => "  drops what fails",
        OnError::Block => "  blocks on what fails",
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let several = |conditions: &[Condition], word: &str| {
            conditions.iter().map(|one| format!("({one})")).collect::<Vec<_>>().join(word)
        };
        match self {
            Condition::All(conditions) if conditions.is_empty() => formatter.write_str("always"),
            Condition::Any(conditions) if conditions.is_empty() => formatter.write_str("never"),
            Condition::All(conditions) => formatter.write_str(&several(conditions, " and ")),
            Condition::Any(conditions) => formatter.write_str(&several(conditions, " or ")),
            Condition::Not(condition) => write!(formatter, "not ({condition})"),
            Condition::Value(subject, comparison) => write!(formatter, "{subject} {comparison}"),
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Attribute(name) => write!(formatter, "attribute {name}"),
            Subject::Key => formatter.write_str("key"),
            Subject::Json(pointer) if pointer.is_empty() => formatter.write_str("payload"),
            Subject::Json(pointer) => write!(formatter, "json {pointer}"),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Comparison::Equals(value) => write!(formatter, "= {value}"),
            Comparison::NotEquals(value) => write!(formatter, "!= {value}"),
            Comparison::Exists(true) => formatter.write_str("exists"),
            Comparison::Exists(false) => formatter.write_str("does not exist"),
            Comparison::Above(bound) => write!(formatter, "> {bound}"),
            Comparison::Below(bound) => write!(formatter, "< {bound}"),
            Comparison::StartsWith(start) => write!(formatter, "starts with {start:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::Format;

    fn config() -> PipelineConfig {
        let text = r##"
[pipeline]
name = "routes"
from = "/default/orders"
lanes = 2
[[pipeline.stages]]
id = "mask"
uses = "./parts/mask.wasm"
[[pipeline.to]]
topic = "/default/large"
schema_subject = "large"
when = { all = [{ json = "/amount", above = 100 }, { not = { attribute = "kind", equals = "a \"#1\"" } }] }
[[pipeline.to]]
topic = "/default/rest"
on_error = "drop"
[pipeline.dead_letter]
topic = "/default/orders-dlq"
"##;
        PipelineConfig::parse(text, Format::Toml, Path::new("")).expect("a pipeline")
    }

    #[test]
    fn a_person_reads_the_way_of_a_record() {
        let lines = [
            "/default/orders  (subscription routes, exclusive, 2 lanes)",
            "  -> mask  (mask.wasm)",
            r##"  => /default/large  (schema large, latest)  when (json /amount > 100) and (not (attribute kind = "a \"#1\""))"##,
            "  => /default/rest  drops what fails",
            "  !> /default/orders-dlq  (dead letters)",
        ];
        assert_eq!(draw(&config(), Picture::Text), lines.join("\n"));
    }

    #[test]
    fn every_edge_joins_nodes_that_are_there_and_labels_are_escaped() {
        let graph = Graph::of(&config());
        let is_known = |id: &String| graph.nodes.iter().any(|node| node.id == *id);
        assert!(graph.edges.iter().all(|edge| is_known(&edge.from) && is_known(&edge.to)));
        let failures: Vec<&str> =
            graph.edges.iter().filter(|edge| edge.is_failure).map(|edge| edge.from.as_str()).collect();
        assert_eq!(failures, ["stage_0", "target_0"]);
        let mermaid = draw(&config(), Picture::Mermaid);
        assert!(mermaid.contains("stage_0 -->|\"(json /amount #gt; 100) and"), "{mermaid}");
        assert!(mermaid.contains("#quot;a \\#quot;#35;1\\#quot;#quot;"), "{mermaid}");
        let dot = draw(&config(), Picture::Dot);
        assert!(dot.contains(r##"attribute kind = \"a \\\"#1\\\"\""##), "{dot}");
        assert!(dot.starts_with("digraph \"routes\" {") && dot.ends_with('}'), "{dot}");
    }

    #[test]
    fn conditions_are_told_as_they_are_meant() {
        let key = |comparison| Condition::Value(Subject::Key, comparison);
        let any = Condition::Any(vec![key(Comparison::Exists(false)), key(Comparison::StartsWith("eu".into()))]);
        assert_eq!(any.to_string(), r#"(key does not exist) or (key starts with "eu")"#);
        assert_eq!(Condition::Any(Vec::new()).to_string(), "never");
    }
}
