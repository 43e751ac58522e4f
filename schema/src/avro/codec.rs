//! What compresses the blocks of a container, with a limit on what comes out. Writes nothing compressed.
//!
//! A browser reads `null` and `deflate`, the two that every implementation must have: the others would not fit the weight of
//! the schema worker. Everywhere else `snappy` and `zstandard` are read as well.

use crate::{excerpt::clip, limits::AVRO_BLOCK_BYTES_MAX};

/// How a block is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Null,
    Deflate,
    #[cfg(not(target_arch = "wasm32"))]
    Snappy,
    #[cfg(not(target_arch = "wasm32"))]
    Zstandard,
}

impl Codec {
    /// The codec by its name in a header; without one, nothing is compressed.
    pub(super) fn of(name: &[u8]) -> Result<Self, String> {
        match name {
            b"null" | b"" => Ok(Self::Null),
            b"deflate" => Ok(Self::Deflate),
            #[cfg(not(target_arch = "wasm32"))]
            b"snappy" => Ok(Self::Snappy),
            #[cfg(not(target_arch = "wasm32"))]
            b"zstandard" => Ok(Self::Zstandard),
            #[cfg(target_arch = "wasm32")]
            b"snappy" | b"zstandard" => {
                let name = String::from_utf8_lossy(name);
                Err(format!("container codec '{name}' is not read in a browser; irongate schema decode reads it"))
            }
            other => {
                let name = clip(&String::from_utf8_lossy(other));
                Err(format!("container codec '{name}' is not supported; use null, deflate, snappy or zstandard"))
            }
        }
    }

    /// The data of a block.
    pub(super) fn data(self, block: &[u8]) -> Result<Vec<u8>, String> {
        let broken = || format!("container block does not decompress, or to more than {AVRO_BLOCK_BYTES_MAX} bytes");
        match self {
            Self::Null => Ok(block.to_vec()),
            Self::Deflate => {
                miniz_oxide::inflate::decompress_to_vec_with_limit(block, AVRO_BLOCK_BYTES_MAX).map_err(|_| broken())
            }
            #[cfg(not(target_arch = "wasm32"))]
            Self::Snappy => snappy(block).ok_or_else(broken),
            #[cfg(not(target_arch = "wasm32"))]
            Self::Zstandard => zstandard(block).ok_or_else(broken),
        }
    }
}

/// Avro puts the checksum of the data behind it.
#[cfg(not(target_arch = "wasm32"))]
fn snappy(block: &[u8]) -> Option<Vec<u8>> {
    let (compressed, checksum) = block.split_last_chunk::<4>()?;
    if snap::raw::decompress_len(compressed).ok()? > AVRO_BLOCK_BYTES_MAX {
        return None;
    }
    let data = snap::raw::Decoder::new().decompress_vec(compressed).ok()?;
    (crc32fast::hash(&data) == u32::from_be_bytes(*checksum)).then_some(data)
}

#[cfg(not(target_arch = "wasm32"))]
fn zstandard(block: &[u8]) -> Option<Vec<u8>> {
    use std::io::Read;
    let mut data = Vec::new();
    let mut rest = block;
    // A block may be several frames one after the other.
    while !rest.is_empty() {
        let decoder = ruzstd::decoding::StreamingDecoder::new(&mut rest).ok()?;
        let left = AVRO_BLOCK_BYTES_MAX - data.len();
        let read = decoder.take(left as u64 + 1).read_to_end(&mut data).ok()?;
        if read > left {
            return None;
        }
    }
    Some(data)
}
