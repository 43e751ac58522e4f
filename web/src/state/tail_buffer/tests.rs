//! Tests of the tail's ring, filter and held view.

use irongate_proto::danube::{MsgId, StreamMessage};

use super::*;

fn message(topic: &str, offset: u64, payload: &str) -> BrowsedMessage {
    BrowsedMessage {
        message: Some(StreamMessage {
            msg_id: Some(MsgId { topic_name: topic.to_owned(), topic_offset: offset, ..MsgId::default() }),
            payload: Bytes::copy_from_slice(payload.as_bytes()),
            ..StreamMessage::default()
        }),
        append_time_ms: 1000 + offset,
        stored: true,
    }
}

fn filled(payloads: &[&str]) -> TailBuffer {
    let mut buffer = TailBuffer::default();
    let messages = payloads.iter().enumerate().map(|(at, payload)| message("/default/x", at as u64, payload));
    buffer.push(messages.collect(), 0);
    buffer
}

fn view(buffer: &TailBuffer) -> Vec<&str> {
    let rows = (0..buffer.view_len()).map(|index| buffer.view_row(index).unwrap());
    rows.map(|row| std::str::from_utf8(&row.payload).unwrap()).collect()
}

#[test]
fn the_newest_row_comes_first() {
    let buffer = filled(&["a", "b", "c"]);
    assert_eq!(view(&buffer), ["c", "b", "a"]);
    assert_eq!(buffer.view_row(3), None);
    assert_eq!(buffer.view_index(2), Some(0));
    assert_eq!(buffer.last_append_time_ms(), Some(1002));
}

#[test]
fn what_comes_again_after_a_reconnect_is_dropped_for_each_topic_by_itself() {
    let mut buffer = filled(&["a", "b"]);
    let again = vec![message("/default/x", 1, "b"), message("/default/y", 0, "y"), message("/default/x", 2, "c")];
    assert_eq!(buffer.push(again, 0), 2);
    assert_eq!(view(&buffer), ["c", "y", "b", "a"]);
    buffer.clear();
    assert_eq!(buffer.push(vec![message("/default/x", 2, "c")], 0), 0, "cleared rows do not come back either");
}

#[test]
fn messages_that_are_not_stored_have_no_offset_and_all_count() {
    let mut buffer = TailBuffer::default();
    let loose = || BrowsedMessage { stored: false, ..message("/default/x", 0, "a") };
    assert_eq!(buffer.push(vec![loose(), loose()], 3), 2);
    assert_eq!(buffer.view_row(0).unwrap().offset, None);
    assert_eq!(buffer.missed_count(), 3);
}

#[test]
fn the_ring_is_bounded_in_bytes_and_the_oldest_go_first() {
    let big = "x".repeat(64 * 1024 * 1024);
    let mut buffer = filled(&["first", &big, &big]);
    assert_eq!(buffer.held_count(), 3);
    buffer.set_filter("FIRST");
    while buffer.scan_step() {}
    assert_eq!(view(&buffer), ["first"]);
    buffer.push(vec![message("/default/x", 3, &big)], 0);
    assert_eq!(
        (buffer.held_count(), buffer.view_len()),
        (2, 0),
        "two of the big ones fit, the filter forgets the first"
    );
    assert_eq!((buffer.row(0), buffer.row(2).map(|row| row.offset)), (None, Some(Some(2))));
    assert_eq!(buffer.arrived_count(), 4);
}

#[test]
fn the_ring_is_bounded_in_rows() {
    let mut buffer = TailBuffer::default();
    let extra = 5;
    for chunk in 0..ROWS_MAX / 10_000 {
        let offsets = chunk * 10_000..(chunk + 1) * 10_000;
        buffer.push(offsets.map(|offset| message("/default/x", offset as u64, "")).collect(), 0);
    }
    buffer.push((0..extra).map(|at| message("/default/x", (ROWS_MAX + at) as u64, "")).collect(), 0);
    assert_eq!((buffer.held_count(), buffer.arrived_count()), (ROWS_MAX, (ROWS_MAX + extra) as u64));
}

#[test]
fn a_filter_finds_old_rows_in_steps_and_new_ones_at_once() {
    let count = SCAN_STEP_ROWS * 2 + 10;
    let mut buffer = TailBuffer::default();
    let payload = |at: usize| if at.is_multiple_of(1000) { "Needle" } else { "hay" };
    buffer.push((0..count).map(|at| message("/default/x", at as u64, payload(at))).collect(), 0);
    buffer.set_filter("needle");
    assert_eq!(buffer.view_len(), 0);
    assert!(buffer.scanning());
    assert!(buffer.scan_step());
    assert_eq!(buffer.view_len(), 10, "the newest rows first");
    buffer
        .push(vec![message("/default/x", count as u64, "a needle"), message("/default/x", count as u64 + 1, "hay")], 0);
    assert_eq!(buffer.view_len(), 11);
    while buffer.scan_step() {}
    assert!(!buffer.scanning());
    assert_eq!(buffer.view_len(), 22);
    assert_eq!(buffer.view_row(0).map(|row| row.payload.clone()), Some(Bytes::from_static(b"a needle")));
    let sequence = buffer.view_row(21).unwrap().sequence;
    assert_eq!((sequence, buffer.view_index(sequence)), (0, Some(21)));
    buffer.set_filter("");
    assert_eq!(buffer.view_len(), count + 2);
}

#[test]
fn a_filter_looks_at_topic_key_and_attributes() {
    let mut one = message("/default/x", 0, "");
    if let Some(message) = &mut one.message {
        message.routing_key = Some("Customer-7".to_owned());
        message.attributes.insert("source".to_owned(), "WEB".to_owned());
    }
    let mut buffer = TailBuffer::default();
    buffer.push(vec![one, message("/default/y", 0, "zz")], 0);
    for (text, count) in [("customer", 1), ("web", 1), ("SOURCE", 1), ("/default/", 2), ("zzz", 0), ("z", 1)] {
        buffer.set_filter(text);
        while buffer.scan_step() {}
        assert_eq!(buffer.view_len(), count, "{text}");
    }
}

#[test]
fn a_held_view_stands_still_while_rows_arrive() {
    let mut buffer = filled(&["a", "b"]);
    buffer.hold();
    buffer.push(vec![message("/default/x", 2, "c")], 0);
    buffer.hold();
    assert_eq!((view(&buffer), buffer.waiting_count()), (vec!["b", "a"], 1));
    assert_eq!(buffer.view_index(2), None);
    buffer.set_filter("c");
    while buffer.scan_step() {}
    assert_eq!((buffer.view_len(), buffer.waiting_count()), (0, 1));
    buffer.set_filter("");
    buffer.follow();
    assert_eq!((view(&buffer), buffer.waiting_count()), (vec!["c", "b", "a"], 0));
    buffer.hold();
    buffer.clear();
    assert_eq!((buffer.view_len(), buffer.waiting_count()), (0, 0));
}

#[test]
fn a_restart_forgets_offsets_but_not_the_filter() {
    let mut buffer = filled(&["a", "b"]);
    buffer.set_filter("b");
    buffer.restart();
    assert_eq!((buffer.held_count(), buffer.arrived_count(), buffer.last_append_time_ms()), (0, 0, None));
    let again = vec![message("/default/x", 0, "a"), message("/default/x", 1, "b")];
    assert_eq!(buffer.push(again, 0), 2, "another stream may show the same messages");
    assert_eq!((view(&buffer), buffer.scanning()), (vec!["b"], false));
}
