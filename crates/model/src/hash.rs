//! Hashes that stay what they are: for names and tags that EC2 keeps, and for what is approved.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// FNV-1a of 32 bits.
pub fn of(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}

/// SHA-256, as 64 hex digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        // Writing into a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
