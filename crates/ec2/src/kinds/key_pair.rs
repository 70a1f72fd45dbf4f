//! `key_pair`, live.

use aws_sdk_ec2::operation::describe_key_pairs::builders::DescribeKeyPairsFluentBuilder;
use aws_sdk_ec2::primitives::Blob;
use aws_sdk_ec2::types::{Filter, KeyPairInfo};
use trueup_model::kinds::key_pair::{KeyPair, read_public_key};
use trueup_model::{Acted, Object, Value};

use crate::act::{Task, made};
use crate::answer::{Reader, facts, needed, needed_text};
use crate::call::Errand;
use crate::failure::Failure;
use crate::read::Found;
use crate::{Ec2, filter, ownership, tags};

pub async fn read(ec2: &Ec2, filters: Option<Vec<Filter>>) -> Result<Found, Failure> {
    found(ec2, ec2.client.describe_key_pairs().set_filters(filters)).await
}

/// One key pair, by its id: an id that EC2 does not know is an error. moto does not look at the id, and keeps
/// the tags of a key that is gone: elsewhere than at AWS what is not shown is gone. That builds nothing
/// twice, because the name of a key is taken once.
pub async fn read_one(ec2: &Ec2, id: &str) -> Result<Found, Failure> {
    let found = found(ec2, ec2.client.describe_key_pairs().key_pair_ids(id)).await?;
    let is_shown = found.objects.iter().any(|object| object.id == id);
    let gone = if is_shown || ec2.caller.endpoint().is_aws {
        Vec::new()
    } else {
        vec![id.to_owned()]
    };
    Ok(Found { gone, ..found })
}

async fn found(ec2: &Ec2, request: DescribeKeyPairsFluentBuilder) -> Result<Found, Failure> {
    const ACTION: &str = "DescribeKeyPairs";
    // EC2 answers all of them at once.
    let answer = ec2
        .caller
        .call(
            &Errand::read(ACTION),
            ACTION,
            request.include_public_key(true),
            |request| request.send(),
        )
        .await?;
    let objects = needed(ACTION, "keySet", answer.key_pairs)?
        .into_iter()
        .map(fold)
        .collect::<Result<_, _>>()?;
    Ok(Found {
        objects,
        ..Found::default()
    })
}

fn fold(pair: KeyPairInfo) -> Result<Object, Failure> {
    const ACTION: &str = "DescribeKeyPairs";
    let mut reader = Reader::default();
    let key = reader.text("public_key", "publicKey", pair.public_key);
    let key = read_public_key(&key).unwrap_or(key);
    let facts = facts([
        ("fingerprint", pair.key_fingerprint),
        ("key_type", pair.key_type.map(|ty| ty.as_str().to_owned())),
    ]);
    let key_name = needed_text(ACTION, "keyName", pair.key_name)?;
    let typed = KeyPair {
        key_name,
        public_key: Some(key),
        ..KeyPair::default()
    };
    reader.object(ACTION, pair.key_pair_id, &typed, pair.tags, facts)
}

pub async fn act(task: &Task<'_>) -> Result<Acted, Failure> {
    match task.act.action {
        "ImportKeyPair" => import(task).await,
        "DeleteKeyPair" => delete(task).await,
        _ => Err(task.unknown_action()),
    }
}

/// Deletes a key pair by its name, which is what every EC2 takes: so that nobody else's goes that has got the
/// name meanwhile, it is looked up first.
async fn delete(task: &Task<'_>) -> Result<Acted, Failure> {
    let name = task
        .unsets()
        .get("key_name")
        .and_then(Value::as_text)
        .ok_or_else(|| task.defect("names no key"))?;
    let found = read(
        task.ec2,
        Some(vec![filter::of("key-name", [filter::escaped(name)])]),
    )
    .await?;
    let id = task.id()?;
    if found.objects.iter().any(|object| object.id != id) {
        return Ok(Acted::default());
    }
    let request = task.ec2.client.delete_key_pair().key_name(name);
    task.end("DeleteKeyPair", request, |request| request.send())
        .await?;
    Ok(Acted::default())
}

async fn import(task: &Task<'_>) -> Result<Acted, Failure> {
    let key = task
        .text("public_key")
        .ok_or_else(|| task.defect("has no public key"))?;
    let name = task.text("key_name");
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
        task.ec2.memory.named(&name);
    }
    Ok(self::made(made.id))
}

/// What EC2 calls the key that is given by its id or by its name.
pub async fn name(ec2: &Ec2, text: &str) -> Result<String, Failure> {
    if !trueup_model::Kind::KeyPair.is_id(text) {
        return Ok(text.to_owned());
    }
    let found = read(ec2, Some(vec![filter::of("key-pair-id", [text])])).await?;
    let pair = found.objects.into_iter().find(|object| object.id == text);
    let name = pair.map(|object| object.record.text("key_name").to_owned());
    name.ok_or_else(|| {
        Failure::invalid(
            "DescribeKeyPairs",
            format!("there is no key pair {text} in {}", ec2.region),
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
        assert_eq!(pair(format!("{key} me@here\n")).record.text("public_key"), key);
        assert!(pair(String::new()).record.get("public_key").is_none());
    }
}
