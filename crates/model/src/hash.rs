//! A short hash that stays what it is, for names and tags that EC2 keeps.

/// FNV-1a of 32 bits.
pub fn of(text: &str) -> u32 {
    text.bytes().fold(0x811c_9dc5, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    })
}
