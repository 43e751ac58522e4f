//! A message kept under a name, to be sent again and again. Where it is kept is not its business.

use super::draft;
use super::form::ProduceForm;

/// The most templates kept.
pub const TEMPLATES_MAX: usize = 500;

/// The longest name, in characters.
pub const NAME_CHARACTERS_MAX: usize = 80;

/// One template. Field numbers stay; new fields get new numbers.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub struct Template {
    /// What it is called; no two have the same name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// The form, as a draft.
    #[prost(bytes = "vec", tag = "2")]
    draft: Vec<u8>,
}

impl Template {
    /// A form under a name.
    #[must_use]
    pub fn new(name: &str, form: &ProduceForm) -> Template {
        Template { name: name.trim().to_owned(), draft: draft::encode(form) }
    }

    /// What was typed.
    #[must_use]
    pub fn form(&self) -> ProduceForm {
        draft::decode(&self.draft).unwrap_or_default()
    }

    /// The same under another name.
    #[must_use]
    pub fn renamed(&self, name: &str) -> Template {
        Template { name: name.trim().to_owned(), draft: self.draft.clone() }
    }
}

/// Why a new template cannot have a name, beside these; nothing: it can.
#[must_use]
pub fn problem(name: &str, kept: &[Template]) -> Option<String> {
    let name = name.trim();
    let count = name.chars().count();
    if count > NAME_CHARACTERS_MAX {
        return Some(format!("the name has {count} characters, at most {NAME_CHARACTERS_MAX} fit"));
    }
    if kept.iter().any(|other| other.name == name) {
        return Some(format!("there is a template called {name} already"));
    }
    (kept.len() >= TEMPLATES_MAX).then(|| format!("{TEMPLATES_MAX} templates are kept, and no more; delete some first"))
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    #[test]
    fn a_template_brings_the_form_back_under_any_name() {
        let form = ProduceForm { payload: "{{seq}}".into(), template: true, seed: 5, ..ProduceForm::default() };
        let template = Template::new(" a ", &form).renamed("b");
        let read = Template::decode(template.encode_to_vec().as_slice()).expect("written above");
        assert_eq!((&*read.name, read.form()), ("b", form));
    }

    #[test]
    fn names_are_short_and_their_own() {
        let kept = |count: usize| -> Vec<Template> {
            (0..count).map(|at| Template::new(&format!("t{at}"), &ProduceForm::default())).collect()
        };
        assert_eq!(problem(&"x".repeat(NAME_CHARACTERS_MAX), &kept(1)), None);
        let said = |name: &str, count| problem(name, &kept(count)).expect("a problem");
        assert_eq!(said(&"x".repeat(NAME_CHARACTERS_MAX + 1), 0), "the name has 81 characters, at most 80 fit");
        assert_eq!(said(" t0 ", 1), "there is a template called t0 already");
        assert_eq!(problem("new", &kept(TEMPLATES_MAX - 1)), None);
        assert!(said("new", TEMPLATES_MAX).starts_with("500 templates are kept"));
    }
}
