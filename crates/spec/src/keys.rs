//! The keys that belong to no kind: those of the head, and those that every resource has. Tables like those of
//! the kinds, so that reading, did-you-mean and the JSON Schema follow.

use trueup_model::expect::FIELDS;
use trueup_model::net::{ACCOUNT, Complaint, Format, REGION};
use trueup_model::schema::Members;
use trueup_model::{Attribute, Name, Type, Value, implicit};

/// The keys at the top that are no kinds.
pub static HEAD: &[Attribute] = &[
    Attribute::named(
        "topology",
        Type::Text(&NAME),
        "The name in the tags by which Trueup knows its objects again: choose one and never change it.",
    )
    .required(),
    Attribute::named(
        "account",
        Type::Text(&ACCOUNT),
        "The account that the spec is for: it is refused in any other.",
    ),
    Attribute::named(
        "region",
        Type::Text(&REGION),
        "The region that the spec is for, such as us-west-2.",
    )
    .absent("that of --region or of the usual AWS settings"),
    Attribute::named(
        "max_deletes",
        Type::Int(0, 4_294_967_295),
        "A plan that deletes or replaces more objects than this is refused; --max-deletes says otherwise for one run.",
    ),
    Attribute::named("tags", Type::Tags, "Tags on everything."),
    Attribute::named(
        "expect",
        Type::Set(&EXPECTATIONS),
        "What must hold about who can talk to whom.",
    ),
];

/// The keys that a resource of any kind has beside its attributes.
pub static EVERY_RESOURCE: &[Attribute] = &OF_EVERY_RESOURCE;

const OF_EVERY_RESOURCE: [Attribute; 2] = [
    Attribute::named(
        "tags",
        Type::Tags,
        "Tags of this resource, over those on everything; null asks for a key to be absent.",
    ),
    Attribute::named(
        "protect",
        Type::Bool,
        "Refuse to delete, replace or stop it, even when it has left the spec.",
    )
    .default(|| Value::Bool(false)),
];

/// The keys that a VPC has beside its attributes: those of every resource, and for what EC2 makes with it.
pub static VPC: [Attribute; 5] = {
    let [security_group, network_acl, route_table] = implicit::KEYS;
    let [tags, protect] = OF_EVERY_RESOURCE;
    [security_group, network_acl, route_table, tags, protect]
};

static EXPECTATIONS: Members =
    Members::plain(Type::Object(FIELDS)).like("{from: internet, cannot: subnet.private}");

/// A name, of a topology or a resource.
pub static NAME: Format = Format {
    what: "a name, such as `gateway-endpoint`",
    pattern: "^[a-z0-9][a-z0-9._-]{0,127}$",
    number: true,
    read: |text| match Name::new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(match nearly(text) {
            Some(name) => Complaint::new(error.to_string()).instead(name.as_str()),
            None => Complaint::new(error.to_string()),
        }),
    },
};

/// The name that a text nearly is.
pub fn nearly(text: &str) -> Option<Name> {
    Name::new(&text.to_lowercase().replace(char::is_whitespace, "-")).ok()
}
