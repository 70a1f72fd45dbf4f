//! EC2's filters.

use aws_sdk_ec2::types::Filter;
use trueup_model::tags;

/// EC2 takes so many values in one request.
pub const VALUES_MAX: usize = 200;

/// What has one of these values.
pub fn of<S: Into<String>>(name: &str, values: impl IntoIterator<Item = S>) -> Filter {
    Filter::builder()
        .name(name)
        .set_values(Some(values.into_iter().map(Into::into).collect()))
        .build()
}

/// What carries the tags of this topology.
pub fn topology(name: &str) -> Filter {
    of(&format!("tag:{}", tags::TOPOLOGY), [escaped(name)])
}

/// What carries the tag of this address.
pub fn address(address: &str) -> Filter {
    of(&format!("tag:{}", tags::ADDRESS), [escaped(address)])
}

/// In a filter `*` and `?` stand for other characters.
pub fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?")
}
