//! The document: the head, the kinds under it, and the resources under those.

use std::collections::BTreeMap;

use trueup_model::{Address, Diagnostic, Expectation, Kind, Name, Place, Record};

use crate::decode::{Decoder, Fields, name_error};
use crate::draft::{Draft, Notes};
use crate::names::Names;
use crate::node::{Key, Node, Span, Yaml, shown};
use crate::problems::Problems;
use crate::synonyms;

const HEAD: [&str; 6] = ["topology", "account", "region", "max_deletes", "tags", "expect"];
const EXTRA: [&str; 2] = ["tags", "protect"];
const START: &str = "a spec starts with `topology: NAME`, and then has kinds such as `vpc:`";

/// A document as far as it could be read.
#[derive(Debug)]
pub struct Document {
    /// The topology's name; empty where it has none.
    pub topology: String,
    pub account: Option<String>,
    pub region: Option<String>,
    /// The most objects that a plan may end.
    pub max_deletes: Option<u32>,
    /// Tags on everything.
    pub tags: Record,
    /// What must hold.
    pub expect: Vec<Expectation>,
    /// Where the head's keys stand.
    pub places: BTreeMap<String, Place>,
    pub drafts: Vec<Draft>,
    pub names: Names,
}

/// What a key of the root says.
#[derive(Clone, Copy)]
enum Entry<'n> {
    Head(&'static str, &'n Key, &'n Node),
    Kind(Kind, &'n Key, &'n Node),
}

/// Reads the root of a document. `None` where nothing of it can be used.
pub fn read(root: &Node, problems: &mut Problems) -> Option<Document> {
    let place = problems.place(Span {
        line: 1,
        column: 1,
        start: 0,
        end: 0,
    });
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
        head: Head::default(),
        drafts: Vec::new(),
    };
    for entry in &entries {
        match entry {
            Entry::Head(name, key, node) => reader.head(name, key, node),
            Entry::Kind(kind, _, node) => reader.kind(*kind, node),
        }
    }
    reader.topology(&entries, map.first().map_or(root.span, |(key, _)| key.span));
    let Reader { head, drafts, .. } = reader;
    let Head {
        topology,
        account,
        region,
        max_deletes,
        tags,
        expect,
        places,
    } = head;
    Some(Document {
        topology,
        account,
        region,
        max_deletes,
        tags,
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
            .nearest(&key.text, kinds().chain(HEAD))
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
    match (HEAD.into_iter().find(|name| *name == text), text.parse::<Kind>()) {
        (Some(name), _) => Some(Entry::Head(name, key, node)),
        (None, Ok(kind)) => Some(Entry::Kind(kind, key, node)),
        (None, Err(())) => None,
    }
}

/// Notes the names under a kind.
fn declare(kind: Kind, key: &Key, node: &Node, names: &mut Names, problems: &mut Problems) {
    match &node.value {
        Yaml::Map(map) => map.iter().for_each(|(key, _)| names.declare(kind, &key.text)),
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

#[derive(Default)]
struct Head {
    topology: String,
    account: Option<String>,
    region: Option<String>,
    max_deletes: Option<u32>,
    tags: Record,
    expect: Vec<Expectation>,
    places: BTreeMap<String, Place>,
}

struct Reader<'a> {
    problems: &'a mut Problems,
    names: &'a Names,
    head: Head,
    drafts: Vec<Draft>,
}

impl Reader<'_> {
    fn decoder(&mut self) -> Decoder<'_> {
        Decoder {
            problems: self.problems,
            names: self.names,
            notes: Notes::default(),
            later: false,
        }
    }

    fn head(&mut self, name: &'static str, key: &Key, node: &Node) {
        let place = self.problems.place(if matches!(node.value, Yaml::Null) {
            key.span
        } else {
            node.span
        });
        self.head.places.insert(name.to_owned(), place.clone());
        match (name, &node.value) {
            (_, Yaml::Null) => {
                let diagnostic = Diagnostic::error("no-value", format!("`{name}` has no value"))
                    .at(place, "nothing after the colon");
                self.problems.push(diagnostic.help(if name == "topology" {
                    START
                } else {
                    "give it a value, or remove the line"
                }));
            }
            ("tags", _) => self.head.tags = self.decoder().tags(node),
            ("expect", _) => self.head.expect = self.decoder().expectations(node),
            ("topology", Yaml::Text(text) | Yaml::Number(text) | Yaml::Bool(_, text)) => {
                match Name::new(text) {
                    Ok(name) => name.as_str().clone_into(&mut self.head.topology),
                    Err(error) => self.problems.push(name_error(&error, text, place)),
                }
            }
            ("account", Yaml::Text(text)) => self.account(text, place),
            ("account", Yaml::Number(spelled)) => {
                let quoted = format!("\"{spelled}\"");
                let message =
                    "`account` is text, and without quotes YAML reads a number, whose leading zeros are lost";
                let diagnostic = Diagnostic::error("type", message).at(place.clone(), "not quoted");
                self.problems.push(
                    diagnostic
                        .help(format!("quote it: `{quoted}`"))
                        .patch(place, quoted),
                );
            }
            ("region", Yaml::Text(text)) => self.region(text, place),
            ("max_deletes", Yaml::Number(text)) if text.parse::<u32>().is_ok() => {
                self.head.max_deletes = text.parse().ok();
            }
            ("max_deletes", _) => {
                drop(
                    self.decoder()
                        .wrong(name, name, node, "a number of objects, such as 3", None),
                );
            }
            ("topology", _) => {
                drop(
                    self.decoder()
                        .wrong(name, name, node, "a name, such as `gateway-endpoint`", None),
                );
            }
            ("account", _) => {
                drop(
                    self.decoder()
                        .wrong(name, name, node, "an account's 12 digits in quotes", None),
                );
            }
            _ => drop(
                self.decoder()
                    .wrong(name, name, node, "a region, such as us-west-2", None),
            ),
        }
    }

    fn account(&mut self, text: &str, place: Place) {
        if text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            self.head.account = Some(text.to_owned());
            return;
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let diagnostic = Diagnostic::error(
            "account",
            format!("`{}` is not an account: 12 digits", shown(text)),
        )
        .at(place.clone(), "");
        // An ARN and the console's spelling hold it.
        self.problems.push(if digits.len() == 12 {
            diagnostic
                .help(format!("did you mean `\"{digits}\"`?"))
                .patch(place, format!("\"{digits}\""))
        } else {
            diagnostic.help("`aws sts get-caller-identity` tells yours")
        });
    }

    fn region(&mut self, text: &str, place: Place) {
        if is_region(text) {
            self.head.region = Some(text.to_owned());
            return;
        }
        let region = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
        let diagnostic =
            Diagnostic::error("region", format!("`{}` is not a region", shown(text))).at(place.clone(), "");
        self.problems.push(if region != text && is_region(region) {
            diagnostic
                .help(format!("that is an availability zone: its region is `{region}`"))
                .patch(place, region)
        } else {
            diagnostic.help("write it as AWS does, such as `us-west-2`")
        });
    }

    fn topology(&mut self, entries: &[Entry<'_>], first: Span) {
        if !entries
            .iter()
            .any(|entry| matches!(entry, Entry::Head("topology", ..)))
        {
            let diagnostic = Diagnostic::error("missing", "the spec has no `topology`")
                .at(self.problems.place(first.start()), "needs `topology: NAME`")
                .help("the name goes into the tags by which Trueup knows its objects again: choose one and never change it");
            self.problems.push(diagnostic);
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
            tags: Record::new(),
            protect: false,
            notes: Notes::default(),
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
            extra: &EXTRA,
        };
        draft.record = decoder.fields(&fields, map);
        for (key, node) in map.iter().filter(|(key, _)| EXTRA.contains(&key.text.as_str())) {
            let shown = if matches!(node.value, Yaml::Null) {
                key.span
            } else {
                node.span
            };
            let place = decoder.problems.place(shown);
            decoder.notes.places.insert(key.text.clone(), place.clone());
            match (key.text.as_str(), &node.value) {
                (_, Yaml::Null) => {
                    let diagnostic = Diagnostic::error("no-value", format!("`{}` has no value", key.text));
                    decoder.broken(
                        &key.text,
                        diagnostic
                            .at(place, "nothing after the colon")
                            .help("give it a value, or remove the line"),
                    );
                }
                ("tags", _) => draft.tags = decoder.tags(node),
                _ => draft.protect = decoder.switch(&key.text, node),
            }
        }
        draft.notes = decoder.notes;
        self.drafts.push(draft);
    }
}

/// A region's name: `us-west-2`, `us-gov-east-1`.
fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let [words @ .., number] = parts.as_slice() else {
        return false;
    };
    let word = |word: &&str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
    words.len() >= 2
        && words.iter().all(word)
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// An attribute to show what attributes look like.
fn example(kind: Kind) -> &'static str {
    kind.schema()
        .attributes
        .first()
        .map_or("tags", |attribute| attribute.name)
}
