//! What all kinds share in reading EC2's answers: what EC2 always says and did not say is unknown, and so is
//! a word that nobody knows.

use std::borrow::Cow;
use std::collections::BTreeMap;

use aws_sdk_ec2::types::Tag;
use trueup_model::attr::{Attr, Of, TAGS};
use trueup_model::json::Typed;
use trueup_model::{Kind, Object, Record, Ref, Value, fact, tags};

use crate::failure::Failure;

/// An object's state: a fact, and where it could not be read, an attribute that is unknown.
pub const STATE: Attr<str> = fact::STATE;

/// A text that is there: some endpoints answer an empty text for what is absent.
pub fn some(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}

/// An id that is there.
pub fn reference(id: Option<String>) -> Option<Ref> {
    some(id).map(Ref::Id)
}

/// Facts from those that are there.
pub fn facts<K: Into<Cow<'static, str>>, const N: usize>(pairs: [(K, Option<String>); N]) -> Record {
    pairs
        .into_iter()
        .filter_map(|(name, text)| Some((name.into(), Value::Text(some(text)?))))
        .collect()
}

/// An element without which it is not known what an object is, or what belongs together: without it nothing
/// of the answer is.
pub fn needed<T>(action: &'static str, element: &str, value: Option<T>) -> Result<T, Failure> {
    value.ok_or_else(|| {
        Failure::invalid(
            action,
            format!("EC2's answer is not whole: something in it is without its `{element}`"),
        )
    })
}

/// The same of a text, which is not empty either.
pub fn needed_text(action: &'static str, element: &str, value: Option<String>) -> Result<String, Failure> {
    needed(action, element, some(value))
}

/// The same of an id of this kind.
pub fn needed_id(
    action: &'static str,
    element: &str,
    kind: Kind,
    value: Option<String>,
) -> Result<String, Failure> {
    needed(action, element, value.filter(|id| kind.is_id(id)))
}

/// How an element is called whose name is an attribute's: `cidrBlock` of `cidr_block`.
fn camel(attribute: &str) -> String {
    let mut words = attribute.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let (head, tail) = word.split_at(word.len().min(1));
        name + &head.to_ascii_uppercase() + tail
    })
}

/// Reads one object, attribute by attribute, and notes what cannot be read of it.
#[derive(Debug, Default)]
pub struct Reader {
    /// EC2's names of the elements, by attribute, where they were reported.
    elements: BTreeMap<&'static str, &'static str>,
    unread: BTreeMap<&'static str, String>,
}

impl Reader {
    /// An element that EC2 always sends.
    pub fn always<T: Default>(
        &mut self,
        attribute: impl Into<&'static str>,
        element: &'static str,
        value: Option<T>,
    ) -> T {
        let attribute = attribute.into();
        self.elements.insert(attribute, element);
        value.unwrap_or_else(|| {
            self.missing(attribute, element);
            T::default()
        })
    }

    /// A text that EC2 always sends, and never an empty one.
    pub fn text(
        &mut self,
        attribute: impl Into<&'static str>,
        element: &'static str,
        value: Option<String>,
    ) -> String {
        self.always(attribute, element, some(value))
    }

    /// An id that EC2 always sends.
    pub fn id(
        &mut self,
        attribute: impl Into<&'static str>,
        element: &'static str,
        value: Option<String>,
    ) -> Ref {
        Ref::Id(self.text(attribute, element, value))
    }

    /// A word that EC2 always sends, one of these in whatever case.
    pub fn word(
        &mut self,
        attribute: impl Into<&'static str>,
        element: &'static str,
        value: Option<&str>,
        known: &[&str],
    ) -> String {
        let attribute = attribute.into();
        let word = self.text(attribute, element, value.map(str::to_owned));
        if !word.is_empty() && !known.iter().any(|known| known.eq_ignore_ascii_case(&word)) {
            self.unknown(
                attribute,
                format!("EC2 says `{word}` as its `{element}`, which is not a word that is known here"),
            );
        }
        word
    }

    /// A port that EC2 always sends.
    pub fn port(
        &mut self,
        attribute: impl Into<&'static str>,
        element: &'static str,
        value: Option<i32>,
    ) -> u16 {
        let attribute = attribute.into();
        let port = self.always(attribute, element, value);
        u16::try_from(port).unwrap_or_else(|_| {
            self.unknown(
                attribute,
                format!("EC2 says {port} as its `{element}`, which is no port"),
            );
            0
        })
    }

    /// EC2 did not send an element.
    pub fn missing(&mut self, attribute: impl Into<&'static str>, element: &str) {
        self.unknown(attribute, format!("EC2 did not say its `{element}`"));
    }

    /// Why something was not read, where anything was not.
    pub fn first_unread(&self) -> Option<&str> {
        self.unread.values().next().map(String::as_str)
    }

    /// An attribute cannot be read, for this reason; the first one counts.
    pub fn unknown(&mut self, attribute: impl Into<&'static str>, why: String) {
        self.unread.entry(attribute.into()).or_insert(why);
    }

    /// The object of kind `T` as EC2 answered it. Its tags are split into whose it is and what a spec may
    /// speak of. An attribute that was not read, or that is nothing which the kind's table knows, is not in
    /// its record.
    pub fn object<T: Typed>(
        self,
        action: &'static str,
        id: Option<String>,
        typed: &T,
        tags: Option<Vec<Tag>>,
        facts: Record,
    ) -> Result<Object, Failure> {
        let kind = T::KIND;
        let id = some(id).filter(|id| kind.is_id(id));
        let id = id.ok_or_else(|| {
            Failure::invalid(
                action,
                format!("EC2's answer is not whole: a {kind} in it is without its id"),
            )
        })?;
        let record = typed
            .to_record()
            .map_err(|error| Failure::invalid(action, crate::failure::chain(&error)))?;
        let mut object = Object {
            kind,
            id,
            record,
            facts,
            owner: None,
            implicit: false,
            unread: BTreeMap::new(),
        };
        self.tagged(action, &mut object, tags.unwrap_or_default())?;
        object.unread.extend(
            self.unread
                .into_iter()
                .map(|(attribute, why)| (attribute.to_owned(), why)),
        );
        check(&mut object, &self.elements);
        Ok(object)
    }

    fn tagged(&self, action: &'static str, object: &mut Object, tags: Vec<Tag>) -> Result<(), Failure> {
        let mut pairs = Vec::new();
        for tag in tags {
            let key = needed_text(action, "key", tag.key)?;
            match tag.value {
                Some(value) => pairs.push((key, value)),
                // Whose it is must be known; of any other tag it may be unknown what it says.
                None if key.starts_with(tags::PREFIX) => needed(action, "value", None)?,
                None => drop(object.unread.insert(
                    TAGS.into(),
                    format!("EC2 did not say the `value` of its tag `{key}`"),
                )),
            }
        }
        let (owner, rest) = tags::split(pairs.iter().map(|(key, value)| (key.as_str(), value.as_str())));
        object.owner = owner;
        object.record.set(TAGS, rest);
        if object.unread.contains_key(TAGS.name) {
            object.record.remove(TAGS);
        }
        Ok(())
    }
}

/// Takes out of a record what was not read, and what is nothing that the kind's table knows.
fn check(object: &mut Object, elements: &BTreeMap<&'static str, &'static str>) {
    for attribute in object.kind.schema().attributes {
        if object.unread.contains_key(attribute.name) {
            object.record.remove(attribute.name);
            continue;
        }
        let Some(why) = object
            .record
            .value(attribute.name)
            .and_then(|value| attribute.misfit(value))
        else {
            continue;
        };
        let element = elements
            .get(attribute.name)
            .map_or_else(|| camel(attribute.name), |element| (*element).to_owned());
        object.record.remove(attribute.name);
        object.unread.insert(
            attribute.name.to_owned(),
            format!("what EC2 says as its `{element}` is not known here: {why}"),
        );
    }
}

/// Sets an attribute that a call of its own told, or notes that it did not.
pub fn told<V: Of<T>, T: ?Sized>(object: &mut Object, attribute: Attr<T>, element: &str, value: Option<V>) {
    match value {
        Some(value) => object.record.set(attribute, value),
        None => drop(
            object
                .unread
                .insert(attribute.into(), format!("EC2 did not say its `{element}`")),
        ),
    }
    check(object, &BTreeMap::new());
}

#[cfg(test)]
mod tests {
    use super::*;
    use trueup_model::kinds::nat_gateway::NatGateway;

    fn read(connectivity: &str, elastic_ip: &str, tags: Vec<Tag>) -> Result<Object, Failure> {
        let mut reader = Reader::default();
        let typed = NatGateway {
            subnet: reader.id("subnet", "subnetId", None),
            elastic_ip: reference(Some(elastic_ip.to_owned())),
            connectivity_type: reader.text(
                "connectivity_type",
                "connectivityType",
                Some(connectivity.to_owned()),
            ),
            private_ip_address: Some("10.0.0.300".into()),
        };
        reader.object(
            "DescribeNatGateways",
            Some("nat-00000001".into()),
            &typed,
            Some(tags),
            Record::new(),
        )
    }

    #[test]
    fn what_was_not_said_and_what_nobody_knows_is_not_in_the_record() {
        let object = read("zzz", "eipalloc-1x", Vec::new()).unwrap();
        assert_eq!(object.record.to_string(), "{tags: {}}");
        let why: Vec<String> = object
            .unread
            .iter()
            .map(|(attribute, why)| format!("{attribute}: {why}"))
            .collect();
        assert_eq!(
            why,
            [
                "connectivity_type: what EC2 says as its `connectivityType` is not known here: `zzz` is not public or private",
                "elastic_ip: what EC2 says as its `elasticIp` is not known here: `eipalloc-1x` is not an id of kind elastic_ip",
                "private_ip_address: what EC2 says as its `privateIpAddress` is not known here: `10.0.0.300` is not an IPv4 address",
                "subnet: EC2 did not say its `subnetId`",
            ]
        );
    }

    #[test]
    fn a_tag_without_its_value_is_unknown_and_an_owner_without_one_is_an_error() {
        let tag = |key: &str| Tag::builder().key(key).build();
        let object = read("public", "", vec![tag("team")]).unwrap();
        assert!(!object.record.has(TAGS) && object.unread["tags"].contains("`team`"));
        assert!(read("public", "", vec![tag("trueup:topology")]).is_err());
        assert!(read("public", "", vec![Tag::builder().value("x").build()]).is_err());
        assert_eq!(
            read("public", "", vec![Tag::builder().key("team").value("").build()])
                .unwrap()
                .record
                .value(TAGS.name),
            Some(&Record::new().with("team", "").into())
        );
    }
}
