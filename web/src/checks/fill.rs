//! Fills templates in, by the crate that `irongate produce --from` uses: the same seed and number give the same values. All texts
//! of a question are filled in, or none.

use irongate_messages::{Context, Facts, TemplateError, Templates};
use irongate_schema::limits::PAYLOAD_BYTES_MAX;

use super::message::{Answer, DefinitionFault, Fill, Question};

/// The one [`Filler`](super::answer::Filler) there is.
#[must_use]
pub fn fill(question: &Question) -> Answer {
    let answer = Answer { sequence: question.sequence, ..Answer::default() };
    match &question.fill {
        Some(asked) => fill_in(asked, answer),
        None => answer,
    }
}

/// All texts, or none.
fn fill_in(asked: &Fill, mut answer: Answer) -> Answer {
    let mut templates = Templates::new(asked.seed);
    let context = templates.context(&Facts { number: asked.number, producer: &asked.producer, row: None });
    let mut filled = Vec::with_capacity(asked.texts.len());
    for blank in &asked.texts {
        match one(&mut templates, &context, &blank.text) {
            Ok(text) => filled.push(text),
            Err(error) => {
                let message = format!("{}: {error}", blank.what);
                answer.fault = Some(DefinitionFault { message, line: 0, column: 0 });
                return answer;
            }
        }
    }
    answer.filled = filled;
    answer
}

fn one(templates: &mut Templates, context: &Context, text: &str) -> Result<String, TemplateError> {
    let text = templates.text(text)?;
    let bytes = templates.fill_within(&text, context, PAYLOAD_BYTES_MAX)?;
    String::from_utf8(bytes).map_err(|_| TemplateError { what: "it becomes no text".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::message::Blank;

    fn ask(number: u64, texts: &[&str]) -> Answer {
        let texts = texts.iter().map(|text| Blank { what: "the payload".to_owned(), text: (*text).to_owned() });
        let fill = Fill { seed: 7, number, producer: "p".to_owned(), texts: texts.collect() };
        super::fill(&Question { sequence: 3, fill: Some(fill), ..Question::default() })
    }

    #[test]
    fn the_same_seed_and_number_fill_in_the_same_values() {
        let texts =
            ["{\"n\": {{seq}}, \"id\": \"{{uuid}}\", \"by\": \"{{producer}}\"}", "{{random_int(1, 1000000)}}", "{}"];
        let first = ask(1, &texts);
        assert_eq!((first.sequence, first.filled.len(), &first.fault), (3, 3, &None));
        assert!(first.filled[0].starts_with("{\"n\": 1, ") && first.filled[0].ends_with("\"by\": \"p\"}"));
        assert_eq!((&first, &*first.filled[2]), (&ask(1, &texts), "{}"));
        assert_ne!(first.filled[1], ask(2, &texts).filled[1]);
    }

    #[test]
    fn what_cannot_be_filled_in_says_which_text_and_where() {
        let answer = ask(1, &["{{seq}}", "{\n{{nobody}}}"]);
        let fault = answer.fault.expect("a stranger");
        assert!(fault.message.starts_with("the payload: ") && fault.message.contains("(line 2)"), "{}", fault.message);
        assert!(answer.filled.is_empty(), "all or none");
    }
}
