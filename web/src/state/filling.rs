//! A form whose payload, routing key and attributes are templates: what is asked to be filled in, and the form that is
//! checked, shown and sent instead of it. Fills nothing in itself.

use std::rc::Rc;

use super::form::ProduceForm;
use crate::checks::message::{Blank, Fill};

/// The form that is checked and sent.
#[derive(Clone, Debug, PartialEq)]
pub enum Filling {
    /// It is no template: the form as it is typed.
    Off(Rc<ProduceForm>),
    /// It is being filled in; what was shown last, if anything.
    Pending(Option<Rc<ProduceForm>>),
    /// It has been.
    Done(Rc<ProduceForm>),
    /// It cannot be; a sentence says why.
    Failed(Rc<str>),
}

impl Filling {
    /// What to show and to check; nothing, where nothing could be filled in yet.
    #[must_use]
    pub fn form(&self) -> Option<&Rc<ProduceForm>> {
        match self {
            Filling::Off(form) | Filling::Done(form) => Some(form),
            Filling::Pending(before) => before.as_ref(),
            Filling::Failed(_) => None,
        }
    }
}

/// What is to be filled in of a form, as message `number` of its seed.
#[must_use]
pub fn asked(form: &ProduceForm, number: u64, producer: &str) -> Fill {
    let blank = |what: String, text: &str| Blank { what, text: text.to_owned() };
    let mut texts =
        vec![blank("the payload".to_owned(), &form.payload), blank("the routing key".to_owned(), &form.routing_key)];
    texts.extend(form.attributes.iter().map(|row| blank(format!("the attribute {}", row.key), &row.value)));
    Fill { seed: form.seed, number, producer: producer.to_owned(), texts }
}

/// The form with these texts, in the order of [`asked`]; nothing, where they are not those that were asked for.
#[must_use]
pub fn filled(form: &ProduceForm, texts: Vec<String>) -> Option<ProduceForm> {
    let mut texts = texts.into_iter();
    let (payload, routing_key) = (texts.next()?, texts.next()?);
    let mut attributes = form.attributes.to_vec();
    for row in &mut attributes {
        row.value = texts.next()?;
    }
    Some(ProduceForm {
        payload: payload.into(),
        routing_key: routing_key.into(),
        attributes: attributes.into(),
        template: false,
        ..form.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::form::AttributeRow;

    #[test]
    fn payload_key_and_attributes_are_filled_in() {
        let row = |value: &str| AttributeRow { key: "a".to_owned(), value: value.to_owned() };
        let form = ProduceForm {
            payload: "{{seq}}".into(),
            routing_key: "{{uuid}}".into(),
            attributes: [row("{{now}}")].into(),
            template: true,
            seed: 9,
            ..ProduceForm::default()
        };
        let fill = asked(&form, 4, "p");
        let whats: Vec<&str> = fill.texts.iter().map(|blank| &*blank.what).collect();
        assert_eq!(whats, ["the payload", "the routing key", "the attribute a"]);
        assert_eq!((fill.seed, fill.number, &*fill.producer), (9, 4, "p"));
        let texts = || ["4", "u", "t"].map(str::to_owned).to_vec();
        let filled_in = filled(&form, texts()).expect("three texts for three");
        assert_eq!((&*filled_in.payload, &*filled_in.routing_key, filled_in.template), ("4", "u", false));
        assert_eq!(*filled_in.attributes, [row("t")]);
        assert_eq!(filled(&form, texts()[..2].to_vec()), None);
    }
}
