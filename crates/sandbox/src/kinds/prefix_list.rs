//! Prefix lists: those of AWS, which every region has, and those that a caller makes.

use serde::{Deserialize, Serialize};

use super::{Kind, partition, range, tag};
use crate::call::{ACCOUNT, Answer, Call, has_form};
use crate::due::What;
use crate::state::Region;
use crate::state::clock::SECOND;
use crate::state::ids::mix;
use crate::state::table::{Row, Table};
use crate::wire::filter::{Field, Filters, Seen, fields};
use crate::wire::page::{Limits, Page};
use crate::wire::{Fault, Node, Xml};

/// The most entries of a list.
const ENTRIES_LIMIT: u32 = 1000;
/// The most entries that one call adds or removes.
const BATCH: usize = 100;
/// How the calls of this kind page.
const PAGES: Limits = Limits {
    min: 1,
    max: 100,
    exclusive: false,
};

/// A prefix list.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PrefixList {
    /// Its name.
    pub name: String,
    /// `IPv4` or `IPv6`.
    pub family: String,
    /// How many entries it may have; nothing for lists of AWS.
    pub max_entries: Option<u32>,
    /// Ranges with their descriptions.
    pub entries: Vec<(String, Option<String>)>,
    /// Counts the changes of the entries.
    pub version: u64,
    /// `create-complete` and the like.
    pub state: String,
    /// The account, or `AWS`.
    pub owner: String,
}

impl Row for PrefixList {
    fn links(&self, _: &mut dyn FnMut(&str)) {}
}

impl Kind for PrefixList {
    const PREFIX: &'static str = "pl";
    const RESOURCE: &'static str = "prefix-list";
    const NOUN: &'static str = "prefix list ID";
    const NOT_FOUND: &'static str = "InvalidPrefixListID.NotFound";
    const MALFORMED: &'static str = "InvalidPrefixListId.Malformed";
    const FIELDS: &'static [Field<Self>] = fields![PrefixList:
        "prefix-list-id" => |seen, add| add(seen.id),
        "prefix-list-name" => |seen, add| add(&seen.row.name),
        "owner-id" => |seen, add| add(&seen.row.owner),
    ];

    fn table(region: &Region) -> &Table<Self> {
        &region.prefix_lists
    }
}

/// Ids that AWS has published for the lists of gateway endpoints: region, S3, DynamoDB.
const PUBLISHED: &[(&str, &str, &str)] = &[
    ("us-east-1", "pl-63a5400a", "pl-02cd2c6b"),
    ("us-east-2", "pl-7ba54012", "pl-4ca54025"),
    ("us-west-1", "pl-6ba54002", "pl-6ea54007"),
    ("us-west-2", "pl-68a54001", "pl-00a54069"),
    ("eu-west-1", "pl-6da54004", "pl-6fa54006"),
    ("eu-central-1", "pl-6ea54007", "pl-66a5400f"),
];

/// Names (with `{}` for the region) and ranges of the lists of AWS, IPv4.
const MANAGED: &[(&str, &[&str])] = &[
    (
        "com.amazonaws.{}.s3",
        &[
            "3.5.76.0/22",
            "18.34.244.0/22",
            "18.34.48.0/20",
            "52.92.128.0/17",
            "52.218.128.0/17",
        ],
    ),
    (
        "com.amazonaws.{}.dynamodb",
        &[
            "35.71.68.0/22",
            "52.94.10.0/24",
            "52.94.12.0/24",
            "52.94.28.0/23",
            "52.119.252.0/22",
        ],
    ),
    (
        "com.amazonaws.{}.s3express",
        &["44.192.134.240/28", "44.197.48.0/24"],
    ),
    ("com.amazonaws.{}.ec2-instance-connect", &["18.237.140.160/29"]),
    (
        "com.amazonaws.{}.route53-healthchecks",
        &["15.177.0.0/18", "54.244.52.192/26", "54.245.168.0/26"],
    ),
    ("com.amazonaws.{}.vpc-lattice", &["169.254.171.0/24"]),
    (
        "com.amazonaws.global.cloudfront.origin-facing",
        &[
            "3.160.0.0/14",
            "13.124.199.0/24",
            "52.46.0.0/18",
            "64.252.64.0/18",
            "130.176.0.0/17",
            "204.246.166.0/24",
        ],
    ),
];

fn managed_id(region: &str, name: &str) -> String {
    if let Some((_, s3, dynamodb)) = PUBLISHED.iter().find(|(known, _, _)| *known == region) {
        if name.ends_with(".s3") {
            return (*s3).to_owned();
        }
        if name.ends_with(".dynamodb") {
            return (*dynamodb).to_owned();
        }
    }
    let number = region
        .bytes()
        .chain(name.bytes())
        .fold(11_u64, |sum, byte| mix(sum ^ u64::from(byte)));
    format!("pl-{:08x}", number >> 32)
}

/// The lists of AWS in a region, by id.
pub fn managed(region: &str) -> Vec<(String, PrefixList)> {
    MANAGED
        .iter()
        .map(|(name, ranges)| {
            let name = name.replace("{}", region);
            let row = PrefixList {
                family: "IPv4".into(),
                max_entries: None,
                entries: ranges.iter().map(|range| ((*range).to_owned(), None)).collect(),
                version: 1,
                state: "create-complete".into(),
                owner: "AWS".into(),
                name,
            };
            (managed_id(region, &row.name), row)
        })
        .collect()
}

/// The list of this id, of AWS or of the account.
pub fn find(call: &Call<'_>, id: &str) -> Result<PrefixList, Fault> {
    if !has_form(id, PrefixList::PREFIX) {
        return Err(PrefixList::malformed(id));
    }
    if let Some((_, row)) = managed(&call.region.name)
        .into_iter()
        .find(|(managed, _)| managed == id)
    {
        return Ok(row);
    }
    call.find::<PrefixList>(id).cloned()
}

/// The list of a gateway endpoint's service.
pub fn of_service(region: &str, service: &str) -> Option<String> {
    managed(region)
        .into_iter()
        .find(|(_, row)| row.name == service)
        .map(|(id, _)| id)
}

fn all(call: &Call<'_>) -> Vec<(String, PrefixList)> {
    let region = &*call.region;
    let own = region.prefix_lists.iter().filter(|(id, _)| region.shows(id));
    let mut all = managed(&region.name);
    all.extend(own.map(|(id, row)| (id.clone(), row.clone())));
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

type Lists = (Vec<(String, PrefixList)>, Option<String>);

fn select(call: &Call<'_>, pages: Limits, wanted: impl Fn(&PrefixList) -> bool) -> Result<Lists, Fault> {
    let ids = call.params.texts("PrefixListId");
    let filters = Filters::read(call.params)?.bind(PrefixList::FIELDS)?;
    let page = Page::read(call.params, call.action, pages, !ids.is_empty())?;
    for id in &ids {
        find(call, id)?;
    }
    let found: Vec<(String, PrefixList)> = all(call)
        .into_iter()
        .filter(|(id, row)| {
            (ids.is_empty() || ids.contains(&id.as_str()))
                && page.after.as_ref().is_none_or(|after| id > after)
                && wanted(row)
                && filters.holds(&Seen {
                    id,
                    row,
                    region: call.region,
                })
        })
        .collect();
    Ok(page.cut(call.action, found, |(id, _)| id))
}

/// `DescribePrefixLists`: the lists of AWS that routes and rules can name.
pub fn describe_services(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let (page, next) = select(
        call,
        Limits {
            min: 5,
            max: 1000,
            exclusive: false,
        },
        |row| row.owner == "AWS" && (row.name.ends_with(".s3") || row.name.ends_with(".dynamodb")),
    )?;
    x.set("prefixListSet", page, |x, (id, row)| {
        x.text("prefixListId", id);
        x.text("prefixListName", &row.name);
        x.texts("cidrSet", row.entries.iter().map(|(cidr, _)| cidr));
    });
    x.maybe("nextToken", next);
    Ok(())
}

fn write(x: &mut Xml, region: &Region, id: &str, row: &PrefixList) {
    x.text("prefixListId", id);
    x.text("addressFamily", &row.family);
    x.text("state", &row.state);
    let owner = if row.owner == "AWS" { "aws" } else { ACCOUNT };
    x.text(
        "prefixListArn",
        format_args!(
            "arn:{}:ec2:{}:{owner}:prefix-list/{id}",
            partition::of(&region.name).name,
            region.name
        ),
    );
    x.text("prefixListName", &row.name);
    x.maybe("maxEntries", row.max_entries);
    if row.owner != "AWS" {
        x.text("version", row.version);
    }
    tag::write(x, region, id);
    x.text("ownerId", &row.owner);
}

/// `DescribeManagedPrefixLists`.
pub fn describe(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let (page, next) = select(call, PAGES, |_| true)?;
    x.set("prefixListSet", page, |x, (id, row)| {
        write(x, call.region, &id, &row);
    });
    x.maybe("nextToken", next);
    Ok(())
}

/// `GetManagedPrefixListEntries`.
pub fn entries(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let row = find(call, call.params.required("PrefixListId")?)?;
    let page = Page::read(call.params, call.action, PAGES, false)?;
    if let Some(version) = call
        .params
        .number::<u64>("TargetVersion")?
        .filter(|version| *version != row.version)
    {
        return Err(Fault::new(
            "PrefixListVersionMismatch",
            format!("The prefix list has no version {version}"),
        ));
    }
    let mut entries = row.entries;
    entries.sort();
    entries.retain(|(cidr, _)| page.after.as_ref().is_none_or(|after| cidr > after));
    let (entries, next) = page.cut(call.action, entries, |(cidr, _)| cidr);
    x.set("entrySet", entries, |x, (cidr, description)| {
        x.text("cidr", cidr);
        x.maybe("description", description);
    });
    x.maybe("nextToken", next);
    Ok(())
}

type Entry = (String, Option<String>);

fn read_entries(p: &Node, list: &str, family: &str) -> Result<Vec<Entry>, Fault> {
    let members = p.list(list);
    if members.len() > BATCH {
        return Err(Fault::new(
            "InvalidParameterValue",
            format!("At most {BATCH} entries can be given in one request"),
        ));
    }
    let mut entries: Vec<Entry> = Vec::new();
    for member in members {
        let text = member.required("Cidr")?;
        let cidr = match family {
            "IPv4" => range::v4(text, "cidr")?.to_string(),
            _ => range::v6(text, "cidr")?.to_string(),
        };
        if entries.iter().any(|(have, _)| *have == cidr) {
            return Err(Fault::new(
                "InvalidParameterValue",
                format!("Duplicate entry {cidr}"),
            ));
        }
        entries.push((cidr, member.filled("Description").map(str::to_owned)));
    }
    Ok(entries)
}

fn check_name(name: &str) -> Answer {
    if name.starts_with("com.amazonaws") || name.len() > 255 {
        return Err(Fault::invalid(
            name,
            "prefixListName",
            "it cannot begin with com.amazonaws",
        ));
    }
    Ok(())
}

/// `CreateManagedPrefixList`.
pub fn create(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let name = p.required("PrefixListName")?;
    check_name(name)?;
    let family = p.required("AddressFamily")?;
    if !matches!(family, "IPv4" | "IPv6") {
        return Err(Fault::invalid(family, "addressFamily", "it must be IPv4 or IPv6"));
    }
    let max: u32 = p
        .number("MaxEntries")?
        .ok_or_else(|| Fault::missing("MaxEntries"))?;
    let entries = read_entries(p, "Entry", family)?;
    if !(1..=ENTRIES_LIMIT).contains(&max) || entries.len() > max as usize {
        return Err(Fault::invalid(
            &max.to_string(),
            "maxEntries",
            "it must be 1 to 1000 and hold all entries",
        ));
    }
    let tags = call.tags_for("prefix-list", &["prefix-list"])?;
    let id = call.new_id("pl");
    call.tag(&id, tags);
    let row = PrefixList {
        name: name.to_owned(),
        family: family.to_owned(),
        max_entries: Some(max),
        entries,
        version: 1,
        state: "create-in-progress".into(),
        owner: ACCOUNT.into(),
    };
    x.element("prefixList", |x| write(x, call.region, &id, &row));
    call.region.prefix_lists.insert(&id, row);
    call.later(2 * SECOND, 8 * SECOND, What::PrefixListSettled, &id);
    Ok(())
}

fn own(call: &Call<'_>) -> Result<(String, PrefixList), Fault> {
    let id = call.params.required("PrefixListId")?;
    let row = find(call, id)?;
    if row.owner == "AWS" {
        return Err(Fault::new(
            "UnauthorizedOperation",
            format!("The prefix list {id} is managed by AWS"),
        ));
    }
    if row.state.ends_with("in-progress") {
        return Err(Fault::new(
            "IncorrectState",
            format!("prefix list {id} is in state {}", row.state),
        ));
    }
    Ok((id.to_owned(), row))
}

/// `ModifyManagedPrefixList`.
pub fn modify(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let p = call.params;
    let (id, mut row) = own(call)?;
    let added = read_entries(p, "AddEntry", &row.family)?;
    let removed = read_entries(p, "RemoveEntry", &row.family)?;
    let max: Option<u32> = p.number("MaxEntries")?;
    let touches = !added.is_empty() || !removed.is_empty();
    if let Some(version) = p.number::<u64>("CurrentVersion")? {
        if version != row.version {
            return Err(Fault::new(
                "PrefixListVersionMismatch",
                "The prefix list has the incorrect version number",
            ));
        }
    } else if touches {
        return Err(Fault::missing("CurrentVersion"));
    }
    if max.is_some() && touches {
        return Err(Fault::combination(
            "MaxEntries and entries cannot be modified in the same request",
        ));
    }
    if added
        .iter()
        .any(|(cidr, _)| removed.iter().any(|(gone, _)| gone == cidr))
    {
        return Err(Fault::combination(
            "An entry cannot be added and removed in the same request",
        ));
    }
    for (cidr, _) in &removed {
        let at = row.entries.iter().position(|(have, _)| have == cidr);
        row.entries
            .remove(at.ok_or_else(|| Fault::invalid(cidr, "removeEntry", "the list has no such entry"))?);
    }
    for (cidr, description) in added {
        row.entries.retain(|(have, _)| *have != cidr);
        row.entries.push((cidr, description));
    }
    row.max_entries = max.or(row.max_entries);
    if row
        .max_entries
        .is_some_and(|max| row.entries.len() > max as usize || max > ENTRIES_LIMIT)
    {
        return Err(Fault::new(
            "PrefixListMaxEntriesExceeded",
            "The prefix list cannot hold that many entries",
        ));
    }
    if let Some(name) = p.filled("PrefixListName") {
        check_name(name)?;
        name.clone_into(&mut row.name);
    }
    if touches {
        row.version += 1;
    }
    row.state = "modify-in-progress".into();
    x.element("prefixList", |x| write(x, call.region, &id, &row));
    call.region.prefix_lists.insert(&id, row);
    call.later(2 * SECOND, 8 * SECOND, What::PrefixListSettled, &id);
    Ok(())
}

/// The change has come through.
pub fn settled(call: &mut Call<'_>, id: &str) {
    call.region
        .prefix_lists
        .update(id, |row| row.state = row.state.replace("in-progress", "complete"));
}

/// `DeleteManagedPrefixList`: nothing may refer to it.
pub fn delete(call: &mut Call<'_>, x: &mut Xml) -> Answer {
    let (id, mut row) = own(call)?;
    if call.region.security_groups.owner_of(&id).is_some() || call.region.route_tables.owner_of(&id).is_some()
    {
        return Err(Fault::new(
            "DependencyViolation",
            format!("The prefix list {id} is in use"),
        ));
    }
    row.state = "delete-in-progress".into();
    x.element("prefixList", |x| write(x, call.region, &id, &row));
    call.region.prefix_lists.insert(&id, row);
    call.later(2 * SECOND, 6 * SECOND, What::PrefixListDeleted, &id);
    Ok(())
}

/// It is gone.
pub fn deleted(call: &mut Call<'_>, id: &str) {
    call.region.prefix_lists.remove(id);
    call.region.tags.remove(id);
}
