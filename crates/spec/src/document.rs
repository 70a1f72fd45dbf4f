//! The document: the head, the kinds under it, and the resources under those.

use std::collections::BTreeMap;

use trueup_model::{Address, Diagnostic, Expectation, Kind, Place, Record, Value};

use crate::decode::{Decoder, Fields, Given, name_error};
use crate::draft::{Draft, Notes};
use crate::implicit;
use crate::keys::{EVERY_RESOURCE, HEAD, VPC};
use crate::names::Names;
use crate::node::{Key, Node, Span, Yaml, shown};
use crate::problems::Problems;
use crate::synonyms;

const START: &str = "a spec starts with `topology: NAME`, and then has kinds such as `vpc:`";

/// A document as far as it could be read.
#[derive(Debug)]
pub struct Document {
    /// The head's keys.
    pub head: Record,
    /// What must hold.
    pub expect: Vec<Expectation>,
    /// Where the head's keys stand, and what is in them.
    pub places: BTreeMap<String, Place>,
    pub drafts: Vec<Draft>,
    pub names: Names,
}

/// What a key of the root says.
#[derive(Clone, Copy)]
enum Entry<'n> {
    Head(Given<'n>),
    Kind(Kind, &'n Key, &'n Node),
}

/// Reads the root of a document. `None` where nothing of it can be used.
pub fn read(root: &Node, problems: &mut Problems) -> Option<Document> {
    let place = problems.place(Span::top(root.span.file));
    let map = match &root.value {
        Yaml::Map(map) if !map.is_empty() => map,
        Yaml::Map(_) | Yaml::Null => {
            problems.push(
                Diagnostic::error("empty", "the spec is empty")
                    .at(place, "")
                    .help(START),
            );
            return None;
        }
        _ => {
            let message = format!("a spec is a mapping, and this is {}", root.what());
            problems.push(Diagnostic::error("type", message).at(place, "").help(START));
            return None;
        }
    };
    let mut names = Names::default();
    let entries = entries(map, &names, problems);
    for entry in &entries {
        if let Entry::Kind(kind, key, node) = entry {
            declare(*kind, key, node, &mut names, problems);
        }
    }
    let mut reader = Reader {
        problems,
        names: &names,
        drafts: Vec::new(),
    };
    let mut given = Vec::new();
    for entry in &entries {
        match entry {
            Entry::Head(entry) => given.push(*entry),
            Entry::Kind(kind, _, node) => reader.kind(*kind, node),
        }
    }
    let fields = Fields {
        what: "spec",
        whose: "the spec",
        path: "",
        own: map.first().map_or(root.span, |(key, _)| key.span).start(),
        attributes: HEAD,
        also: &[],
        unsaid: &[],
    };
    let mut decoder = reader.decoder();
    let head = decoder.given(&fields, &given);
    let expect = decoder.expectations(head.value("expect").map_or(&[], Value::as_list));
    let places = decoder.notes.places;
    reader.twice();
    let drafts = reader.drafts;
    Some(Document {
        head,
        expect,
        places,
        drafts,
        names,
    })
}

/// The keys of the root by what they say, those that were probably meant otherwise included.
fn entries<'n>(map: &'n [(Key, Node)], names: &Names, problems: &mut Problems) -> Vec<Entry<'n>> {
    let mut entries = Vec::new();
    for (key, node) in map.iter().filter(|(key, _)| !key.text.starts_with("x-")) {
        if let Some(entry) = entry(&key.text, key, node) {
            entries.push(entry);
            continue;
        }
        let place = problems.place(key.span);
        let kinds = || Kind::ALL.iter().map(|kind| kind.as_str());
        let near = names
            .suggest
            .nearest(&key.text, kinds().chain(HEAD.iter().map(|key| key.name)))
            .or_else(|| synonyms::kind(&key.text).map(Kind::as_str));
        let diagnostic = Diagnostic::error("unknown-kind", format!("`{}` is not a kind", shown(&key.text)))
            .at(place.clone(), "unknown");
        problems.push(match near {
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .patch(place, near),
            None => diagnostic.help(format!(
                "the kinds are {}; keys that start with `x-` are ignored",
                kinds().collect::<Vec<_>>().join(", ")
            )),
        });
        let near = near.filter(|near| map.iter().all(|(key, _)| key.text != *near));
        entries.extend(near.and_then(|near| entry(near, key, node)));
    }
    entries
}

fn entry<'n>(text: &str, key: &'n Key, node: &'n Node) -> Option<Entry<'n>> {
    match HEAD.iter().find(|attribute| attribute.name == text) {
        Some(attribute) => Some(Entry::Head((attribute, key, node))),
        None => Some(Entry::Kind(text.parse().ok()?, key, node)),
    }
}

/// Notes the names under a kind.
fn declare(kind: Kind, key: &Key, node: &Node, names: &mut Names, problems: &mut Problems) {
    match &node.value {
        Yaml::Map(map) => {
            for (key, node) in map {
                names.declare(kind, &key.text);
                if kind == Kind::Vpc {
                    implicit::declare(&key.text, node, names);
                }
            }
        }
        Yaml::Null => {}
        _ => {
            let message = format!("under `{kind}` there are names, and this is {}", node.what());
            let diagnostic = Diagnostic::error("type", message)
                .at(
                    problems.place(if node.span.line > key.span.line {
                        key.span
                    } else {
                        node.span
                    }),
                    "",
                )
                .help(format!(
                    "write `{kind}:`, under it a name, and under that its attributes"
                ));
            problems.push(diagnostic);
            names.unreadable.insert(kind);
        }
    }
}

pub struct Reader<'a> {
    pub problems: &'a mut Problems,
    pub names: &'a Names,
    pub drafts: Vec<Draft>,
}

impl Reader<'_> {
    pub fn decoder(&mut self) -> Decoder<'_> {
        Decoder {
            problems: self.problems,
            names: self.names,
            notes: Notes::default(),
            later: false,
        }
    }

    fn kind(&mut self, kind: Kind, node: &Node) {
        let Yaml::Map(map) = &node.value else { return };
        for (key, node) in map {
            match Address::new(kind, &key.text) {
                Ok(address) => self.resource(address, key, node),
                Err(error) => {
                    let place = self.problems.place(key.span);
                    self.problems.push(name_error(&error, &key.text, place));
                }
            }
        }
    }

    fn resource(&mut self, address: Address, key: &Key, node: &Node) {
        let place = self.problems.place(key.span);
        let mut decoder = self.decoder();
        let mut draft = Draft {
            address,
            place,
            record: Record::new(),
            notes: Notes::default(),
            implicit: None,
        };
        let kind = draft.address.kind;
        let map: &[(Key, Node)] = match &node.value {
            Yaml::Map(map) => map,
            Yaml::Null => &[],
            _ => {
                let at = decoder.problems.place(if node.span.line > key.span.line {
                    key.span
                } else {
                    node.span
                });
                let message = format!("{} has attributes, and this is {}", draft.address, node.what());
                let help = format!(
                    "write `{}:`, and under it attributes such as `{}`",
                    key.text,
                    example(kind)
                );
                decoder.broken(
                    "",
                    Diagnostic::error("type", message)
                        .at(at, "wanted: a mapping")
                        .help(help),
                );
                draft.notes = decoder.notes;
                self.drafts.push(draft);
                return;
            }
        };
        let whose = draft.address.to_string();
        let attributes = kind.schema().attributes;
        let fields = Fields {
            what: kind.as_str(),
            whose: &whose,
            path: "",
            own: key.span,
            attributes,
            also: if kind == Kind::Vpc { &VPC } else { EVERY_RESOURCE },
            unsaid: &[],
        };
        let given = decoder.meant(&fields, map);
        let (implicit, own): (Vec<_>, Vec<_>) = given
            .into_iter()
            .partition(|(attribute, ..)| implicit::of(attribute.name).is_some());
        draft.record = decoder.given(&fields, &own);
        draft.notes = decoder.notes;
        let vpc = draft.address.clone();
        self.drafts.push(draft);
        for (attribute, key, node) in implicit {
            self.implicit(&vpc, attribute, key, node);
        }
    }
}

/// An attribute to show what attributes look like.
fn example(kind: Kind) -> &'static str {
    kind.schema()
        .attributes
        .first()
        .map_or("tags", |attribute| attribute.name)
}
