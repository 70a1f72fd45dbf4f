//! `key_pair`: an SSH key that instances are launched with. No private key ever crosses the wire.

use serde::{Deserialize, Serialize};

use crate::action::actions;
use crate::attr::attributes;
use crate::call::{Call, Claim, Exclusive};
use crate::json::Typed;
use crate::kind::KindDef;
use crate::net::{Complaint, Format, PATH, without_edges};
use crate::observed::Object;
use crate::reason::Note;
use crate::room::Lists;
use crate::rules::{Context, Rules};
use crate::schema::{Attribute, Quota, Schema, Type};
use crate::topology::Topology;
use crate::value::Record;
use crate::{Address, Kind};

/// A key pair.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    missing_docs,
    reason = "the fields are the attributes of the table below, documented there"
)]
pub struct KeyPair {
    pub key_name: String,
    pub private_key_file: Option<String>,
    pub key_type: Option<String>,
    pub public_key: Option<String>,
    pub public_key_file: Option<String>,
}

impl Typed for KeyPair {
    const KIND: Kind = Kind::KeyPair;
}

static KEY_NAME: Format = Format {
    what: "a key name of 1 to 255 ASCII characters",
    pattern: "^[!-~]([ -~]{0,253}[!-~])?$",
    number: false,
    read: |text| {
        without_edges(text, "key name")?;
        let fits = (1..=255).contains(&text.len()) && text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
        if fits {
            Ok(text.to_owned())
        } else {
            Err(Complaint::new("a key name has 1 to 255 ASCII characters"))
        }
    },
};

static PUBLIC_KEY: Format = Format {
    what: "a public key in OpenSSH's form: ssh-ed25519 AAAA…",
    pattern: r"^[ \t\n\f\r]*ssh-(ed25519|rsa)[ \t\n\f\r]+[A-Za-z0-9+/]{61,}={0,2}([ \t\n\f\r]|$)",
    number: false,
    read: read_public_key,
};

/// Reads an OpenSSH public key without its comment, which EC2 does not keep.
pub fn read_public_key(text: &str) -> Result<String, Complaint> {
    let mut words = text.split_ascii_whitespace();
    match (words.next(), words.next()) {
        (Some(form @ ("ssh-ed25519" | "ssh-rsa")), Some(material)) if is_material(material) => {
            Ok(format!("{form} {material}"))
        }
        _ => Err(Complaint::new(
            "not a public key that EC2 takes: `ssh-ed25519 AAAA…` or `ssh-rsa AAAA…`",
        )),
    }
}

/// Whether it is as long as a key in base64, and of its characters.
fn is_material(text: &str) -> bool {
    let key = text.trim_end_matches('=');
    key.len() > 60
        && text.len() - key.len() <= 2
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/'))
}

attributes! {
    KEY_NAME: str = "key_name";
    PRIVATE_KEY_FILE: str = "private_key_file";
    KEY_TYPE: str = "key_type";
    PUBLIC_KEY: str = "public_key";
    PUBLIC_KEY_FILE: str = "public_key_file";
}

actions! {
    WRITE_FILE = prepare "WriteKeyFile";
    IMPORT = create "ImportKeyPair";
    DELETE = delete "DeleteKeyPair";
}

static SCHEMA: Schema = Schema {
    kind: Kind::KeyPair,
    arn_type: "key-pair",
    tag_type: "key-pair",
    doc: "An SSH key that instances are launched with. With `private_key_file` the pair is made here: \
     the file is written first, readable by you alone, and then the public half is imported. A \
     file that exists is never overwritten: its public half is imported. Where the key is live \
     and the file is not here (a colleague's machine, CI), the key is kept. Instances refer to a \
     key by its name, so a new key under that name does not replace them.",
    example: "\
key_pair:
  bastion:
    private_key_file: bastion.pem # made here if it is not there
  deploy:
    public_key: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPVhGwVMZ0wKcwJ1E3MKZvvn6GEsXfCVVx5qVzMzNhV
",
    notes: &[
        "Give one of `private_key_file`, `public_key` and `public_key_file`.",
        "A live key of that name which does not carry this topology's tags is somebody else's: the \
         plan refuses it.",
        "`trueup destroy` deletes the key pair in EC2 and leaves the file where it is.",
        "A live key of this topology whose name the spec leaves out keeps the name that it has, \
         whatever that is.",
        "Instances keep the key they were launched with. A replaced key pair reaches instances that \
         are launched later.",
    ],
    attributes: &[
        Attribute::new(
            attr::KEY_NAME,
            Type::Text(&KEY_NAME),
            "EC2's name for it, unique in the region.",
        )
        .unfelt()
        .absent("`<topology>-<name>`")
        .auto()
        .wider_live()
        .replace("EC2 cannot rename a key pair"),
        Attribute::new(
            attr::PRIVATE_KEY_FILE,
            Type::Text(&PATH),
            "The file that holds the private key, or will.",
        )
        .unfelt()
        .input(),
        Attribute::new(
            attr::KEY_TYPE,
            Type::Choice(&["ed25519", "rsa"]),
            "What sort of key to make for `private_key_file`.",
        )
        .unfelt()
        .absent("ed25519")
        .input(),
        Attribute::new(
            attr::PUBLIC_KEY,
            Type::Text(&PUBLIC_KEY),
            "The public key in OpenSSH's form.",
        )
        .unfelt()
        .auto()
        .replace("EC2 cannot change the material of a key pair"),
        Attribute::new(
            attr::PUBLIC_KEY_FILE,
            Type::Text(&PATH),
            "A file with the public key in OpenSSH's form.",
        )
        .unfelt()
        .input(),
    ],
    selected_by_tags: false,
    quota: Quota::Region(5000),
};

/// All that a key pair is.
pub static DEF: KindDef = KindDef {
    schema: &SCHEMA,
    rules: &KeyPairRules,
    actions: action::ALL,
    tags_outlive: false,
    is_always_read: false,
};

/// What a key pair is.
#[derive(Debug)]
struct KeyPairRules;

static NAMES: Exclusive = Exclusive {
    attribute: attr::KEY_NAME.name,
    code: "key-name-twice",
    help: "key names are unique in a region: give one of them a different `key_name`",
};

impl Rules for KeyPairRules {
    fn normalise(&self, record: &mut Record, context: &mut Context<'_>) {
        if !record.has(attr::KEY_NAME) {
            match (KEY_NAME.read)(&format!("{}-{}", context.topology, context.address.name)) {
                Ok(name) => record.set(attr::KEY_NAME, name),
                Err(complaint) => context.problem(
                    "",
                    "key-name",
                    complaint.message,
                    "give a `key_name`, or rename the resource",
                ),
            }
        }
        let sources = [attr::PRIVATE_KEY_FILE, attr::PUBLIC_KEY, attr::PUBLIC_KEY_FILE]
            .iter()
            .filter(|source| record.has(source))
            .count();
        if sources != 1 {
            let message = if sources == 0 {
                "where is the key?"
            } else {
                "the key is given more than once"
            };
            context.problem(
                "",
                "key-source",
                message,
                "give one of `private_key_file`, `public_key` and `public_key_file`",
            );
            return;
        }
        if record.has(attr::KEY_TYPE) && !record.has(attr::PRIVATE_KEY_FILE) {
            context.problem(
                attr::KEY_TYPE,
                "key-type",
                "`key_type` is for a key that is made here",
                "remove it, or use `private_key_file`",
            );
        }
        if let Some(path) = record.get(attr::PRIVATE_KEY_FILE).map(str::to_owned) {
            match context.files.public_key(&path) {
                Ok(Some(key)) => record.set(attr::PUBLIC_KEY, key),
                Ok(None) => {}
                Err(why) => context.problem(
                    attr::PRIVATE_KEY_FILE,
                    "key-file",
                    why,
                    "name a private key in OpenSSH's or PEM form, or a file that is not there yet",
                ),
            }
        }
        if let Some(path) = record.remove(attr::PUBLIC_KEY_FILE) {
            let path = path.as_text().unwrap_or_default().to_owned();
            match context
                .files
                .text(&path)
                .and_then(|text| read_public_key(&text).map_err(|complaint| complaint.message))
            {
                Ok(key) => record.set(attr::PUBLIC_KEY, key),
                Err(why) => context.problem(
                    attr::PUBLIC_KEY_FILE,
                    "key-file",
                    why,
                    "name a file with a public key in OpenSSH's form",
                ),
            }
        }
    }

    fn abridge(&self, record: &mut Record, address: &Address, topology: &Topology) {
        if record.text(attr::KEY_NAME) == format!("{}-{}", topology.name, address.name) {
            record.remove(attr::KEY_NAME);
        }
        // The file of the private key has it.
        if record.has(attr::PRIVATE_KEY_FILE) {
            record.remove(attr::PUBLIC_KEY);
        }
    }

    /// A name that no line of the spec says is chosen once, for a new key: what is there keeps the one that
    /// it has.
    fn keep(&self, wanted: &mut Record, live: &Record, says: &dyn Fn(&str) -> bool) {
        if let (false, Some(name)) = (says(attr::KEY_NAME.name), live.get(attr::KEY_NAME)) {
            wanted.set(attr::KEY_NAME, name.to_owned());
        }
    }

    fn prepare(&self, record: &Record) -> Vec<Call> {
        if record.has(attr::PUBLIC_KEY) {
            return Vec::new();
        }
        vec![action::WRITE_FILE.setting(record.only(&[attr::PRIVATE_KEY_FILE.name, attr::KEY_TYPE.name]))]
    }

    fn create(&self, record: &Record, _replaced: Option<&Object>) -> Call {
        let material = if record.has(attr::PUBLIC_KEY) {
            attr::PUBLIC_KEY
        } else {
            attr::PRIVATE_KEY_FILE
        };
        action::IMPORT.setting(record.only(&[attr::KEY_NAME.name, material.name]))
    }

    fn delete(&self, object: &Object) -> Vec<Call> {
        vec![action::DELETE.unsetting(object.record.only(&[attr::KEY_NAME.name]))]
    }

    fn claims(&self, _address: &Address, sets: &Record) -> Vec<Claim> {
        let name = sets.get(attr::KEY_NAME);
        name.map(|name| Claim::text(&NAMES, "key names", name, format!("the key name {name}")))
            .into_iter()
            .collect()
    }

    fn ec2_name(&self, record: &Record) -> Option<String> {
        record.get(attr::KEY_NAME).map(str::to_owned)
    }

    fn notes(&self, record: &Record, object: Option<&Object>, _lists: &Lists) -> Vec<Note> {
        let file = record
            .get(attr::PRIVATE_KEY_FILE)
            .filter(|_| !record.has(attr::PUBLIC_KEY));
        let note = |file: &str| match object {
            Some(_) => Note::KeyFileAbsent {
                file: file.to_owned(),
            },
            None => Note::KeyFileWritten {
                file: file.to_owned(),
            },
        };
        file.map(note).into_iter().collect()
    }
}
