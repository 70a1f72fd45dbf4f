//! The one encoding of plain data into bytes: what is hashed into fingerprints, client tokens and marks.
//!
//! It says what a value *is* and never how it reads: each value is a letter for its type and then its
//! contents, whose length comes first, so no two values have the same bytes. The fields of a record are in the
//! order of their names. Nothing here may change: a change would change every approval and token, and the test
//! below holds the bytes.

use crate::hash;
use crate::value::{Record, Value};
use crate::{Address, Ref};

/// The bytes of a value.
pub fn bytes(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    encode(value, &mut out);
    out
}

/// The SHA-256 of a value's bytes, in hex.
pub fn sha256(value: &Value) -> String {
    hash::sha256(&bytes(value))
}

fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(b'n'),
        Value::Bool(value) => out.extend([b'b', u8::from(*value)]),
        Value::Int(value) => {
            out.push(b'i');
            out.extend(value.to_be_bytes());
        }
        Value::Text(text) => sized(b't', text.as_bytes(), out),
        Value::Bytes(bytes) => sized(b'x', bytes, out),
        Value::Ref(Ref::Name(address)) => named(b'a', address, out),
        Value::Ref(Ref::Id(id)) => sized(b'd', id.as_bytes(), out),
        Value::Unknown(address) => named(b'u', address, out),
        Value::List(list) => {
            length(b'l', list.len(), out);
            list.iter().for_each(|value| encode(value, out));
        }
        Value::Map(record) => fields(record, out),
    }
}

fn fields(record: &Record, out: &mut Vec<u8>) {
    length(b'm', record.iter().count(), out);
    for (name, value) in record.iter() {
        sized(b't', name.as_bytes(), out);
        encode(value, out);
    }
}

fn named(letter: u8, address: &Address, out: &mut Vec<u8>) {
    out.push(letter);
    sized(b't', address.kind.as_str().as_bytes(), out);
    sized(b't', address.name.as_str().as_bytes(), out);
}

fn sized(letter: u8, bytes: &[u8], out: &mut Vec<u8>) {
    length(letter, bytes.len(), out);
    out.extend(bytes);
}

fn length(letter: u8, length: usize, out: &mut Vec<u8>) {
    out.push(letter);
    // Eight bytes, whatever machine: a length has at most 64 bits.
    out.extend((length as u64).to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemberKey;

    fn address() -> Address {
        "subnet.a".parse().unwrap()
    }

    /// One of each type.
    fn everything() -> Vec<(Value, &'static str)> {
        let map = Record::new().with("b", 1).with("a", Value::Null);
        vec![
            (Value::Null, "n"),
            (Value::Bool(true), r"b\x01"),
            (Value::Int(-2), r"i\xff\xff\xff\xff\xff\xff\xff\xfe"),
            (Value::text("ab"), r"t\x00\x00\x00\x00\x00\x00\x00\x02ab"),
            (
                Value::Bytes(vec![0, 255]),
                r"x\x00\x00\x00\x00\x00\x00\x00\x02\x00\xff",
            ),
            (
                Value::Ref(Ref::Name(address())),
                r"at\x00\x00\x00\x00\x00\x00\x00\x06subnett\x00\x00\x00\x00\x00\x00\x00\x01a",
            ),
            (
                Value::Ref(Ref::Id("vpc-1".into())),
                r"d\x00\x00\x00\x00\x00\x00\x00\x05vpc-1",
            ),
            (
                Value::Unknown(address()),
                r"ut\x00\x00\x00\x00\x00\x00\x00\x06subnett\x00\x00\x00\x00\x00\x00\x00\x01a",
            ),
            (
                Value::List(vec![Value::Null, Value::Bool(false)]),
                r"l\x00\x00\x00\x00\x00\x00\x00\x02nb\x00",
            ),
            (
                Value::Map(map),
                r"m\x00\x00\x00\x00\x00\x00\x00\x02t\x00\x00\x00\x00\x00\x00\x00\x01ant\x00\x00\x00\x00\x00\x00\x00\x01bi\x00\x00\x00\x00\x00\x00\x00\x01",
            ),
        ]
    }

    #[test]
    fn the_bytes_are_these_for_ever() {
        for (value, expected) in everything() {
            assert_eq!(bytes(&value).escape_ascii().to_string(), expected, "{value:?}");
        }
        let all = Value::List(everything().into_iter().map(|(value, _)| value).collect());
        assert_eq!(
            sha256(&all),
            "3f42ff5d73c2e3a96aeba3485bf18e28c43590d1d2dacbb50807d818f79d16b0"
        );
        let key = MemberKey::plain(Value::text("10.0.0.0/16"));
        assert_eq!(
            bytes(&key.value()).escape_ascii().to_string(),
            r"t\x00\x00\x00\x00\x00\x00\x00\x0b10.0.0.0/16"
        );
    }

    #[test]
    fn what_reads_alike_is_told_apart() {
        let alike = [
            Value::text("subnet.a"),
            Value::Ref(Ref::Id("subnet.a".into())),
            Value::Ref(Ref::Name(address())),
            Value::Unknown(address()),
            Value::List(vec![Value::text("subnet"), Value::text("a")]),
        ];
        let bytes: std::collections::BTreeSet<Vec<u8>> = alike.iter().map(bytes).collect();
        assert_eq!(bytes.len(), alike.len());
    }
}
