//! What is live of a topology: address, id, addresses, ARN.

use std::collections::BTreeMap;
use std::fmt;

use trueup_model::attr::Attr;
use trueup_model::{Address, Object, Observed, Resource, Site, Topology, fact};

use super::head;
use crate::clean::Clean;
use crate::shown::clean;
use crate::style::{Page, Paint, Style, pad, widest};

/// One address: what the spec has of it, what is live of it, or both.
pub struct Shown<'a> {
    /// The address.
    pub address: Address,
    /// What the spec wants.
    pub resource: Option<&'a Resource>,
    /// What is live.
    pub object: Option<&'a Object>,
}

impl Shown<'_> {
    /// The live object's ARN.
    pub fn arn(&self, observed: &Observed) -> Option<String> {
        let object = self.object?;
        let partition = observed.site.partition();
        let Site { account, region } = &observed.site;
        let arn_type = object.kind.schema().arn_type;
        Some(format!(
            "arn:{partition}:ec2:{region}:{account}:{arn_type}/{}",
            object.id
        ))
    }

    /// A fact of the live object that is a text.
    pub fn fact(&self, fact: Attr<str>) -> Option<&str> {
        Some(self.object?.facts.text(fact)).filter(|text| !text.is_empty())
    }
}

/// Every address of the spec and every live object of the topology, in the order of the addresses.
pub fn shown<'a>(topology: &'a Topology, observed: &'a Observed) -> Vec<Shown<'a>> {
    let mut live: BTreeMap<Address, Vec<&Object>> = BTreeMap::new();
    for object in &observed.objects {
        if let Some(address) = object.address(&topology.name) {
            live.entry(address).or_default().push(object);
        }
    }
    let mut shown = Vec::new();
    for (address, resource) in &topology.resources {
        match live.remove(address) {
            Some(objects) => shown.extend(objects.into_iter().map(|object| Shown {
                address: address.clone(),
                resource: Some(resource),
                object: Some(object),
            })),
            None => shown.push(Shown {
                address: address.clone(),
                resource: Some(resource),
                object: None,
            }),
        }
    }
    for (address, objects) in live {
        let rest = objects.into_iter().map(|object| Shown {
            address: address.clone(),
            resource: None,
            object: Some(object),
        });
        shown.extend(rest);
    }
    shown.sort_by(|a, b| a.address.cmp(&b.address));
    shown
}

/// Writes a line for each address.
pub fn show(out: &mut Clean, topology: &Topology, observed: &Observed, style: Style) -> fmt::Result {
    let mut page = Page::new(out, style);
    head(&mut page, &topology.name, &observed.site)?;
    for (kind, why) in &observed.unreadable {
        page.line(
            0,
            4,
            &[
                (Paint::Delete, "NOT READ "),
                (Paint::Strong, kind.as_str()),
                (Paint::Plain, &format!(": {}", clean(why))),
            ],
        )?;
    }
    let shown = shown(topology, observed);
    let rows: Vec<[String; 4]> = shown.iter().map(|shown| row(shown, observed)).collect();
    let width = |column: usize| widest(rows.iter().map(|row| row[column].as_str()));
    let (address, id, addresses) = (width(0), width(1), width(2));
    for (shown, row) in shown.iter().zip(&rows) {
        let paint = if shown.object.is_none() {
            Paint::Delete
        } else {
            Paint::Plain
        };
        let mut pieces = vec![
            (Paint::Strong, pad(&row[0], address + 2)),
            (paint, pad(&row[1], id + 2)),
        ];
        if addresses > 0 {
            pieces.push((Paint::Plain, pad(&row[2], addresses + 2)));
        }
        pieces.push((Paint::Dim, row[3].clone()));
        let pieces: Vec<_> = pieces
            .iter()
            .map(|(paint, text)| (*paint, text.as_str()))
            .collect();
        page.line(0, 4, &pieces)?;
    }
    Ok(())
}

fn row(shown: &Shown<'_>, observed: &Observed) -> [String; 4] {
    let unread = observed.unreadable.contains_key(&shown.address.kind);
    let id = match shown.object {
        Some(object) => clean(&object.id),
        None if unread => "unknown".to_owned(),
        None => "missing".to_owned(),
    };
    let remark = match shown.object.and_then(|object| object.owner.as_ref()) {
        Some(owner) if !owner.standing.holds() => "   (being replaced)",
        _ if shown.resource.is_none() => "   (not in the spec)",
        _ => "",
    };
    let addresses: Vec<String> = [
        ("public", fact::PUBLIC_IP),
        ("private", fact::PRIVATE_IP),
        ("IPv6", fact::IPV6),
    ]
    .into_iter()
    .filter_map(|(word, fact)| Some(format!("{word} {}", shown.fact(fact)?)))
    .collect();
    let arn = format!("{}{remark}", shown.arn(observed).unwrap_or_default());
    [shown.address.to_string(), id, addresses.join(" "), arn]
}
