//! What differs at one address, as lines that text and Markdown draw each in its own way.

use std::collections::BTreeSet;

use trueup_model::schema::Members;
use trueup_model::{Action, AttributeChange, Change, Kind, MemberKey, Record, Type, Value};

use crate::difference;
use crate::names::Names;
use crate::shown;
use crate::words;

/// One line: an attribute, or a member of one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Line {
    /// What it is about.
    pub kind: LineKind,
    /// The attribute and, for a member, its key.
    pub name: String,
    /// What is there, shown; none where nothing is, or where the name says it all.
    pub before: Option<String>,
    /// What is wanted.
    pub after: Option<String>,
    /// What the change costs, and why.
    pub remark: Option<String>,
    /// Texts too long for the line.
    pub long: Option<Long>,
}

/// What a line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LineKind {
    /// An attribute.
    Attribute,
    /// A member that is new.
    Added,
    /// A member that goes.
    Removed,
    /// A member that stays under its key, with other contents.
    Altered,
}

/// Texts of many lines.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Long {
    /// What is there; empty where nothing is.
    pub before: String,
    /// What is wanted; empty where nothing is.
    pub after: String,
    /// Whether they may hold secrets: then they are shown only where [`Style`](crate::Style) says so.
    pub private: bool,
}

/// How the two sides of a text that may not be shown differ: in lines, where both are text; of bytes their
/// digests say all there is.
pub fn texts(before: Option<&Value>, after: Option<&Value>) -> Option<[String; 2]> {
    let text =
        |value: Option<&Value>| value.map_or(Some(String::new()), |value| value.as_text().map(str::to_owned));
    Some([text(before)?, text(after)?])
}

impl Long {
    /// `2 lines removed, 1 line added`: what may be told of texts that may not be shown.
    pub fn counts(&self) -> String {
        let (removed, added) = difference::counts(&self.before, &self.after);
        format!(
            "{} removed, {} added",
            words::count(removed, "line"),
            words::count(added, "line")
        )
    }
}

/// The lines of one change, in the order of its attributes, with `names` for ids of ours.
pub fn of(change: &Change, names: &Names<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut rest = &change.attributes[..];
    while let Some(first) = rest.first() {
        let run = rest.iter().take_while(|other| other.path == first.path).count();
        let (group, tail) = rest.split_at(run);
        rest = tail;
        match compact(change, group) {
            Some(line) => lines.push(line),
            None => lines.extend(group.iter().map(|attribute| line(change, attribute, names))),
        }
    }
    lines
}

/// What a new resource has of one attribute, on one line: all its tags, or all members that are nothing but
/// their key.
fn compact(change: &Change, group: &[AttributeChange]) -> Option<Line> {
    let path = &group[0].path;
    if change.action != Action::Create || group.iter().any(|attribute| attribute.member.is_none()) {
        return None;
    }
    let kind = change.address.kind;
    let after = match shown::members(kind, path) {
        Some(Members {
            ty: Type::Object(_), ..
        }) => return None,
        Some(_) => {
            let members: Vec<String> = group
                .iter()
                .filter_map(|a| a.after.as_ref())
                .map(shown::value)
                .collect();
            format!("[{}]", members.join(", "))
        }
        None => {
            let named = |a: &AttributeChange| {
                Some(format!(
                    "{}: {}",
                    a.member.as_ref()?,
                    shown::value(a.after.as_ref()?)
                ))
            };
            format!(
                "{{{}}}",
                group.iter().filter_map(named).collect::<Vec<_>>().join(", ")
            )
        }
    };
    Some(Line {
        kind: LineKind::Attribute,
        name: path.clone(),
        before: None,
        after: Some(after),
        remark: None,
        long: None,
    })
}

fn line(change: &Change, attribute: &AttributeChange, names: &Names<'_>) -> Line {
    let kind = change.address.kind;
    let remark = words::cost(change.action, attribute.effect, attribute.reason);
    match &attribute.member {
        Some(key) => Line {
            remark,
            ..member(kind, attribute, key, names)
        },
        None => Line {
            remark,
            ..single(change, attribute, names)
        },
    }
}

fn single(change: &Change, attribute: &AttributeChange, names: &Names<'_>) -> Line {
    let table = shown::attribute(change.address.kind, &attribute.path);
    let (before, after) = (attribute.before.as_ref(), attribute.after.as_ref());
    let absent = table
        .map(|table| table.absent)
        .filter(|absent| !absent.is_empty())
        .unwrap_or("none");
    let mut line = Line {
        kind: LineKind::Attribute,
        name: attribute.path.clone(),
        before: None,
        after: None,
        remark: None,
        long: None,
    };
    let is_policy = table.is_some_and(|a| matches!(a.ty, Type::Policy));
    if is_policy {
        let (old, new) = difference::policies(before, after);
        let name = |value: Option<&Value>, text: &str| match value {
            Some(_) => shown::digest(&Value::text(text)),
            None => absent.to_owned(),
        };
        (line.before, line.after) = (Some(name(before, &old)), Some(name(after, &new)));
        line.long = Some(Long {
            before: old,
            after: new,
            private: false,
        });
    } else if table.is_some_and(|a| a.digest) {
        let shown = |value: Option<&Value>| value.map_or_else(|| absent.to_owned(), shown::digest);
        (line.before, line.after) = (Some(shown(before)), Some(shown(after)));
        if change.action != Action::Create {
            line.long = texts(before, after).map(|[before, after]| Long {
                before,
                after,
                private: true,
            });
        }
    } else {
        let shown = |value: Option<&Value>| match value {
            Some(value) if table.is_some_and(|table| (table.is_open)(value)) => {
                format!("{} (known after apply)", names.value(value))
            }
            Some(value) => names.value(value),
            None => absent.to_owned(),
        };
        (line.before, line.after) = (Some(shown(before)), Some(shown(after)));
    }
    if change.action == Action::Create {
        line.before = None;
    }
    line
}

fn member(kind: Kind, attribute: &AttributeChange, key: &MemberKey, names: &Names<'_>) -> Line {
    let what = match (&attribute.before, &attribute.after) {
        (None, _) => LineKind::Added,
        (_, None) => LineKind::Removed,
        _ => LineKind::Altered,
    };
    let (key, before, after) = match shown::members(kind, &attribute.path) {
        Some(members) => {
            let (before, after) = rest(
                members,
                attribute.before.as_ref(),
                attribute.after.as_ref(),
                names,
            );
            (names.key(members, attribute, key), before, after)
        }
        // A tag: its key is the name, and its value the contents.
        None => (
            key.to_string(),
            attribute.before.as_ref().map(shown::value),
            attribute.after.as_ref().map(shown::value),
        ),
    };
    let name = format!("{} {key}", attribute.path);
    Line {
        kind: what,
        name,
        before,
        after,
        remark: None,
        long: None,
    }
}

/// What members hold besides their key: in their own words, or their fields, and of two only those that
/// differ.
fn rest(
    members: &Members,
    before: Option<&Value>,
    after: Option<&Value>,
    names: &Names<'_>,
) -> (Option<String>, Option<String>) {
    if let Some(words) = members.words {
        let told = |value: Option<&Value>| value.map(words);
        return (told(before), told(after));
    }
    let fields = |value: Option<&Value>| {
        value
            .and_then(Value::as_map)
            .map(|map| members.besides(map))
            .unwrap_or_default()
    };
    let (old, new) = (fields(before), fields(after));
    let both = before.is_some() && after.is_some();
    let fields: BTreeSet<&str> = old.iter().chain(new.iter()).map(|(name, _)| name).collect();
    let shown: Vec<&str> = fields
        .into_iter()
        .filter(|name| !both || old.value(name) != new.value(name))
        .collect();
    let text = |record: &Record| {
        let fields: Vec<String> = shown
            .iter()
            .filter_map(|name| Some(field(name, names.value(record.value(name)?))))
            .collect();
        (!fields.is_empty()).then(|| fields.join(", "))
    };
    (text(&old), text(&new))
}

/// A field and its value; an address that says by itself what it is needs no name.
fn field(name: &str, value: String) -> String {
    let says_it = value.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
    if says_it {
        value
    } else {
        format!("{name}: {value}")
    }
}
