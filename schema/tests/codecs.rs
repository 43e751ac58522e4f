//! Containers by every codec: read where this build can, refused by name where not. Runs natively and in the browser, which
//! can less.

use irongate_schema::{Schema, SchemaType, Violation};
use serde_json::json;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);

/// The datum of the text "ab".
const DATUM: [u8; 3] = [4, b'a', b'b'];

/// A container of texts with one block.
fn container(codec: &str, block: &[u8]) -> Vec<u8> {
    let sized = |bytes: &[u8]| {
        let mut out = Vec::new();
        let mut rest = bytes.len() << 1;
        while rest >= 0x80 {
            out.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        out.push(rest as u8);
        [out, bytes.to_vec()].concat()
    };
    let entries = [("avro.schema", "\"string\""), ("avro.codec", codec)];
    let entries = entries.map(|(key, value)| [sized(key.as_bytes()), sized(value.as_bytes())].concat()).concat();
    let sync = [7_u8; 16];
    [b"Obj\x01".to_vec(), vec![4], entries, vec![0], sync.to_vec(), vec![2], sized(block), sync.to_vec()].concat()
}

fn schema() -> Schema {
    Schema::compile(SchemaType::Avro, b"\"string\"").expect("the schema compiles")
}

fn refusal(codec: &str, block: &[u8]) -> Violation {
    schema().validate(&container(codec, block)).into_iter().next().expect("the container is refused")
}

/// A literal and its length, then the checksum of the data.
fn snappy(claimed: &[u8]) -> Vec<u8> {
    [claimed, &[2 << 2], &DATUM, &[0x27, 0x12, 0x2b, 0x5c]].concat()
}

/// A frame of one block that is not compressed.
const ZSTANDARD: [u8; 12] = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 3, 0x19, 0, 0, 4, b'a', b'b'];

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn what_every_build_reads() {
    let stored = [&[1_u8, 3, 0, 0xfc, 0xff][..], &DATUM].concat();
    for (codec, block) in [("null", &DATUM[..]), ("", &DATUM), ("deflate", &stored)] {
        assert_eq!(schema().decode(&container(codec, block)), Ok(json!(["ab"])), "{codec}");
    }
    let found = refusal("bzip2", &DATUM);
    assert_eq!(found.message, "container codec 'bzip2' is not supported; use null, deflate, snappy or zstandard");
}

#[cfg_attr(not(target_arch = "wasm32"), test)]
#[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
fn what_a_browser_refuses_by_name() {
    for (codec, block) in [("snappy", snappy(&[3])), ("zstandard", ZSTANDARD.to_vec())] {
        if cfg!(target_arch = "wasm32") {
            let expected =
                format!("container codec '{codec}' is not read in a browser; irongate schema decode reads it");
            assert_eq!(refusal(codec, &block).message, expected);
        } else {
            assert_eq!(schema().decode(&container(codec, &block)), Ok(json!(["ab"])), "{codec}");
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn a_block_that_is_broken_or_too_large_is_refused() {
    use irongate_schema::limits;
    let too_large = limits::AVRO_BLOCK_BYTES_MAX + 1;
    let claimed = [
        too_large as u8 & 0x7f | 0x80,
        (too_large >> 7) as u8 | 0x80,
        (too_large >> 14) as u8 | 0x80,
        (too_large >> 21) as u8,
    ];
    // Runs of one byte: each block of three bytes stands for 128 KiB.
    let mut bomb = vec![0x28, 0xb5, 0x2f, 0xfd, 0, 0x50];
    for _ in 0..too_large / (128 * 1024) + 1 {
        bomb.extend([0x02, 0x00, 0x10, 0]);
    }
    bomb.extend([1, 0, 0]);
    let mut wrong_checksum = snappy(&[3]);
    *wrong_checksum.last_mut().expect("a byte") ^= 1;
    for (codec, block) in [
        ("snappy", snappy(&claimed)),
        ("snappy", wrong_checksum),
        ("snappy", vec![1, 2]),
        ("zstandard", ZSTANDARD[..11].to_vec()),
        ("zstandard", b"not a frame".to_vec()),
        ("zstandard", bomb),
        ("deflate", vec![0xff]),
    ] {
        let expected =
            format!("container block does not decompress, or to more than {} bytes", limits::AVRO_BLOCK_BYTES_MAX);
        assert_eq!(refusal(codec, &block).message, expected, "{codec}");
    }
}
