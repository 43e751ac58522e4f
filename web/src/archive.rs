//! What has been sent from this browser and the templates made in it, in its IndexedDB: kept across reloads, bounded, and
//! never sent anywhere. Drafts are not here; they are written when a page is being left, which
//! takes storage that answers at once.

use futures_channel::oneshot;
use js_sys::{Array, Uint8Array};
use prost::Message as _;
use wasm_bindgen::prelude::*;
use web_sys::{IdbDatabase, IdbObjectStore, IdbRequest, IdbTransactionMode};

use crate::state::history::{HISTORY_MAX, Record};
use crate::state::template::Template;

const DATABASE: &str = "irongate";
const VERSION: u32 = 3;
const HISTORY: &str = "history";
const RUNS: &str = "runs";
const TEMPLATES: &str = "templates";

type Answer<T> = Result<T, JsValue>;

/// Keeps a record, or replaces the one with its id, and lets go of the oldest beyond [`HISTORY_MAX`].
///
/// # Errors
/// Where this browser keeps nothing, or no more.
pub async fn keep(record: &Record) -> Answer<()> {
    let store = store(HISTORY, IdbTransactionMode::Readwrite).await?;
    let bytes = Uint8Array::from(record.encode_to_vec().as_slice());
    answer(&store.put_with_key(&bytes, &(record.id as f64).into())?).await?;
    let count = answer(&store.count()?).await?.as_f64().unwrap_or(0.0) as usize;
    if count > HISTORY_MAX {
        let oldest = store.get_all_keys_with_key_and_limit(&JsValue::UNDEFINED, (count - HISTORY_MAX) as u32)?;
        for key in Array::from(&answer(&oldest).await?).iter() {
            answer(&store.delete(&key)?).await?;
        }
    }
    Ok(())
}

/// All records, newest first. One that cannot be read is left out.
///
/// # Errors
/// Where this browser keeps nothing.
pub async fn all() -> Answer<Vec<Record>> {
    let store = store(HISTORY, IdbTransactionMode::Readonly).await?;
    let all = Array::from(&answer(&store.get_all()?).await?);
    let read = |value: JsValue| Record::decode(Uint8Array::new(&value).to_vec().as_slice()).ok();
    Ok(all.iter().rev().filter_map(read).collect())
}

/// Forgets one record, or all of them.
///
/// # Errors
/// Where this browser keeps nothing.
pub async fn forget(id: Option<u64>) -> Answer<()> {
    let store = store(HISTORY, IdbTransactionMode::Readwrite).await?;
    let request = match id {
        Some(id) => store.delete(&(id as f64).into())?,
        None => store.clear()?,
    };
    answer(&request).await.map(drop)
}

/// Keeps which rows of a run have been acknowledged, by the fingerprint of its file.
///
/// # Errors
/// Where this browser keeps nothing, or no more.
pub async fn keep_run(fingerprint: &str, acknowledged: &[u8]) -> Answer<()> {
    let store = store(RUNS, IdbTransactionMode::Readwrite).await?;
    answer(&store.put_with_key(&Uint8Array::from(acknowledged), &fingerprint.into())?).await.map(drop)
}

/// What an earlier run of the same file has had acknowledged; nothing where there was none.
///
/// # Errors
/// Where this browser keeps nothing.
pub async fn earlier_run(fingerprint: &str) -> Answer<Vec<u8>> {
    let store = store(RUNS, IdbTransactionMode::Readonly).await?;
    let found = answer(&store.get(&fingerprint.into())?).await?;
    Ok(found.dyn_into::<Uint8Array>().map(|bits| bits.to_vec()).unwrap_or_default())
}

/// Forgets a run: all rows of its file may be sent once more.
///
/// # Errors
/// Where this browser keeps nothing.
pub async fn forget_run(fingerprint: &str) -> Answer<()> {
    let store = store(RUNS, IdbTransactionMode::Readwrite).await?;
    answer(&store.delete(&fingerprint.into())?).await.map(drop)
}

/// Keeps a template under its name, in the place of the one that has that name, and of the one it was called before.
///
/// # Errors
/// Where this browser keeps nothing, or no more.
pub async fn keep_template(template: &Template, before: Option<&str>) -> Answer<()> {
    let store = store(TEMPLATES, IdbTransactionMode::Readwrite).await?;
    let bytes = Uint8Array::from(template.encode_to_vec().as_slice());
    answer(&store.put_with_key(&bytes, &template.name.as_str().into())?).await?;
    if let Some(before) = before.filter(|before| *before != template.name) {
        answer(&store.delete(&before.into())?).await?;
    }
    Ok(())
}

/// All templates, by name. One that cannot be read is left out.
///
/// # Errors
/// Where this browser keeps nothing.
pub async fn templates() -> Answer<Vec<Template>> {
    let store = store(TEMPLATES, IdbTransactionMode::Readonly).await?;
    let all = Array::from(&answer(&store.get_all()?).await?);
    let read = |value: JsValue| Template::decode(Uint8Array::new(&value).to_vec().as_slice()).ok();
    Ok(all.iter().filter_map(read).collect())
}

/// Forgets a template.
///
/// # Errors
/// Where this browser keeps nothing.
pub async fn forget_template(name: &str) -> Answer<()> {
    let store = store(TEMPLATES, IdbTransactionMode::Readwrite).await?;
    answer(&store.delete(&name.into())?).await.map(drop)
}

async fn store(name: &str, mode: IdbTransactionMode) -> Answer<IdbObjectStore> {
    let factory = gloo_utils::window().indexed_db()?.ok_or(JsValue::NULL)?;
    let opening = factory.open_with_u32(DATABASE, VERSION)?;
    let upgrade = {
        let opening = opening.clone();
        Closure::once(move || {
            if let Ok(database) = opening.result().map(IdbDatabase::from) {
                // It fails only where the store exists, which is as well.
                drop(database.create_object_store(HISTORY));
                drop(database.create_object_store(RUNS));
                drop(database.create_object_store(TEMPLATES));
            }
        })
    };
    opening.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
    let database = IdbDatabase::from(answer(&opening).await?);
    let store = database.transaction_with_str_and_mode(name, mode)?.object_store(name);
    // It ends with its transaction; else a page of a later version could not open it beside this one.
    database.close();
    store
}

/// Waits for a request.
async fn answer(request: &IdbRequest) -> Answer<JsValue> {
    let (sender, receiver) = oneshot::channel();
    let done = Closure::once(move || {
        // Nobody waits any more: the page has been left.
        let _gone = sender.send(());
    });
    request.set_onsuccess(Some(done.as_ref().unchecked_ref()));
    request.set_onerror(Some(done.as_ref().unchecked_ref()));
    // Without the closure there is no answer; it lives until here.
    let _answered = receiver.await;
    request.set_onsuccess(None);
    request.set_onerror(None);
    drop(done);
    match request.error()? {
        Some(error) => Err(error.into()),
        None => request.result(),
    }
}
