//! Reads the newest letters of a topic of dead letters, and remembers in this browser which of them were sent again. Leaves no
//! subscription behind and changes no letter.

use std::rc::Rc;

use irongate_proto::irongate_v1::BrowseRequest;
use irongate_proto::irongate_v1::browse_request::Start;
use yew::prelude::*;

use super::use_remote::{Remote, use_remote};
use crate::api::{self, Failure};
use crate::browser;
use crate::state::dead_letters::{Marks, Pile};

/// Where the marks are kept.
const KEY: &str = "irongate.redriven";

/// The newest letters of a topic.
#[hook]
pub fn use_dead_letters(topic: AttrValue, letters_max: u32) -> Remote<Pile> {
    use_remote((topic, letters_max), |(topic, letters_max)| read(topic.clone(), *letters_max))
}

async fn read(topic: AttrValue, letters_max: u32) -> Result<Pile, Failure> {
    let (mut pile, each) = Pile::of(&api::topics::describe(&topic).await?, letters_max);
    let request = BrowseRequest { topics: vec![topic.to_string()], start: Some(Start::LastCount(each)), follow: false };
    let mut browsing = api::browse::browse(request).await?;
    while let Some(response) = browsing.next().await? {
        pile.push(response.messages);
    }
    Ok(pile)
}

/// Adds letters of a pile to those that were sent again.
pub type Mark = Callback<(Rc<Pile>, Vec<usize>)>;

/// The letters that were sent again from this browser, and what adds some of a pile.
#[hook]
pub fn use_marks() -> (Rc<Marks>, Mark) {
    let marks = use_state(|| Rc::new(Marks::read(&browser::stored(KEY).unwrap_or_default())));
    let add = {
        let marks = marks.setter();
        Callback::from(move |(pile, letters): (Rc<Pile>, Vec<usize>)| {
            // Read anew: another tab may have sent some too.
            let mut all = Marks::read(&browser::stored(KEY).unwrap_or_default());
            let held = letters.iter().filter_map(|&index| pile.letters.get(index));
            held.for_each(|held| all.add(held.mark()));
            // Where this browser keeps nothing, they are marked until the page is left.
            let _kept = browser::store(KEY, &all.text());
            marks.set(Rc::new(all));
        })
    };
    ((*marks).clone(), add)
}
