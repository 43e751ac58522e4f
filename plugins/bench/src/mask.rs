//! The edit of JSON that benchmarks measure: reads a payload, masks a field at every depth, writes it again. This one file is compiled into every guest
//! that is measured, and natively beside them. Knows nothing but `serde_json`.

use serde_json::Value;

/// The field.
const FIELD: &str = "email";

/// A payload with the field masked.
///
/// # Errors
/// It is not JSON.
pub fn mask(payload: &[u8]) -> serde_json::Result<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(payload)?;
    mask_value(&mut value);
    serde_json::to_vec(&value)
}

fn mask_value(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if name == FIELD {
                    *value = Value::from("***");
                } else {
                    mask_value(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(mask_value),
        _ => {}
    }
}
