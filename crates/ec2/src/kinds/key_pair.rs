//! `key_pair`, live.

use aws_sdk_ec2::primitives::Blob;
use aws_sdk_ec2::types::KeyPairInfo;
use trueup_model::kinds::key_pair::{KeyPair, action, attr, read_public_key};
use trueup_model::{Acted, Attr, Kind, Object};

use crate::act::{Task, made};
use crate::answer::{Reader, facts, needed, needed_text};
use crate::call::CallContext;
use crate::failure::Failure;
use crate::kinds::{Live, Which, find_one, list_and_act};
use crate::read::Found;
use crate::{Ec2, filter, ownership, tags};

/// Key pairs, live.
pub struct KeyPairs;

impl Live for KeyPairs {
    list_and_act!();

    fn id_filter(&self) -> Option<&'static str> {
        Some("key-pair-id")
    }
}

async fn list(ec2: &Ec2, which: Which<'_>) -> Result<Found, Failure> {
    const ACTION: &str = "DescribeKeyPairs";
    let request = ec2.client.describe_key_pairs().include_public_key(true);
    let request = match which {
        Which::Ids(ids) => request.set_key_pair_ids(Some(ids.to_vec())),
        Which::Passing(_) => request.set_filters(which.filters()),
    };
    // EC2 answers all of them at once.
    let answer = ec2
        .caller
        .call(&CallContext::read(ACTION), ACTION, request, |request| {
            request.send()
        })
        .await?;
    let objects: Vec<Object> = needed(ACTION, "keySet", answer.key_pairs)?
        .into_iter()
        .map(fold)
        .collect::<Result<_, _>>()?;
    // AWS refuses an id that it does not know. moto does not look at the id, and keeps the tags of a key that
    // is gone: elsewhere than at AWS what is not shown is gone. That builds nothing twice, because the name
    // of a key is taken once.
    let gone = match which {
        Which::Ids(ids) if !ec2.caller.endpoint().is_aws => {
            let is_shown = |id: &String| objects.iter().any(|object| object.id == *id);
            ids.iter().filter(|id| !is_shown(id)).cloned().collect()
        }
        _ => Vec::new(),
    };
    Ok(Found {
        objects,
        gone,
        ..Found::default()
    })
}

/// The fact with the fingerprint of its key.
const FINGERPRINT: Attr<str> = Attr::new("fingerprint");

fn fold(pair: KeyPairInfo) -> Result<Object, Failure> {
    const ACTION: &str = "DescribeKeyPairs";
    let mut reader = Reader::default();
    let key = reader.text(attr::PUBLIC_KEY, "publicKey", pair.public_key);
    let key = read_public_key(&key).unwrap_or(key);
    let facts = facts([
        (FINGERPRINT, pair.key_fingerprint),
        (attr::KEY_TYPE, pair.key_type.map(|ty| ty.as_str().to_owned())),
    ]);
    let key_name = needed_text(ACTION, "keyName", pair.key_name)?;
    let typed = KeyPair {
        key_name,
        public_key: Some(key),
        ..KeyPair::default()
    };
    reader.object(ACTION, pair.key_pair_id, &typed, pair.tags, facts)
}

async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        action::IMPORT => import(task).await,
        action::DELETE => delete(task).await,
        _ => Err(task.unknown_action()),
    }
}

/// Deletes a key pair by its name, which is what every EC2 takes: so that nobody else's goes that has got the
/// name meanwhile, it is looked up first.
async fn delete(task: &Task<'_>) -> Result<Acted, Failure> {
    let name = task
        .unsets()
        .get(attr::KEY_NAME)
        .ok_or_else(|| task.defect("names no key"))?;
    let filters = [filter::of("key-name", [filter::escaped(name)])];
    let found = list(task.ec2, Which::Passing(&filters)).await?;
    let id = task.id()?;
    if found.objects.iter().any(|object| object.id != id) {
        return Ok(Acted::default());
    }
    let request = task.ec2.client.delete_key_pair().key_name(name);
    task.end(action::DELETE, request, |request| request.send())
        .await?;
    Ok(Acted::default())
}

async fn import(task: &Task<'_>) -> Result<Acted, Failure> {
    let key = task
        .text(attr::PUBLIC_KEY)
        .ok_or_else(|| task.defect("has no public key"))?;
    let name = task.text(attr::KEY_NAME);
    let request = task
        .ec2
        .client
        .import_key_pair()
        .set_key_name(name.clone())
        .public_key_material(Blob::new(key.into_bytes()))
        .tag_specifications(tags::specification(task));
    let made = ownership::create(
        task,
        request,
        |request| request.send(),
        |answer| answer.key_pair_id(),
    )
    .await?;
    // Others refer to it by its name, which may not be visible everywhere yet either.
    if let Some(name) = name {
        task.ec2.session.named(&name);
    }
    Ok(self::made(made.id))
}

/// What EC2 calls the key that is given by its id or by its name.
pub async fn name(ec2: &Ec2, text: &str) -> Result<String, Failure> {
    if !Kind::KeyPair.is_id(text) {
        return Ok(text.to_owned());
    }
    let pair = find_one(ec2, Kind::KeyPair, text).await?;
    let name = pair.map(|object| object.record.text(attr::KEY_NAME).to_owned());
    name.ok_or_else(|| {
        Failure::invalid(
            "DescribeKeyPairs",
            format!("there is no key pair {text} in {}", ec2.site.region),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_comment_of_a_key_is_folded_away() {
        let key = format!("ssh-ed25519 {}", "A".repeat(68));
        let pair = |text: String| {
            fold(
                KeyPairInfo::builder()
                    .key_pair_id("key-00000001")
                    .key_name("k")
                    .public_key(text)
                    .build(),
            )
            .unwrap()
        };
        assert_eq!(
            pair(format!("{key} me@here\n")).record.text(attr::PUBLIC_KEY),
            key
        );
        assert!(!pair(String::new()).record.has(attr::PUBLIC_KEY));
    }
}
