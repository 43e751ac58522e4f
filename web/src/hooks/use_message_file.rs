//! Files of messages through the worker, which knows their notation: written for download, and read.

use js_sys::Uint8Array;
use wasm_bindgen::JsCast as _;
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

use crate::browser;
use crate::checks::client::Checker;
use crate::checks::message::{MessageFile, Question, Written};
use crate::state::message_file::FILE_BYTES_MAX;
use crate::text::size::bytes;

/// What a file of messages is called: `irongate produce --from` takes it under any name.
pub const FILE_NAME: &str = "messages.yaml";

/// Offers a file of these messages.
///
/// # Errors
/// A sentence, where the worker does not write it.
pub async fn export(checker: &Checker, messages: Vec<Written>) -> Result<(), String> {
    let file = ask(checker, MessageFile { messages, ..MessageFile::default() }).await?;
    browser::download(FILE_NAME, "application/yaml", &file.text);
    Ok(())
}

/// The messages of a file.
///
/// # Errors
/// A sentence, where it is too long or holds none.
pub async fn import(checker: &Checker, file: &File) -> Result<Vec<Written>, String> {
    if file.size() > FILE_BYTES_MAX as f64 {
        let (size, limit) = (bytes(file.size() as u64), bytes(FILE_BYTES_MAX as u64));
        return Err(format!("the file has {size}, at most {limit} are read; split it"));
    }
    let buffer = JsFuture::from(file.array_buffer()).await.map_err(|_| "the browser could not read the file")?;
    let content = Uint8Array::new(&buffer.unchecked_into()).to_vec();
    let text = String::from_utf8(content).map_err(|_| "the file is no text")?;
    if text.trim().is_empty() {
        return Err("the file is empty".to_owned());
    }
    Ok(ask(checker, MessageFile { text, ..MessageFile::default() }).await?.messages)
}

async fn ask(checker: &Checker, file: MessageFile) -> Result<MessageFile, String> {
    let answer = checker.answer_to(Question { file: Some(file), ..Question::default() }).await?;
    match (answer.fault, answer.file) {
        (Some(fault), _) => Err(fault.message),
        (None, Some(file)) => Ok(file),
        (None, None) => Err("the schema worker is of another version; reload the page".to_owned()),
    }
}
