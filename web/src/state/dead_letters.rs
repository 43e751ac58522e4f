//! Dead letters as they were read from a topic: how many there are beyond those, in which kinds they fall, and which of them were
//! sent again from this browser. Reads nothing, and does not say what sending again means.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use irongate_messages::dead_letter::{Kind, Letter, ORIGINAL_OFFSET};
use irongate_proto::irongate_v1::{BrowsedMessage, DescribeTopicResponse};

/// How many of the newest letters may be read at once, of all partitions together.
pub const LETTERS_CHOICES: [u32; 3] = [100, 1_000, 10_000];

/// How many are read, unless another number is chosen.
pub const LETTERS_DEFAULT: u32 = 1_000;

/// Bytes of letters that the page holds; of more the oldest go.
pub const HELD_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Letters that this browser remembers to have sent again; of more the first are forgotten.
pub const MARKS_MAX: usize = 10_000;

/// A letter as it was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The letter.
    pub letter: Letter,
    /// When it was put here.
    pub append_time_ms: u64,
}

impl Held {
    fn bytes(&self) -> usize {
        let letter = &self.letter;
        let attributes: usize = letter.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
        size_of::<Held>() + letter.payload.len() + attributes
    }

    /// What names it in the browser's memory. Its time is in it, because a topic that is made anew begins at 0 again.
    #[must_use]
    pub fn mark(&self) -> String {
        format!("{}@{}@{}", self.letter.topic, self.letter.offset, self.append_time_ms)
    }

    /// Where the message was, as the Tail page takes it: topic and offset.
    #[must_use]
    pub fn origin(&self) -> Option<(&str, u64)> {
        let offset = self.letter.says(ORIGINAL_OFFSET).parse().ok()?;
        Some((self.letter.original_topic(), offset)).filter(|(topic, _)| !topic.is_empty())
    }
}

/// Letters that failed in one way.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// The way.
    pub kind: Kind,
    /// Which of the pile, newest first.
    pub letters: Vec<usize>,
    /// When the first of them was put here.
    pub first_ms: u64,
    /// When the last was.
    pub last_ms: u64,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pile {
    /// The letters, in the order of arrival.
    pub letters: VecDeque<Held>,
    /// How many the topic held when it was read.
    pub stored: u64,
    held_bytes: usize,
}

impl Pile {
    /// An empty one of a topic, with how many letters to ask each of its partitions for.
    #[must_use]
    pub fn of(topic: &DescribeTopicResponse, letters_max: u32) -> (Pile, u32) {
        let stored = topic.partitions.iter().map(|part| part.next_offset.saturating_sub(part.first_offset)).sum();
        let parts = u32::try_from(topic.partitions.len().max(1)).unwrap_or(letters_max);
        (Pile { stored, ..Pile::default() }, letters_max.div_ceil(parts))
    }

    /// Takes letters in.
    pub fn push(&mut self, messages: Vec<BrowsedMessage>) {
        for browsed in messages {
            let Some(message) = browsed.message.filter(|_| browsed.stored) else { continue };
            let id = message.msg_id.unwrap_or_default();
            let letter = Letter {
                topic: id.topic_name,
                offset: id.topic_offset,
                key: message.routing_key,
                attributes: message.attributes.into_iter().collect(),
                payload: message.payload,
            };
            let held = Held { letter, append_time_ms: browsed.append_time_ms };
            self.held_bytes += held.bytes();
            self.letters.push_back(held);
        }
        while self.held_bytes > HELD_BYTES_MAX && self.letters.len() > 1 {
            self.held_bytes -= self.letters.pop_front().map_or(0, |oldest| oldest.bytes());
        }
    }

    /// How many the topic holds that were not read, or went again.
    #[must_use]
    pub fn beyond(&self) -> u64 {
        self.stored.saturating_sub(self.letters.len() as u64)
    }

    /// The kinds, the most frequent first.
    #[must_use]
    pub fn groups(&self) -> Vec<Group> {
        let mut groups: BTreeMap<Kind, Group> = BTreeMap::new();
        for (index, held) in self.letters.iter().enumerate().rev() {
            let kind = held.letter.kind();
            let time = held.append_time_ms;
            let empty = || Group { kind: kind.clone(), letters: Vec::new(), first_ms: time, last_ms: time };
            let group = groups.entry(kind.clone()).or_insert_with(empty);
            group.letters.push(index);
            group.first_ms = group.first_ms.min(time);
            group.last_ms = group.last_ms.max(time);
        }
        let mut groups: Vec<Group> = groups.into_values().collect();
        groups.sort_by_key(|group| std::cmp::Reverse(group.letters.len()));
        groups
    }
}

/// Which letters were sent again from this browser.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Marks {
    order: VecDeque<String>,
    all: BTreeSet<String>,
}

impl Marks {
    /// What [`Marks::text`] wrote.
    #[must_use]
    pub fn read(text: &str) -> Marks {
        let mut marks = Marks::default();
        text.lines().for_each(|mark| marks.add(mark.to_owned()));
        marks
    }

    /// As a text, a line each.
    #[must_use]
    pub fn text(&self) -> String {
        self.order.iter().fold(String::new(), |text, mark| text + mark + "\n")
    }

    /// Remembers one.
    pub fn add(&mut self, mark: String) {
        if self.all.insert(mark.clone()) {
            self.order.push_back(mark);
        }
        while self.order.len() > MARKS_MAX {
            if let Some(first) = self.order.pop_front() {
                self.all.remove(&first);
            }
        }
    }

    /// Whether a letter was.
    #[must_use]
    pub fn has(&self, held: &Held) -> bool {
        self.all.contains(&held.mark())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use irongate_messages::dead_letter::{ERROR_CLASS, FAILURE_REASON, ORIGINAL_TOPIC};
    use irongate_proto::danube::{MsgId, StreamMessage};
    use irongate_proto::irongate_v1::PartitionInfo;

    fn browsed(offset: u64, reason: &str, payload: usize) -> BrowsedMessage {
        let attributes = [(ERROR_CLASS, "reject"), (FAILURE_REASON, reason), (ORIGINAL_TOPIC, "/default/a")];
        let id = MsgId { topic_name: "/default/dlq".into(), topic_offset: offset, ..MsgId::default() };
        let message = StreamMessage {
            msg_id: Some(id),
            attributes: attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            payload: vec![b'x'; payload].into(),
            ..StreamMessage::default()
        };
        BrowsedMessage { message: Some(message), append_time_ms: 100 + offset, stored: true }
    }

    #[test]
    fn letters_fall_into_kinds_the_most_frequent_first() {
        let mut pile = Pile::default();
        pile.push(vec![browsed(0, "rare", 1), browsed(1, "often", 1), browsed(2, "often", 1)]);
        let groups = pile.groups();
        assert_eq!(groups.len(), 2);
        assert_eq!((&*groups[0].kind.reason, &*groups[0].letters), ("often", &[2, 1][..]));
        assert_eq!((groups[0].first_ms, groups[0].last_ms), (101, 102));
        assert_eq!((&*groups[1].kind.class, groups[1].letters.len()), ("reject", 1));
    }

    #[test]
    fn partitions_share_the_bound_and_what_is_beyond_it_is_known() {
        let part = |first_offset, next_offset| PartitionInfo { first_offset, next_offset, ..PartitionInfo::default() };
        let topic =
            DescribeTopicResponse { partitions: vec![part(5, 10), part(0, 2)], ..DescribeTopicResponse::default() };
        let (mut pile, each) = Pile::of(&topic, LETTERS_DEFAULT);
        assert_eq!((each, pile.beyond()), (500, 7));
        pile.push(vec![browsed(0, "a", 1)]);
        assert_eq!(pile.beyond(), 6);
        assert_eq!(Pile::of(&DescribeTopicResponse::default(), LETTERS_CHOICES[0]).1, 100);
    }

    #[test]
    fn of_more_bytes_than_the_page_holds_the_oldest_go() {
        let mut pile = Pile { stored: 3, ..Pile::default() };
        pile.push((0..3).map(|offset| browsed(offset, "a", HELD_BYTES_MAX / 2)).collect());
        assert_eq!(pile.letters.len(), 1);
        assert_eq!((pile.letters[0].letter.offset, pile.beyond()), (2, 2));
    }

    #[test]
    fn marks_survive_and_the_first_go_when_there_are_too_many() {
        let mut pile = Pile::default();
        pile.push(vec![browsed(0, "a", 1), browsed(1, "a", 1)]);
        let mut marks = Marks::default();
        marks.add(pile.letters[1].mark());
        marks.add(pile.letters[1].mark());
        let mut read = Marks::read(&marks.text());
        assert_eq!(read, marks);
        assert_eq!((read.has(&pile.letters[0]), read.has(&pile.letters[1])), (false, true));
        for number in 0..MARKS_MAX {
            read.add(number.to_string());
        }
        assert!(!read.has(&pile.letters[1]), "the first is forgotten");
    }

    #[test]
    fn the_origin_is_a_topic_with_an_offset() {
        let mut pile = Pile::default();
        pile.push(vec![browsed(0, "a", 1)]);
        let held = &mut pile.letters[0];
        assert_eq!(held.origin(), None);
        held.letter.attributes.insert(ORIGINAL_OFFSET.into(), "7".into());
        assert_eq!(held.origin(), Some(("/default/a", 7)));
    }
}
