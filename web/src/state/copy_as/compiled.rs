//! The message as a program in Go or in Java, for Danube's clients of these languages.

use std::fmt::Write as _;

use super::{Letter, Tongue, VersionChoice, string};

impl Letter<'_> {
    pub(super) fn go(&self) -> String {
        let literal = |text: &str| string(text, Tongue::Go);
        // The client takes the address without its scheme.
        let address = self.host.strip_prefix("http://").unwrap_or(self.host);
        let mut out =
            "package main\n\nimport (\n\t\"context\"\n\t\"log\"\n\n\t\"github.com/danube-messaging/danube-go\"\n)\n\n\
            func main() {\n\tctx := context.Background()\n"
                .to_owned();
        let _ = writeln!(out, "\tclient, err := danube.NewClient().ServiceURL({}).Build()", literal(address));
        out.push_str("\tif err != nil {\n\t\tlog.Fatal(err)\n\t}\n\tproducer, err := client.NewProducer().\n");
        let mut calls = vec![format!("WithTopic({})", literal(&self.form.topic)), "WithName(\"producer\")".to_owned()];
        if !self.subject().is_empty() {
            let subject = literal(self.subject());
            calls.push(match self.form.version {
                VersionChoice::Latest => format!("WithSchemaSubject({subject})"),
                VersionChoice::Pinned(version) => format!("WithSchemaVersion({subject}, {version})"),
                VersionChoice::Minimum(version) => format!("WithSchemaMinVersion({subject}, {version})"),
            });
        }
        if self.partitions() > 0 {
            calls.push(format!("WithPartitions({})", self.partitions()));
        }
        if self.reliable() {
            calls.push("WithDispatchStrategy(danube.NewReliableDispatchStrategy())".to_owned());
        }
        calls.push("Build()".to_owned());
        let _ = writeln!(out, "\t\t{}", calls.join(".\n\t\t"));
        out.push_str(
            "\tif err != nil {\n\t\tlog.Fatal(err)\n\t}\n\tif err := producer.Create(ctx); err != nil {\n\t\tlog.Fatal(err)\n\t}\n",
        );
        let payload = match self.text() {
            Some(text) => format!("[]byte({})", literal(text)),
            None => format!("[]byte{{{}}}", self.numbers(|byte| byte.to_string())),
        };
        let pairs: Vec<String> =
            self.attributes().map(|row| format!("{}: {}", literal(&row.key), literal(&row.value))).collect();
        let attributes = match pairs.is_empty() {
            true => "nil".to_owned(),
            false => format!("map[string]string{{{}}}", pairs.join(", ")),
        };
        let send = match self.form.routing_key.is_empty() {
            true => format!("Send(ctx, {payload}, {attributes})"),
            false => format!("SendWithKey(ctx, {payload}, {attributes}, {})", literal(&self.form.routing_key)),
        };
        let _ = writeln!(out, "\tif _, err := producer.{send}; err != nil {{\n\t\tlog.Fatal(err)\n\t}}\n}}");
        out
    }

    pub(super) fn java(&self) -> String {
        let literal = |text: &str| string(text, Tongue::Java);
        let mut out = "import com.danubemessaging.client.DanubeClient;\nimport com.danubemessaging.client.DispatchStrategy;\n\
            import com.danubemessaging.client.Producer;\nimport java.nio.charset.StandardCharsets;\nimport java.util.Map;\n\n\
            public class Send {\n    public static void main(String[] args) throws Exception {\n"
            .to_owned();
        let _ = writeln!(
            out,
            "        DanubeClient client = DanubeClient.builder().serviceUrl({}).build();",
            literal(self.host)
        );
        out.push_str("        Producer producer = client.newProducer()\n");
        let mut calls = vec![format!("withTopic({})", literal(&self.form.topic)), "withName(\"producer\")".to_owned()];
        if !self.subject().is_empty() {
            let subject = literal(self.subject());
            calls.push(match self.form.version {
                VersionChoice::Latest => format!("withSchemaLatest({subject})"),
                VersionChoice::Pinned(version) => format!("withSchemaPinnedVersion({subject}, {version})"),
                VersionChoice::Minimum(version) => format!("withSchemaMinVersion({subject}, {version})"),
            });
        }
        if self.partitions() > 0 {
            calls.push(format!("withPartitions({})", self.partitions()));
        }
        let strategy = if self.reliable() { "RELIABLE" } else { "NON_RELIABLE" };
        calls.push(format!("withDispatchStrategy(DispatchStrategy.{strategy})"));
        for call in calls {
            let _ = writeln!(out, "            .{call}");
        }
        out.push_str("            .build();\n        producer.create();\n");
        if !self.form.routing_key.is_empty() {
            out.push_str("        // The routing key is left out: Danube's Java client has no word for it.\n");
        }
        let payload = match self.text() {
            Some(text) => format!("{}.getBytes(StandardCharsets.UTF_8)", literal(text)),
            None => format!("new byte[] {{{}}}", self.numbers(|byte| i8::from_ne_bytes([byte]).to_string())),
        };
        let entries: Vec<String> =
            self.attributes().map(|row| format!("Map.entry({}, {})", literal(&row.key), literal(&row.value))).collect();
        let attributes = match entries.is_empty() {
            true => "Map.of()".to_owned(),
            false => format!("Map.ofEntries({})", entries.join(", ")),
        };
        let _ = writeln!(out, "        producer.send({payload}, {attributes});\n        client.close();\n    }}\n}}");
        out
    }

    fn numbers(&self, number: impl Fn(u8) -> String) -> String {
        self.payload.iter().map(|byte| number(*byte)).collect::<Vec<_>>().join(", ")
    }
}
