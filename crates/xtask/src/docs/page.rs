//! The page of a kind, and the index of the pages.

use trueup_model::{Attribute, Effect, Kind, Type, implicit};
use trueup_spec::{EVERY_RESOURCE, HEAD};

use super::{calls, words};

const MADE: &str = "<!-- Made by `cargo xtask docs` from the table of the kind: edit that. -->\n";

/// The index: each kind with its first sentence.
pub fn index() -> String {
    let mut page = format!("# Kinds\n\n{MADE}\n");
    page.push_str(
        "What a spec can declare. A kind is called as EC2 calls the resource, and its attributes as EC2 calls the parameters. \
         [The spec](../spec.md) tells how they are put together.\n\n| kind | what it is | attributes |\n|---|---|---|\n",
    );
    for kind in Kind::ALL {
        let schema = kind.schema();
        let names: Vec<&str> = schema.attributes.iter().map(|attribute| attribute.name).collect();
        let names = if names.is_empty() {
            "tags only".to_owned()
        } else {
            words::list(&names).replace(" and ", ", ")
        };
        page.push_str(&row(&[
            &format!("[{kind}]({kind}.md)"),
            first_sentence(schema.doc),
            &names,
        ]));
    }
    page.push_str("\n## Every kind\n\nEvery kind also takes:\n\n");
    page.push_str(&keys(EVERY_RESOURCE));
    page.push_str("\n## The head\n\nBeside kinds, a spec has at its top:\n\n");
    page.push_str(&keys(HEAD));
    for attribute in HEAD {
        page.push_str(&members(HEAD, attribute));
    }
    page
}

/// The table of keys that belong to no kind.
fn keys(attributes: &[Attribute]) -> String {
    table(attributes, |attribute| words::takes(&attribute.ty))
}

fn table(attributes: &[Attribute], takes: impl Fn(&Attribute) -> String) -> String {
    let rows = attributes.iter().map(|attribute| {
        row(&[
            &format!("`{}`", attribute.name),
            attribute.doc,
            &takes(attribute),
            &words::omitted(attribute),
        ])
    });
    let head = "| key | what it is | takes | left out |\n|---|---|---|---|\n";
    std::iter::once(head.to_owned()).chain(rows).collect()
}

/// The page of one kind.
pub fn of(kind: Kind) -> String {
    let schema = kind.schema();
    let mut page = format!(
        "# {kind}\n\n{MADE}\n{}\n\n```yaml\n{}```\n\n",
        schema.doc, schema.example
    );
    page.push_str(&attributes(kind));
    for attribute in schema.attributes {
        page.push_str(&members(schema.attributes, attribute));
    }
    page.push_str("\n## Good to know\n\n");
    for note in schema.notes {
        page.push_str(&format!("- {note}\n"));
    }
    page.push_str(&ec2(kind));
    page
}

fn attributes(kind: Kind) -> String {
    let mut text = "## Attributes\n\n".to_owned();
    let attributes = kind.schema().attributes;
    let also: Vec<&str> = EVERY_RESOURCE.iter().map(|attribute| attribute.name).collect();
    let also = format!(
        "{}, which [every kind takes](README.md#every-kind)",
        words::list(&also)
    );
    if attributes.is_empty() {
        return text + &format!("None but {also}.\n");
    }
    text.push_str("| attribute | what it is | takes | left out | a change |\n|---|---|---|---|---|\n");
    for attribute in attributes {
        let what = format!("{}.", attribute.doc.trim_end_matches('.'));
        let cells = [
            &format!("`{}`", attribute.name),
            &what,
            &words::takes(&attribute.ty),
            &words::omitted(attribute),
            &words::change(attribute),
        ];
        text.push_str(&row(&cells.map(String::as_str)));
    }
    if kind == Kind::Vpc {
        text.push_str("\nWhat EC2 makes with it:\n\n");
        let takes = |key: &Attribute| {
            let made = implicit::ALL.iter().find(|implicit| implicit.key == key.name);
            let kind = made.map_or_else(String::new, |made| format!(" of a [{0}]({0}.md)", made.kind));
            format!("`empty`, `unmanaged`, or the attributes{kind} but what is EC2's")
        };
        text.push_str(&table(&implicit::KEYS, takes));
    }
    text.push_str(&format!("\nAnd {also}."));
    if text.contains("| *auto* |") {
        text.push_str(" *auto*: left out, it is EC2's or yours to choose, and is not compared.");
    }
    text.push('\n');
    text
}

/// The table of what an attribute that is a list or a mapping consists of.
fn members(table: &[Attribute], attribute: &Attribute) -> String {
    let same = |other: &Attribute| match (&other.ty, &attribute.ty) {
        (Type::Set(a), Type::Set(b)) => std::ptr::eq(*a, *b),
        _ => false,
    };
    match &attribute.ty {
        Type::Object(fields) => {
            let mut text = format!(
                "\n## `{}`\n\n| field | what it is | takes | a change |\n|---|---|---|---|\n",
                attribute.name
            );
            for field in *fields {
                let takes = words::takes(&field.ty);
                text.push_str(&row(&[
                    &format!("`{}`", field.name),
                    &field.documentation(),
                    &takes,
                    &words::field_change(field),
                ]));
            }
            text
        }
        Type::Set(set) if let Type::Object(fields) = &set.ty => {
            // `ingress` and `egress` consist of the same: one table for both, at the first.
            let alike: Vec<&str> = table
                .iter()
                .filter(|other| same(other))
                .map(|other| other.name)
                .collect();
            if alike.first() != Some(&attribute.name) {
                return String::new();
            }
            let mut text = format!(
                "\n## {}\n\n| field | what it is | takes |\n|---|---|---|\n",
                words::list(&alike)
            );
            for field in *fields {
                let name = format!(
                    "`{}`{}",
                    field.name,
                    if field.required { " (required)" } else { "" }
                );
                text.push_str(&row(&[&name, &field.documentation(), &words::takes(&field.ty)]));
            }
            text
        }
        _ => String::new(),
    }
}

/// What Trueup asks of EC2 for this kind: for those who write permissions or read CloudTrail.
fn ec2(kind: Kind) -> String {
    let (create, carried) = calls::create(kind);
    let mut text = format!("\n## Calls of EC2\n\n`{create}` makes it");
    if !carried.is_empty() {
        text.push_str(&format!(", with {}", words::list(&carried)));
    }
    if let Some((last, before)) = calls::delete(kind).split_last() {
        let before = if before.is_empty() {
            String::new()
        } else {
            format!(", after {} where that is needed", words::list(before))
        };
        text.push_str(&format!(". `{last}` ends it{before}."));
    }
    let changed: Vec<(&Attribute, Vec<&str>)> = kind
        .schema()
        .attributes
        .iter()
        .filter(|attribute| !attribute.input && calls::effects(attribute).0 < Effect::Replace)
        .map(|attribute| (attribute, calls::change(kind, attribute)))
        .filter(|(_, actions)| !actions.is_empty())
        .collect();
    text.push_str(
        " Tags are written by the call that makes it, and changed by `CreateTags` and `DeleteTags`.\n",
    );
    if !changed.is_empty() {
        text.push_str("\n| attribute | changed by |\n|---|---|\n");
        for (attribute, actions) in changed {
            text.push_str(&row(&[
                &format!("`{}`", attribute.name),
                &words::list(&actions).replace(" and ", ", "),
            ]));
        }
    }
    text
}

fn first_sentence(text: &str) -> &str {
    text.find(". ").map_or(text, |end| &text[..=end])
}

fn row(cells: &[&str]) -> String {
    format!(
        "| {} |\n",
        cells
            .iter()
            .map(|cell| cell.replace('|', "\\|"))
            .collect::<Vec<_>>()
            .join(" | ")
    )
}
