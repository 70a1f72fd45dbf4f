//! Lines of the journal: a checksum, a space and JSON, so that what was changed or damaged is reported and
//! not believed.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// So many hex digits has a checksum.
const DIGITS: usize = 16;

/// What a line is.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'l> {
    /// As it was written: its JSON.
    Sound(&'l [u8]),
    /// JSON without a checksum, as earlier versions wrote it.
    WithoutSum(&'l [u8]),
    /// Something else.
    Damaged,
}

/// A checksum of bytes: the first 64 bits of their SHA-256, as hex digits.
pub fn checksum(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let mut text = String::with_capacity(DIGITS);
    for byte in digest.iter().take(DIGITS / 2) {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A line with its end.
pub fn write(json: &[u8]) -> Vec<u8> {
    [checksum(json).as_bytes(), b" ", json, b"\n"].concat()
}

/// What a line without its end is.
pub fn read(line: &[u8]) -> Line<'_> {
    if line.first() == Some(&b'{') {
        return Line::WithoutSum(line);
    }
    match line.split_at_checked(DIGITS) {
        Some((sum, rest)) => match rest.strip_prefix(b" ") {
            Some(json) if checksum(json).as_bytes() == sum => Line::Sound(json),
            _ => Line::Damaged,
        },
        None => Line::Damaged,
    }
}

/// Whether bytes are the beginning of a line that was not written to its end.
pub fn is_torn(bytes: &[u8]) -> bool {
    let json = match bytes.split_at_checked(DIGITS) {
        _ if bytes.first() == Some(&b'{') => bytes,
        None => return bytes.iter().all(u8::is_ascii_hexdigit),
        Some((sum, rest)) => match rest.split_first() {
            _ if !sum.iter().all(u8::is_ascii_hexdigit) => return false,
            None => return true,
            Some((b' ', json)) => json,
            Some(_) => return false,
        },
    };
    let mut values = serde_json::Deserializer::from_slice(json).into_iter::<serde_json::Value>();
    match values.next() {
        None => true,
        Some(Err(error)) => error.is_eof(),
        // All of it but its end: whether it was answered is not known, and it holds if its checksum does.
        Some(Ok(_)) => values.next().is_none() && matches!(read(bytes), Line::Sound(_) | Line::WithoutSum(_)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_as_it_was_written_or_not_at_all() {
        let json = br#"{"counter":1,"region":"us-west-2","changes":[]}"#;
        let line = write(json);
        let whole = line.strip_suffix(b"\n").unwrap();
        assert_eq!(read(whole), Line::Sound(json));
        assert_eq!(read(json), Line::WithoutSum(json));
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut flipped = whole.to_vec();
                flipped[at] ^= 1 << bit;
                assert!(
                    !matches!(read(&flipped), Line::Sound(_)),
                    "bit {bit} of byte {at}"
                );
            }
        }
    }

    #[test]
    fn what_is_torn_is_a_beginning_of_a_line() {
        let line = write(br#"{"counter":1,"region":"us-west-2","changes":[["vpc","vpc-1",{"a":"b"}]]}"#);
        for end in 0..line.len() {
            assert!(is_torn(&line[..end]), "cut at {end}");
        }
        assert!(!is_torn(&[0; 64]));
        assert!(!is_torn(&[0]));
        let mut joined = line.clone();
        *joined.last_mut().unwrap() = b'x';
        assert!(!is_torn(&joined), "an end that is another byte");
        assert!(!is_torn(b"not a line"));
    }
}
