//! Tags of any resource: `CreateTags`, `DeleteTags`, `DescribeTags` and the checks of every tag.

use super::{Kind, security_group_rule};
use crate::call::{Answer, Call};
use crate::state::Region;
use crate::state::region::{TAGGABLE, Tags};
use crate::wire::filter::{Field, Filters, Seen, fields};
use crate::wire::page::{Page, USUAL};
use crate::wire::{Fault, Node, Xml};

/// How many tags a resource can have.
const TAGS_LIMIT: usize = 50;
/// How many resources one call can tag.
const RESOURCES_LIMIT: usize = 1000;

/// A kind of resource that has tags.
pub struct Taggable {
    /// The prefix of its ids, without the hyphen.
    prefix: &'static str,
    /// EC2's name for it.
    resource: &'static str,
    exists: fn(&Region, &str) -> bool,
    not_found: fn(&str) -> Fault,
}

/// A kind as one that has tags.
pub const fn taggable<K: Kind>() -> Taggable {
    Taggable {
        prefix: K::PREFIX,
        resource: K::RESOURCE,
        exists: |region, id| K::table(region).contains(id),
        not_found: K::not_found,
    }
}

/// The one that has no table of its own.
const RULE: Taggable = Taggable {
    prefix: "sgr",
    resource: "security-group-rule",
    exists: |region, id| region.security_groups.owner_of(id).is_some(),
    not_found: security_group_rule::not_found,
};

fn of(id: &str) -> Option<&'static Taggable> {
    let (prefix, _) = id.rsplit_once('-')?;
    TAGGABLE.iter().chain([&RULE]).find(|kind| kind.prefix == prefix)
}

/// EC2's name for the type of the resource with this id.
pub fn resource_type(id: &str) -> &'static str {
    of(id).map_or("unknown", |kind| kind.resource)
}

/// Reads `Tag.N.Key` and `Tag.N.Value`, checked but for their number.
pub fn read_tags(params: &Node, list: &str) -> Result<Tags, Fault> {
    let mut tags = Tags::new();
    for tag in params.list(list) {
        let key = tag.text("Key").ok_or_else(|| Fault::missing("Key"))?;
        let value = tag.text("Value").unwrap_or_default();
        check_key(key)?;
        if value.chars().count() > 256 {
            return Err(Fault::new(
                "InvalidParameterValue",
                "Tag value exceeds the maximum length of 256 characters",
            ));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            return Err(Fault::new(
                "InvalidParameterValue",
                format!("Duplicate tag key '{key}' specified."),
            ));
        }
    }
    Ok(tags)
}

fn check_key(key: &str) -> Answer {
    let invalid = |why: &str| Err(Fault::new("InvalidParameterValue", why.to_owned()));
    if key.is_empty() {
        return invalid("Tag key cannot be empty");
    }
    if key.chars().count() > 128 {
        return invalid("Tag key exceeds the maximum length of 128 characters");
    }
    if key
        .get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
    {
        return invalid("Tag keys starting with 'aws:' are reserved for internal use");
    }
    Ok(())
}

/// Refuses keys that the metadata service could not show, of an instance that may read its tags there.
pub fn check_readable<'k>(keys: impl IntoIterator<Item = &'k String>) -> Answer {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-_+=,.@:".contains(c);
    let fits = |key: &str| key.chars().all(legal) && !matches!(key, "." | ".." | "_index");
    match keys.into_iter().find(|key| !fits(key)) {
        None => Ok(()),
        Some(key) => Err(Fault::new(
            "InvalidParameterValue",
            format!(
                "'{key}' is not a valid tag key. Tag keys must match pattern ([0-9a-zA-Z\\-_+=,.@:]{{1,255}}), and must not be a reserved \
                 name ('.', '..', '_index')"
            ),
        )),
    }
}

/// Refuses more tags than a resource can have.
pub fn check_count(tags: &Tags) -> Answer {
    if tags.keys().filter(|key| !key.starts_with("aws:")).count() > TAGS_LIMIT {
        return Err(Fault::new(
            "TagLimitExceeded",
            format!("The maximum number of Tags for a resource has been reached ({TAGS_LIMIT})."),
        ));
    }
    Ok(())
}

/// `<tagSet>` of a resource.
pub fn write(x: &mut Xml, region: &Region, id: &str) {
    x.set(
        "tagSet",
        region.tags_of(id).into_iter().flatten(),
        |x, (key, value)| {
            x.text("key", key);
            x.text("value", value);
        },
    );
}

/// `<tagSet>` only where there are tags: some answers leave an empty one out.
pub fn write_if_any(x: &mut Xml, region: &Region, id: &str) {
    if region.tags_of(id).is_some() {
        write(x, region, id);
    }
}

fn resources(call: &Call<'_>) -> Result<Vec<String>, Fault> {
    let ids = call.params.texts("ResourceId");
    if ids.is_empty() {
        return Err(Fault::missing("ResourceId"));
    }
    if ids.len() > RESOURCES_LIMIT {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!("At most {RESOURCES_LIMIT} resources can be given"),
        ));
    }
    for id in &ids {
        let kind = of(id)
            .filter(|kind| crate::call::has_form(id, kind.prefix))
            .ok_or_else(|| Fault::new("InvalidID", format!("The ID '{id}' is not valid")))?;
        if !(kind.exists)(call.region, id) || !call.region.shows(id) {
            return Err((kind.not_found)(id));
        }
    }
    Ok(ids.into_iter().map(str::to_owned).collect())
}

/// `CreateTags`: all resources or none.
pub fn create(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let ids = resources(call)?;
    let tags = read_tags(call.params, "Tag")?;
    if tags.is_empty() {
        return Err(Fault::missing("Tag"));
    }
    for id in ids {
        let mut all = call.region.tags_of(&id).cloned().unwrap_or_default();
        all.extend(tags.clone());
        check_count(&all)?;
        if call
            .region
            .instances
            .get(&id)
            .is_some_and(|instance| instance.metadata.instance_tags == "enabled")
        {
            check_readable(tags.keys())?;
        }
        call.region.tags.insert(id, all);
    }
    x.done();
    Ok(())
}

/// `DeleteTags`: a key with a value only where it matches, a key alone in any case, no tags at all: every
/// tag.
pub fn delete(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let ids = resources(call)?;
    let mut doomed: Vec<(&str, Option<&str>)> = Vec::new();
    for tag in call.params.list("Tag") {
        let key = tag.text("Key").ok_or_else(|| Fault::missing("Key"))?;
        check_key(key)?;
        doomed.push((key, tag.text("Value")));
    }
    for id in ids {
        let Some(mut tags) = call.region.tags_of(&id).cloned() else {
            continue;
        };
        if doomed.is_empty() {
            tags.retain(|key, _| key.starts_with("aws:"));
        }
        for (key, value) in &doomed {
            if value.is_none_or(|value| tags.get(*key).is_some_and(|have| have == value)) {
                tags.remove(*key);
            }
        }
        if tags.is_empty() {
            call.region.tags.remove(&id);
        } else {
            call.region.tags.insert(id, tags);
        }
    }
    x.done();
    Ok(())
}

const FIELDS: &[Field<Tags>] = fields![Tags:
    "resource-id" => |seen, add| add(seen.id),
    "resource-type" => |seen, add| add(resource_type(seen.id)),
    "key" => |seen, add| seen.row.keys().for_each(|key| add(key)),
    "value" => |seen, add| seen.row.values().for_each(|value| add(value)),
];

/// `DescribeTags`: one member per tag. A filter that names tags chooses single tags, not whole resources.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let filters = Filters::read(call.params)?.bind(FIELDS)?;
    let page = Page::read(call.params, call.action, USUAL, false)?;
    let region = &*call.region;
    let mut found: Vec<(String, &str, &str, &str)> = Vec::new();
    // In the order of the ids and, of one id, of the keys: so are the places, because no character of an id comes
    // before the tab. Of the object on which the last page ended, keys may be left.
    let last = page
        .after
        .as_deref()
        .map(|after| after.split('\t').next().unwrap_or_default());
    let rest = last.and_then(|id| region.tags.entry(id)).into_iter();
    let further = region.tags.after(last).map(|(id, tags)| (id.as_str(), tags));
    for (id, tags) in rest.chain(further).filter(|(id, _)| region.shows(id)) {
        if page.is_over(found.len()) {
            break;
        }
        for (key, value) in tags {
            let place = format!("{id}\t{key}");
            if page.after.as_ref().is_some_and(|after| place <= *after) {
                continue;
            }
            let alone = Tags::from([(key.clone(), value.clone())]);
            if filters.holds(&Seen {
                id,
                row: &alone,
                region,
            }) {
                found.push((place, id, key, value));
            }
        }
    }
    let (found, next) = page.cut(call.action, found, |member| &member.0);
    x.set("tagSet", found, |x, (_, id, key, value)| {
        x.text("resourceId", id);
        x.text("resourceType", resource_type(id));
        x.text("key", key);
        x.text("value", value);
    });
    x.maybe("nextToken", next);
    Ok(())
}
