//! What changes of a text and what stays.

use super::*;

fn steps(pointer: &str) -> Vec<Step> {
    let step = |part: &str| part.parse().map_or_else(|_| Step::Key(part.to_owned()), Step::Item);
    pointer.split('/').skip(1).map(step).collect()
}

#[test]
fn a_value_is_replaced_and_all_else_stays() {
    let text = "{ \"id\":9007199254740993,\n\t\"x\" : [1.0, {\"y\":\"z\"}]}";
    assert_eq!(set(text, &steps("/x/1/y"), "2").unwrap(), text.replace("\"z\"", "2"));
    assert_eq!(set(text, &steps("/id"), "{\"a\":1}").unwrap(), text.replace("9007199254740993", "{\n  \"a\": 1\n}"));
    assert_eq!(set("{\"a\":1,\"a\":2}", &steps("/a"), "3").unwrap(), "{\"a\":1,\"a\":3}");
    assert_eq!(set("1", &[], "2").unwrap(), "2");
}

#[test]
fn what_is_missing_is_made_in_the_manner_of_its_neighbours() {
    assert_eq!(set("", &steps("/a/0"), "1").unwrap(), "{\n  \"a\": [\n    1\n  ]\n}");
    assert_eq!(set("{}", &steps("/a"), "1").unwrap(), "{\n  \"a\": 1\n}");
    assert_eq!(set("{\"a\":1}", &steps("/b"), "2").unwrap(), "{\"a\":1, \"b\": 2}");
    assert_eq!(
        set("{\n  \"a\": 1\n}", &steps("/b/c"), "2").unwrap(),
        "{\n  \"a\": 1,\n  \"b\": {\n    \"c\": 2\n  }\n}"
    );
    assert_eq!(set("[1]", &steps("/1"), "2").unwrap(), "[1, 2]");
    for (text, place) in [("[1]", "/5"), ("[1]", "/a"), ("3", "/a"), ("{", "/a"), ("", "/1")] {
        assert_eq!(set(text, &steps(place), "2"), None, "{text} {place}");
    }
}

#[test]
fn a_removed_value_takes_its_comma_along() {
    for (text, place, left) in [
        ("{\"a\":1, \"b\":2, \"c\":3}", "/a", "{\"b\":2, \"c\":3}"),
        ("{\"a\":1, \"b\":2, \"c\":3}", "/b", "{\"a\":1, \"c\":3}"),
        ("{\"a\":1, \"b\":2, \"c\":3}", "/c", "{\"a\":1, \"b\":2}"),
        ("{ \"a\":1 }", "/a", "{}"),
        ("[1,2]", "/1", "[1]"),
        ("[1,2]", "/7", "[1,2]"),
        ("{}", "/a/b", "{}"),
        ("{\"a\":1}", "", ""),
    ] {
        assert_eq!(remove(text, &steps(place)).unwrap(), left, "{text} {place}");
    }
    assert_eq!(remove("{", &steps("/a")), None);
}

#[test]
fn a_member_gets_another_name() {
    assert_eq!(rename("{\"a\":{\"b\":1}}", &steps("/a/b"), "x\"y").unwrap(), "{\"a\":{\"x\\\"y\":1}}");
    assert_eq!(rename("[1]", &steps("/0"), "x"), None);
}

#[test]
fn strings_go_there_and_back() {
    for text in ["", "a\"b\\c/", "line\nline\ttab\r", "\u{1}\u{1f}", "é😀"] {
        assert_eq!(unquoted(&quoted(text)).as_deref(), Some(text));
        assert_eq!(set("0", &[], &quoted(text)), Some(quoted(text)), "it is JSON");
    }
    assert_eq!(unquoted(r#""\u00e9\ud83d\ude00\/\b""#).as_deref(), Some("é😀/\u{8}"));
    assert_eq!(unquoted("1"), None);
    assert_eq!(pointer(&[Step::Key("a/b~c".to_owned()), Step::Item(3)]), "/a~1b~0c/3");
}
