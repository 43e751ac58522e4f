//! A run from its file to its report.

use irongate_proto::irongate_v1::Published;

use super::*;

fn row(line: u32, payload: &str, problem: &str) -> Row {
    Row { line, payload: Bytes::copy_from_slice(payload.as_bytes()), problem: problem.to_owned() }
}

fn published(offset: u64) -> PublishResult {
    let published = Published { topic: "/default/x".to_owned(), offset: Some(offset), ..Published::default() };
    PublishResult { outcome: Some(Outcome::Published(published)) }
}

fn refused(code: Code, message: &str) -> PublishResult {
    let refused = Refused { code: code as u32, message: message.to_owned(), ..Refused::default() };
    PublishResult { outcome: Some(Outcome::Refused(refused)) }
}

fn three_valid() -> Run {
    let mut run = Run::new((1..=3).map(|line| row(line, "{}", "")).collect());
    let all = run.to_check(0);
    run.checked(&all, all.iter().map(|_| row(0, "{}", "")).collect());
    run
}

#[test]
fn rows_are_checked_then_sent_and_the_report_names_each() {
    let mut run = Run::new(vec![row(1, "a", ""), row(2, "b", "has 1 cells"), row(4, "c", ""), row(5, "d", "")]);
    assert_eq!(run.to_check(0), [0, 2, 3]);
    run.checked(&[0, 2, 3], vec![row(0, "A", ""), row(0, "c", "/n: \"no\""), row(0, "D", "")]);
    assert_eq!((run.to_check(0).len(), run.to_send(0), run.to_send(1)), (0, vec![0, 3], vec![3]));
    assert_eq!(run.payloads(&[0]), [Bytes::from_static(b"A")]);
    assert_eq!(run.sent(&[0, 3], vec![published(7), refused(Code::PermissionDenied, "never")]), Ok(()));
    let counts = run.counts();
    assert_eq!((counts.all, counts.invalid, counts.sent, counts.refused, counts.valid), (4, 2, 1, 1, 0));
    assert_eq!(
        run.report(),
        "line,result,topic,offset,reason\r\n1,sent,/default/x,7,\"\"\r\n2,invalid,,,\"has 1 cells\"\r\n\
            4,invalid,,,\"/n: \"\"no\"\"\"\r\n5,refused,,,\"never\"\r\n"
    );
    assert_eq!(run.bad().iter().map(|bad| bad.line).collect::<Vec<_>>(), [2, 4, 5]);
}

#[test]
fn what_the_broker_may_take_later_stays_to_be_sent() {
    let mut run = three_valid();
    let later = run.sent(&[0, 1, 2], vec![published(0), refused(Code::ResourceExhausted, "the disk is full")]);
    assert_eq!(later.unwrap_err().message, "the disk is full");
    assert_eq!(run.to_send(0), [1, 2]);
    assert!(run.sent(&[1, 2], vec![published(1)]).is_err(), "a result is missing");
    assert_eq!(run.to_send(0), [2]);
}

#[test]
fn a_later_run_of_the_same_file_sends_only_the_rest() {
    let mut run = three_valid();
    run.sent(&[0, 2], vec![published(0), published(1)]).unwrap();
    let bits = run.acknowledged();
    let mut again = three_valid();
    again.recall(&bits);
    assert_eq!((again.to_send(0), again.counts().before, again.counts().sent), (vec![1], 2, 2));
    assert_eq!(again.acknowledged(), bits);
    assert_ne!(fingerprint(b"a", "/x"), fingerprint(b"a", "/y"));
    assert_ne!(fingerprint(b"a", "/x"), fingerprint(b"b", "/x"));
}

#[test]
fn a_batch_has_a_limit_of_rows_and_of_bytes() {
    let many = Run::new(vec![row(1, "1", ""); BATCH_ROWS_MAX + 1]);
    assert_eq!(many.to_check(0).len(), BATCH_ROWS_MAX);
    let half = "x".repeat(BATCH_BYTES_MAX / 2);
    assert_eq!(Run::new(vec![row(1, &half, ""); 3]).to_check(0).len(), 2);
    let large = "x".repeat(BATCH_BYTES_MAX + 1);
    assert_eq!(Run::new(vec![row(1, &large, ""); 3]).to_check(0).len(), 1);
    let listed = Run::new(vec![row(1, "", "bad"); LISTED_ROWS_MAX + 1]);
    assert_eq!(listed.bad().len(), LISTED_ROWS_MAX);
}
