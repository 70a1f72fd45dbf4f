//! How what a volume is made with is written: a KMS key, a snapshot.

use crate::kind::is_id_tail;
use crate::net::{Complaint, Format, id_tail};

/// A KMS key by its ARN or its id. What an alias means may change, and EC2 does not say what it meant.
pub static KEY: Format = Format {
    what: "the ARN or the id of a KMS key, such as 1234abcd-12ab-34cd-56ef-1234567890ab",
    pattern: "^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/)?([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]{32})$",
    number: false,
    read: |text| {
        if text.contains("alias/") {
            return Err(Complaint::new(format!(
                "`{text}` is an alias, and EC2 does not say which key it was: write the key's ARN, which `aws kms describe-key` tells"
            )));
        }
        let id = match text.split_once(":key/") {
            Some((head, id)) if is_key_head(head) => id,
            Some(_) => "",
            None => text,
        };
        if is_key_id(id) {
            Ok(text.to_owned())
        } else {
            Err(Complaint::new(format!(
                "`{text}` is neither the ARN nor the id of a KMS key"
            )))
        }
    },
};

/// What stands before the key in its ARN: partition, region and account.
fn is_key_head(head: &str) -> bool {
    let ["arn", partition, "kms", region, account] = head.split(':').collect::<Vec<_>>()[..] else {
        return false;
    };
    let word = |text: &str, digits: bool| {
        text.chars()
            .all(|c| c == '-' || c.is_ascii_lowercase() || (digits && c.is_ascii_digit()))
    };
    partition
        .strip_prefix("aws")
        .is_some_and(|rest| word(rest, false))
        && !region.is_empty()
        && word(region, true)
        && account.len() == 12
        && account.chars().all(|c| c.is_ascii_digit())
}

/// A UUID, or the id of a multi-Region key.
fn is_key_id(id: &str) -> bool {
    let hex = |text: &str| text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'));
    if let Some(tail) = id.strip_prefix("mrk-") {
        return tail.len() == 32 && hex(tail);
    }
    let lengths: Vec<usize> = id.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && id.split('-').all(hex)
}

/// The region in the ARN of a key; none where it is given by its id.
pub fn region_of(key: &str) -> Option<&str> {
    key.strip_prefix("arn:")?.split(':').nth(2)
}

/// What EC2 calls a volume at an instance.
pub static DEVICE: Format = Format {
    what: "a device such as /dev/sdf",
    pattern: "^(/dev/(sd[b-z]([1-9]|1[0-5])?|sda([2-9]|1[0-5])|xvd([b-z]|[a-z]{2}))|xvd[a-z]{1,2})$",
    number: false,
    read: |text| {
        if ["/dev/sda1", "/dev/sda", "/dev/xvda"].contains(&text) {
            return Err(Complaint::new(format!(
                "`{text}` is kept for the volume that the instance boots from: write `/dev/sdf` or one after it"
            )));
        }
        if is_device(text) {
            Ok(text.to_owned())
        } else {
            Err(Complaint::new(format!("`{text}` is no name of a device")))
        }
    },
};

/// `/dev/sdf`, `/dev/sdf1`, `/dev/xvdf` or, as Windows has it, `xvdf`.
fn is_device(text: &str) -> bool {
    let letters = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.chars().all(|c| c.is_ascii_lowercase())
    };
    let bare = text.strip_prefix("/dev/");
    if let Some(rest) = bare.and_then(|bare| bare.strip_prefix("sd")) {
        let number = rest.trim_start_matches(|c: char| c.is_ascii_lowercase());
        let is_number = number.is_empty()
            || (!number.starts_with('0')
                && number.parse().is_ok_and(|number: u8| (1..=15).contains(&number)));
        return letters(&rest[..rest.len() - number.len()], 1) && is_number;
    }
    bare.unwrap_or(text)
        .strip_prefix("xvd")
        .is_some_and(|rest| letters(rest, 2))
}

/// A snapshot by its id.
pub static SNAPSHOT: Format = Format {
    what: "the id of a snapshot, such as snap-0123456789abcdef0",
    pattern: concat!("^snap-", id_tail!(), "$"),
    number: false,
    read: |text| match text.strip_prefix("snap-") {
        Some(tail) if is_id_tail(tail) => Ok(text.to_owned()),
        _ => Err(Complaint::new(format!(
            "`{text}` is not the id of a snapshot: `snap-` and 8 or 17 hex digits"
        ))),
    },
};
