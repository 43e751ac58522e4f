//! The records that every engine is given, and what is done to them. Compiled into every program that measures transforms.

use std::fmt::Write;

/// Bytes of every payload.
pub const PAYLOAD_BYTES: usize = 1024;

/// What is done to each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// A copy goes out.
    Identity,
    /// A field of the JSON is masked.
    Mask,
    /// It goes on as it is.
    Keep,
    /// It ends here.
    Drop,
}

impl Work {
    /// All of it.
    pub const ALL: [Work; 4] = [Work::Identity, Work::Mask, Work::Keep, Work::Drop];

    /// As configurations and programs spell it.
    pub fn name(self) -> &'static str {
        match self {
            Work::Identity => "identity",
            Work::Mask => "mask",
            Work::Keep => "keep",
            Work::Drop => "drop",
        }
    }
}

/// The key of a record.
pub fn key(number: usize) -> String {
    format!("customer-{number:06}")
}

/// The one attribute of a record: its name and its value.
pub fn attribute(number: usize) -> (String, String) {
    ("trace-id".to_owned(), format!("{number:032x}"))
}

/// An order of [`PAYLOAD_BYTES`] of JSON: 59 values, a third of it one long text.
pub fn payload(number: usize) -> String {
    let mut text = format!(
        r#"{{"id":"order-{number:08}","customer":{{"name":"Ada Lovelace","email":"ada@example.org","tier":"gold"}},"items":["#
    );
    for item in 0..8 {
        let comma = if item == 0 { "" } else { "," };
        let _ = write!(
            text,
            r#"{comma}{{"sku":"sku-{:06}","count":{},"price":{}.95}}"#,
            item * 37 + number % 1000,
            item + 1,
            10 * item + 3
        );
    }
    text.push_str(r#"],"paid":true,"discount":0.875,"tags":["alpha","beta","gamma"],"note":""#);
    let note = PAYLOAD_BYTES - text.len() - 2;
    text.extend(std::iter::repeat_n('n', note));
    text.push_str("\"}");
    text
}
