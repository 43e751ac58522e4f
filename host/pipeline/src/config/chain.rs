//! The file of a topic's transforms: stages as a pipeline has them, and nothing else. What a message on its way in cannot have is refused with the reason:
//! nobody waits for a second try, and the one who sends it is told instead of an error policy.

use std::path::Path;

use super::{
    Format, StageConfig,
    check::unique,
    problem::Problem,
    reader::{Reader, Table},
    root, stage,
    tree::Node,
};
use crate::limits::CHAIN_STAGES_MAX;

/// The transforms of a topic as their file says, checked.
#[derive(Debug)]
pub struct ChainConfig {
    /// The stages in order, at least one.
    pub stages: Vec<StageConfig>,
}

impl ChainConfig {
    /// Reads and checks a file. `folder` is where relative paths in it begin.
    ///
    /// # Errors
    /// Every problem, in the order of the file.
    pub fn parse(text: &str, format: Format, folder: &Path) -> Result<ChainConfig, Vec<Problem>> {
        let root = root(text, format)?;
        let mut reader = Reader::default();
        let config = check(&mut reader, &root, folder);
        reader.problems.sort_by_key(|problem| problem.place);
        if reader.problems.is_empty() { Ok(config) } else { Err(reader.problems) }
    }
}

fn check(reader: &mut Reader, root: &Node, folder: &Path) -> ChainConfig {
    let file = reader.table(root, "", &["stages"]);
    let mut stages = Vec::new();
    for (path, node) in reader.list(&file, "stages") {
        stages.push(stage::read(reader, node, &path, folder));
        impossible(reader, node, &path);
    }
    let place = file.get("stages").map_or(file.place, |node| node.place);
    if stages.is_empty() {
        let suggestion = Some("begin each with [[stages]], its id and `uses`".to_owned());
        reader.complain(place, "stages", "a topic's transforms have at least one stage", suggestion);
    }
    if stages.len() > CHAIN_STAGES_MAX {
        let message = format!("there are {}, at most {CHAIN_STAGES_MAX} are allowed", stages.len());
        reader.complain(place, "stages", message, None);
    }
    unique(reader, &file, "stages", "id", stages.iter().map(|stage| stage.id.as_str()));
    ChainConfig { stages }
}

/// What a stage of a pipeline may have and this one may not.
fn impossible(reader: &mut Reader, node: &Node, path: &str) {
    // Unknown keys have been told already.
    let mut silent = Reader::default();
    let stage = silent.open_table(node, path);
    let is_state_wanted = stage.get("allow").is_some_and(|allow| {
        let allow = silent.open_table(allow, "");
        silent.flag(&allow, "state", false)
    });
    let complain = |reader: &mut Reader, stage: &Table<'_>, key: &str, message: &str, suggestion: &str| {
        let place = stage.get(key).map_or(stage.place, |node| node.place);
        reader.complain(place, &stage.path_of(key), message, Some(suggestion.to_owned()));
    };
    if is_state_wanted {
        let message = "a topic's transforms keep no state: their messages come at once and in no order";
        complain(reader, &stage, "allow", message, "put a stage that keeps state into a pipeline behind the topic");
    }
    if stage.get("retry").is_some() {
        let message =
            "a topic's transforms try nothing again: whoever sends the message is told that it may be sent again";
        complain(reader, &stage, "retry", message, "leave it out");
    }
    if stage.get("on_error").is_some() {
        let message = "a topic's transforms have no error policy: a message that they cannot serve is refused";
        complain(reader, &stage, "on_error", message, "leave it out");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let parsed = ChainConfig::parse(text, Format::Toml, Path::new(""));
        parsed.expect_err("it is wrong").iter().map(ToString::to_string).collect()
    }

    #[test]
    fn stages_are_read_as_those_of_a_pipeline() {
        let text = "[[stages]]\nid = \"mask\"\nuses = \"a.wasm\"\nwith = { fields = [\"x\"] }\nlimits = { timeout = \"2s\" }\n\
                    allow = { clock = true, state = false }\n[[stages]]\nid = \"b\"\nuses = \"b.wasm\"\n";
        let config = ChainConfig::parse(text, Format::Toml, Path::new("/f")).expect("it is right");
        let [mask, second] = &config.stages[..] else { panic!("{config:?}") };
        assert_eq!((mask.uses.to_string(), mask.with.as_str()), ("/f/a.wasm".to_owned(), r#"{"fields":["x"]}"#));
        assert_eq!((mask.limits.batch_time_ms_max, mask.grants.clock, mask.grants.state), (2_000, true, false));
        assert_eq!(second.id, "b");
    }

    #[test]
    fn what_cannot_hold_on_the_way_into_a_topic_is_refused_with_its_place() {
        let text = "[[stages]]\nid = \"a\"\nuses = \"a\"\nallow = { state = true }\nretry = { attempts = 2 }\non_error = \"drop\"\n";
        let problems = problems(text);
        for (problem, (place, sentence)) in problems.iter().zip([
            ("4:9: stages[0].allow: ", "keep no state"),
            ("5:9: stages[0].retry: ", "try nothing again"),
            ("6:12: stages[0].on_error: ", "have no error policy"),
        ]) {
            assert!(problem.starts_with(place) && problem.contains(sentence), "{problem}");
        }
        assert_eq!(problems.len(), 3, "{problems:?}");
    }

    #[test]
    fn a_file_without_stages_with_too_many_or_with_other_sections_is_told() {
        assert!(problems("")[0].contains("at least one stage"));
        let one = |id: usize| format!("[[stages]]\nid = \"s{id}\"\nuses = \"a\"\n");
        let many: String = (0..=CHAIN_STAGES_MAX).map(one).collect();
        assert!(problems(&many)[0].contains("there are 9, at most 8 are allowed"));
        assert!(problems(&format!("{}{}", one(1), one(1)))[0].contains("`s1` is already the id of number 1"));
        let other = problems(&format!("{}[pipeline]\nname = \"x\"\n", one(1)));
        assert!(other[0].contains("pipeline: this key is unknown"), "{other:?}");
    }
}
