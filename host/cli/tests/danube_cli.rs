//! Every flag of danube-cli, long and short, given to `irongate`: it is taken, and it does what it does there.

use crate::harness::{Server, USER_EVENTS, objects};
use serde_json::Value;

/// A server with the files that the rows name: FILE, SCHEMA.
struct Table {
    server: Server,
    files: [(&'static str, String); 2],
}

impl Table {
    fn new() -> Self {
        let server = Server::start();
        let files = [
            ("FILE", server.file("message", "{\"user_id\":\"u\"}\n")),
            ("SCHEMA", server.file("schema.json", USER_EVENTS)),
        ];
        Self { server, files }
    }

    fn run(&self, line: &str) -> String {
        let file = |word: &str| self.files.iter().find(|(name, _)| *name == word).map(|(_, path)| path.clone());
        let words: Vec<String> = line.split(' ').map(|word| file(word).unwrap_or_else(|| word.to_owned())).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let outcome = self.server.run(&words);
        assert_eq!(outcome.code, 0, "{line}: {outcome:?}");
        outcome.stdout
    }

    fn stored(&self, topic: &str) -> Vec<Value> {
        objects(&self.run(&format!("--json consume -t {topic} --from earliest --no-follow")))
    }
}

#[test]
fn produce_takes_every_flag_in_both_forms() {
    let table = Table::new();
    table.run("schema register events --schema-type json_schema --file SCHEMA");
    // The rest of the command line, and a field of each of the two messages with its value.
    let rows = [
        ("--message x", "payload", "\"x\""),
        ("-m x", "payload", "\"x\""),
        ("-m -", "payload", "\"-\""),
        ("--file FILE", "payload", r#""{\"user_id\":\"u\"}\n""#),
        ("-f FILE", "payload", r#""{\"user_id\":\"u\"}\n""#),
        ("-m x --producer-name me", "producer", "\"me\""),
        ("-m x -n me", "producer", "\"me\""),
        ("-m x", "producer", "\"test_producer\""),
        ("-m x --attributes a:1,b:2,a:3", "attributes", r#"{"a":"3","b":"2"}"#),
        ("-m x -a a:1,b:x:y", "attributes", r#"{"a":"1","b":"x:y"}"#),
        ("-m x --interval 100", "offset", "0"),
        ("-m x -i 100", "offset", "0"),
        ("-f FILE --schema-subject events", "schema_version", "1"),
        ("-f FILE --schema-subject events --schema-version 1", "schema_version", "1"),
        ("-f FILE --schema-subject events --schema-min-version 1", "schema_version", "1"),
        ("-f FILE --schema-file SCHEMA --schema-type json_schema", "schema_version", "1"),
    ];
    for (row, (rest, field, value)) in rows.into_iter().enumerate() {
        for (topic, count) in [("--topic", "--count"), ("-t", "-c")] {
            let name = format!("/default/row-{row}{topic}");
            table.run(&format!("produce {topic} {name} {count} 2 --reliable {rest}"));
            let stored = table.stored(&name);
            assert_eq!((stored.len(), stored[0][field].to_string().as_str()), (2, value), "{rest}: {stored:?}");
        }
    }
    for partitions in ["--partitions", "-p"] {
        let topic = format!("/default/parts{partitions}");
        table.run(&format!("produce -t {topic} {partitions} 2 --reliable -m x -c 2"));
        let mut topics: Vec<String> = table.stored(&topic).iter().map(|one| one["topic"].to_string()).collect();
        topics.sort_unstable();
        assert_eq!(topics, [format!("\"{topic}-part-0\""), format!("\"{topic}-part-1\"")]);
    }
    table.run("produce --reliable -m x");
    assert_eq!(table.stored("/default/test_topic").len(), 1, "the topic that danube-cli has as well");
}

#[test]
fn consume_takes_every_flag_in_both_forms() {
    let table = Table::new();
    let forms = [("--topic", "--consumer", "--subscription"), ("-t", "-n", "-m")];
    for (form, (topic, consumer, subscription)) in forms.into_iter().enumerate() {
        for sub_type in
            ["", "--sub-type exclusive", "--sub-type shared", "--sub-type fail-over", "--sub-type key-shared"]
        {
            let name = format!("/default/c{form}{}", sub_type.replace([' ', '-'], "_"));
            table.run(&format!("produce -t {name} --reliable -m before"));
            let line = format!("consume {topic} {name} {consumer} me {subscription} sub {sub_type} -c 1");
            let child = table.server.spawn(&line.split_whitespace().collect::<Vec<_>>());
            table.server.wait_until_consumed(&name);
            table.run(&format!("produce -t {name} -m now -a k:v"));
            let output = child.wait_with_output().expect("it ends");
            let stdout = String::from_utf8(output.stdout).expect("text");
            assert!(stdout.contains("now") && stdout.contains("Attributes: k=v"), "{line}: {stdout}");
            let described = objects(&table.run(&format!("--json topics describe {name}")));
            let kind = described[0]["subscription_details"][0]["type"].as_str().unwrap_or_default().to_lowercase();
            let wanted = sub_type.rsplit(' ').next().unwrap_or_default().replace('-', "");
            let wanted = if wanted.is_empty() { "shared" } else { &wanted };
            assert_eq!(kind.replace(['-', '_'], ""), wanted, "{line}: {described:?}");
        }
    }
}

#[test]
fn schema_takes_every_flag_in_both_forms() {
    let table = Table::new();
    let rows = [
        ("register one --schema-type json_schema --file SCHEMA", "Version: 1"),
        ("register two --type json_schema -f SCHEMA --output json", "\"version\":1"),
        ("register two -t json_schema -f SCHEMA -o table", "Version: 1"),
        ("get one", "user_id"),
        ("get one --version 1 --output json", "\"subject\":\"one\""),
        ("get one -v 1 -o json", "\"subject\":\"one\""),
        ("versions one", "VERSION"),
        ("versions one --output json", "\"version\":1"),
        ("versions one -o json", "\"version\":1"),
        ("check one --file SCHEMA --schema-type json_schema", "compatible with one"),
        ("check one -f SCHEMA -t json_schema -o json", "\"is_compatible\":true"),
        ("check one -f SCHEMA -t json_schema --mode full", "compatible with one"),
        ("list", "one"),
        ("list --output json", "\"subject\":\"one\""),
        ("list -o json", "\"subject\":\"one\""),
        ("delete one --version 1 --permanent", "version 1 is deleted"),
        ("delete two -v 1 -o json", "\"event\":\"deleted\""),
    ];
    for (row, expected) in rows {
        let stdout = table.run(&format!("schema {row}"));
        assert!(stdout.contains(expected), "{row}: {stdout}");
    }
}
