//! Key pairs: made here, or imported.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use rsa::pkcs1::EncodeRsaPrivateKey;
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey};
use rsa::rand_core::OsRng;
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use ssh_key::{Algorithm, LineEnding, PrivateKey, PublicKey};

use super::{Kind, tag};
use crate::call::{Answer, Call, Listing};
use crate::state::clock::stamp;
use crate::state::table::{Row, Table};
use crate::state::{Millis, Region};
use crate::wire::filter::{Field, Seen, fields};
use crate::wire::{Fault, Xml};

/// How long the RSA keys are that EC2 makes.
const RSA_BITS: usize = 2048;

/// A key pair; EC2 keeps its public half alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeyPair {
    /// Its name, unique in the region.
    pub name: String,
    /// `rsa` or `ed25519`.
    pub kind: String,
    /// EC2's fingerprint, whose form depends on type and origin.
    pub fingerprint: String,
    /// `ssh-rsa AAAA… name`.
    pub public_key: String,
    /// When it was made.
    pub created: Millis,
}

fn name_key(name: &str) -> String {
    format!("key {name}")
}

impl Row for KeyPair {
    fn links(&self, add: &mut dyn FnMut(&str)) {
        add(&name_key(&self.name));
    }
}

impl Kind for KeyPair {
    const PREFIX: &'static str = "key";
    const RESOURCE: &'static str = "key-pair";
    const NOUN: &'static str = "key pair ID";
    const NOT_FOUND: &'static str = "InvalidKeyPair.NotFound";
    const MALFORMED: &'static str = "InvalidKeyPair.NotFound";
    const FIELDS: &'static [Field<Self>] = fields![KeyPair:
        "key-pair-id" => |seen, add| add(seen.id),
        "key-name" => |seen, add| add(&seen.row.name),
        "fingerprint" => |seen, add| add(&seen.row.fingerprint),
    ];

    fn table(region: &Region) -> &Table<Self> {
        &region.key_pairs
    }
}

/// The key pair of this name.
pub fn find_name<'r>(region: &'r Region, name: &str) -> Result<&'r String, Fault> {
    region
        .key_pairs
        .owner_of(&name_key(name))
        .map(|(id, _)| id)
        .filter(|id| region.shows(id))
        .ok_or_else(|| {
            Fault::new(
                "InvalidKeyPair.NotFound",
                format!("The key pair '{name}' does not exist"),
            )
        })
}

fn new_name<'p>(call: &Call<'p>) -> Result<&'p str, Fault> {
    let name = call.params.required("KeyName")?;
    if name.len() > 255 || !name.is_ascii() || name.trim() != name {
        return Err(Fault::invalid(
            name,
            "keyName",
            "it must be up to 255 ASCII characters without spaces around them",
        ));
    }
    if call.region.key_pairs.owner_of(&name_key(name)).is_some() {
        return Err(Fault::new(
            "InvalidKeyPair.Duplicate",
            format!("The keypair already exists: {name}"),
        ));
    }
    Ok(name)
}

fn colons(digest: &[u8]) -> String {
    digest
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .join(":")
}

fn internal(error: impl std::fmt::Display) -> Fault {
    Fault::server(
        "InternalError",
        500,
        &format!("The key could not be made: {error}"),
    )
}

/// What a generated key gives: private half, fingerprint, public half.
struct Made {
    private: String,
    fingerprint: String,
    public: PublicKey,
}

fn make_rsa() -> Result<Made, Fault> {
    let key = rsa::RsaPrivateKey::new(&mut OsRng, RSA_BITS).map_err(internal)?;
    let der = key.to_pkcs8_der().map_err(internal)?;
    let private = key.to_pkcs1_pem(rsa::pkcs1::LineEnding::LF).map_err(internal)?;
    let public = ssh_key::public::RsaPublicKey::try_from(key.to_public_key()).map_err(internal)?;
    Ok(Made {
        private: private.to_string(),
        fingerprint: colons(&Sha1::digest(der.as_bytes())),
        public: PublicKey::from(public),
    })
}

fn make_ed25519() -> Result<Made, Fault> {
    let key = PrivateKey::random(&mut OsRng, Algorithm::Ed25519).map_err(internal)?;
    let private = key.to_openssh(LineEnding::LF).map_err(internal)?;
    let public = key.public_key().clone();
    Ok(Made {
        private: private.to_string(),
        fingerprint: ed25519_fingerprint(&public)?,
        public,
    })
}

fn ed25519_fingerprint(public: &PublicKey) -> Result<String, Fault> {
    Ok(STANDARD.encode(Sha256::digest(public.to_bytes().map_err(internal)?)))
}

fn openssh(public: &PublicKey, name: &str) -> Result<String, Fault> {
    let mut named = public.clone();
    named.set_comment(name);
    named.to_openssh().map_err(internal)
}

fn add(call: &mut Call<'_>, x: &mut Xml, row: KeyPair) -> Answer {
    let tags = call.tags_for("key-pair", &["key-pair"])?;
    let id = call.new_id("key");
    call.tag(&id, tags);
    x.text("keyName", &row.name);
    x.text("keyFingerprint", &row.fingerprint);
    x.text("keyPairId", &id);
    tag::write_if_any(x, call.region, &id);
    call.region.key_pairs.insert(id, row);
    Ok(())
}

/// `CreateKeyPair`: the private half is in the answer and nowhere else.
pub fn create(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let name = new_name(call)?;
    if let Some(format) = p.filled("KeyFormat").filter(|format| *format != "pem") {
        return Err(Fault::invalid(
            format,
            "keyFormat",
            "the sandbox answers with pem alone",
        ));
    }
    let kind = p.filled("KeyType").unwrap_or("rsa");
    let made = match kind {
        "rsa" => make_rsa()?,
        "ed25519" => make_ed25519()?,
        other => return Err(Fault::invalid(other, "keyType", "it must be rsa or ed25519")),
    };
    let row = KeyPair {
        name: name.to_owned(),
        kind: kind.to_owned(),
        fingerprint: made.fingerprint,
        public_key: openssh(&made.public, name)?,
        created: call.now,
    };
    add(call, x, row)?;
    x.text("keyMaterial", made.private);
    Ok(())
}

fn bad_format() -> Fault {
    Fault::new(
        "InvalidKey.Format",
        "Key is not in valid OpenSSH public key format",
    )
}

/// `ImportKeyPair`: an OpenSSH public key, RSA or Ed25519.
pub fn import(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let name = new_name(call)?;
    let material = call.params.required("PublicKeyMaterial")?;
    let text = STANDARD
        .decode(material)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(bad_format)?;
    let public = PublicKey::from_openssh(text.trim()).map_err(|_| bad_format())?;
    let (kind, fingerprint) = match public.key_data() {
        ssh_key::public::KeyData::Ed25519(_) => ("ed25519", ed25519_fingerprint(&public)?),
        ssh_key::public::KeyData::Rsa(key) => {
            let key = rsa::RsaPublicKey::try_from(key).map_err(|_| bad_format())?;
            let der = key.to_public_key_der().map_err(|_| bad_format())?;
            ("rsa", colons(&Md5::digest(der.as_bytes())))
        }
        _ => return Err(bad_format()),
    };
    let row = KeyPair {
        name: name.to_owned(),
        kind: kind.to_owned(),
        fingerprint,
        public_key: openssh(&public, name)?,
        created: call.now,
    };
    add(call, x, row)
}

/// `DescribeKeyPairs`, which does not page.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let names = call.params.texts("KeyName");
    for name in &names {
        find_name(call.region, name)?;
    }
    let with_public = call.params.flag("IncludePublicKey")? == Some(true);
    let listing = Listing {
        ids: "KeyPairId",
        set: "keySet",
        pages: None,
    };
    let (all, _) = call.select::<KeyPair>(&listing, |row| {
        names.is_empty() || names.contains(&row.name.as_str())
    })?;
    x.set(listing.set, all, |x, seen| write(x, &seen, with_public));
    Ok(())
}

fn write(x: &mut Xml, seen: &Seen<'_, KeyPair>, with_public: bool) {
    x.text("keyPairId", seen.id);
    x.text("keyFingerprint", &seen.row.fingerprint);
    x.text("keyName", &seen.row.name);
    x.text("keyType", &seen.row.kind);
    tag::write(x, seen.region, seen.id);
    if with_public {
        x.text("publicKey", &seen.row.public_key);
    }
    x.text("createTime", stamp(seen.row.created));
}

/// `DeleteKeyPair`: one that is not there is as good as deleted.
pub fn delete(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let id = match (p.filled("KeyName"), p.filled("KeyPairId")) {
        (Some(name), _) => call
            .region
            .key_pairs
            .owner_of(&name_key(name))
            .map(|(id, _)| id.clone()),
        (None, Some(id)) => Some(id.to_owned()).filter(|id| call.region.key_pairs.contains(id)),
        (None, None) => return Err(Fault::missing("KeyName")),
    };
    x.done();
    if let Some(id) = id {
        call.region.key_pairs.remove(&id);
        call.region.tags.remove(&id);
        x.text("keyPairId", id);
    }
    Ok(())
}
