//! The document: the head, the kinds under it, and the resources under those.

use std::collections::BTreeMap;

use trueup_model::{Address, Diagnostic, Kind, Name, Place, Record, Resource, Topology, Value, tags};

use crate::decode::{Decoder, name_error};
use crate::node::{Key, Node, Span, Yaml};
use crate::problems::Problems;
use crate::suggest::nearest;

const HEAD: [&str; 4] = ["topology", "account", "region", "tags"];

/// Reads the root of a document. `None` where nothing of it can be used.
pub fn read(text: &str, root: &Node, problems: &mut Problems) -> Option<Topology> {
    let help = "a spec starts with `topology: NAME`, and then has kinds such as `vpc:`";
    let map = match &root.value {
        Yaml::Map(map) if !map.is_empty() => map,
        Yaml::Map(_) | Yaml::Null => {
            problems.push(Diagnostic::error("empty", "the spec is empty").at(problems.place(start(root.span)), "").help(help));
            return None;
        }
        _ => {
            let message = format!("a spec is a mapping, and this is {}", root.what());
            problems.push(Diagnostic::error("type", message).at(problems.place(start(root.span)), "").help(help));
            return None;
        }
    };
    let mut document = Document { text, problems, topology: Topology::default(), head_tags: Record::new() };
    document.keys(map);
    document.topology_name(map, root.span);
    Some(document.finish())
}

/// The first character of a stretch, for what has no better place.
fn start(span: Span) -> Span {
    Span { line: span.line.max(1), column: span.column.max(1), start: span.start, end: span.start }
}

struct Document<'a> {
    text: &'a str,
    problems: &'a mut Problems,
    topology: Topology,
    head_tags: Record,
}

impl Document<'_> {
    fn keys(&mut self, map: &[(Key, Node)]) {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for (key, node) in map {
            if let Some(first) = seen.insert(&key.text, key.span) {
                self.decoder().doubled(key, first);
                continue;
            }
            let place = self.problems.place(if node.is_container() { key.span } else { node.span });
            self.topology.places.insert(key.text.clone(), place);
            match (key.text.as_str(), key.text.parse::<Kind>()) {
                ("topology" | "account" | "region", _) => self.head(key, node),
                ("tags", _) => self.head_tags = self.tags(node, "tags", &mut BTreeMap::new()),
                (_, Ok(kind)) => self.kind(kind, key, node),
                (name, Err(())) if name.starts_with("x-") => {}
                (_, Err(())) => self.unknown(key),
            }
        }
    }

    fn decoder(&mut self) -> Decoder<'_> {
        Decoder { text: self.text, problems: self.problems, places: BTreeMap::new() }
    }

    fn unknown(&mut self, key: &Key) {
        let place = self.problems.place(key.span);
        let kinds = Kind::ALL.iter().map(|kind| kind.as_str());
        let diagnostic = Diagnostic::error("unknown-kind", format!("`{}` is not a kind", key.text)).at(place.clone(), "unknown");
        let diagnostic = match nearest(&key.text, kinds.clone().chain(HEAD)) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).patch(place, near),
            None => diagnostic.help(format!("the kinds are {}", kinds.collect::<Vec<_>>().join(", "))),
        };
        self.problems.push(diagnostic);
    }

    fn head(&mut self, key: &Key, node: &Node) {
        let place = self.problems.place(node.span);
        let text = match &node.value {
            Yaml::Text(text) => text.clone(),
            Yaml::Number if key.text == "topology" => node.span.of(self.text).to_owned(),
            Yaml::Number => {
                let quoted = format!("\"{}\"", node.span.of(self.text));
                let message = format!("`{}` is a number here, and numbers lose their leading zeros", key.text);
                self.problems.push(
                    Diagnostic::error("type", message).at(place.clone(), "").help(format!("quote it: `{quoted}`")).patch(place, quoted),
                );
                return;
            }
            _ => {
                let message = format!("`{}` is text, and this is {}", key.text, node.what());
                self.problems.push(
                    Diagnostic::error("type", message).at(self.problems.place(if node.is_container() { key.span } else { node.span }), ""),
                );
                return;
            }
        };
        let digits = text.len() == 12 && text.chars().all(|c| c.is_ascii_digit());
        let region = text.contains('-') && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        match key.text.as_str() {
            "topology" => match Name::new(&text) {
                Ok(_) => self.topology.name = text,
                Err(error) => self.problems.push(name_error(&error, place)),
            },
            "account" if digits => self.topology.account = Some(text),
            "account" => {
                let message = format!("`{text}` is not an account: 12 digits");
                self.problems.push(Diagnostic::error("account", message).at(place, "").help("`aws sts get-caller-identity` tells yours"));
            }
            _ if region => self.topology.region = Some(text),
            _ => {
                let message = format!("`{text}` is not a region");
                self.problems.push(Diagnostic::error("region", message).at(place, "").help("write it as AWS does, such as `us-west-2`"));
            }
        }
    }

    fn topology_name(&mut self, map: &[(Key, Node)], span: Span) {
        if !map.iter().any(|(key, _)| key.text == "topology") {
            let place = self.problems.place(start(map.first().map_or(span, |(key, _)| key.span)));
            let diagnostic = Diagnostic::error("missing", "the spec has no `topology`")
                .at(place, "needs `topology: NAME`")
                .help("the name goes into the tags by which Trueup knows its objects again: choose one and never change it");
            self.problems.push(diagnostic);
        }
    }

    fn kind(&mut self, kind: Kind, key: &Key, node: &Node) {
        let map = match &node.value {
            Yaml::Map(map) => map,
            Yaml::Null => return,
            _ => {
                let message = format!("under `{kind}` there are names, and this is {}", node.what());
                let diagnostic = Diagnostic::error("type", message)
                    .at(self.problems.place(key.span), "")
                    .help(format!("write `{kind}:`, and under it a name and its attributes"));
                self.problems.push(diagnostic);
                return;
            }
        };
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for (key, node) in map {
            if let Some(first) = seen.insert(&key.text, key.span) {
                self.decoder().doubled(key, first);
                continue;
            }
            match Address::new(kind, &key.text) {
                Ok(address) => self.resource(address, key, node),
                Err(error) => {
                    let place = self.problems.place(key.span);
                    self.problems.push(name_error(&error, place));
                }
            }
        }
    }

    fn resource(&mut self, address: Address, key: &Key, node: &Node) {
        let empty = Vec::new();
        let map = match &node.value {
            Yaml::Map(map) => map,
            Yaml::Null => &empty,
            _ => {
                let message = format!("{address} has attributes, and this is {}", node.what());
                self.problems.push(Diagnostic::error("type", message).at(self.problems.place(key.span), "wanted: a mapping"));
                return;
            }
        };
        let mut decoder = self.decoder();
        let attributes = address.kind.schema().attributes;
        let mut record = decoder.fields(&address.to_string(), "", key.span, map, attributes, &["tags", "protect"]);
        let mut places = std::mem::take(&mut decoder.places);
        let mut protect = false;
        for (key, node) in map {
            match (key.text.as_str(), &node.value) {
                ("protect", Yaml::Bool(value)) => {
                    protect = *value;
                    places.insert("protect".to_owned(), self.problems.place(node.span));
                }
                ("protect", _) => {
                    let place = self.problems.place(node.span);
                    self.problems
                        .push(Diagnostic::error("type", format!("this is {}, and wanted is true or false", node.what())).at(place, ""));
                }
                ("tags", _) => {
                    places.insert("tags".to_owned(), self.problems.place(key.span));
                    let tags = self.tags(node, "tags", &mut places);
                    record.set("tags", tags);
                }
                _ => {}
            }
        }
        let place = self.problems.place(key.span);
        self.topology.resources.insert(address.clone(), Resource { address, record, protect, place, places });
    }

    /// Tag keys and values; null asks for the key to be absent.
    fn tags(&mut self, node: &Node, path: &str, places: &mut BTreeMap<String, Place>) -> Record {
        let mut tags = Record::new();
        let map = match &node.value {
            Yaml::Map(map) => map,
            Yaml::Null => return tags,
            _ => {
                let place = self.problems.place(node.span);
                self.problems.push(
                    Diagnostic::error("type", format!("tags are a mapping, and this is {}", node.what()))
                        .at(place, "")
                        .help("write `tags: {team: network}`"),
                );
                return tags;
            }
        };
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        for (key, node) in map {
            if let Some(first) = seen.insert(&key.text, key.span) {
                self.decoder().doubled(key, first);
                continue;
            }
            places.insert(format!("{path}.{}", key.text), self.problems.place(key.span));
            let value = match &node.value {
                Yaml::Null => Value::Null,
                Yaml::Text(text) => Value::text(text.as_str()),
                Yaml::Number | Yaml::Bool(_) => Value::text(node.span.of(self.text)),
                _ => {
                    let place = self.problems.place(key.span);
                    self.problems
                        .push(Diagnostic::error("type", format!("a tag's value is text, and this is {}", node.what())).at(place, ""));
                    continue;
                }
            };
            if let Some(message) = bad_tag(&key.text, &value) {
                let place = self.problems.place(key.span);
                self.problems
                    .push(Diagnostic::error("tag", message).at(place, "").help("keys have 1 to 128 characters, values at most 256"));
                continue;
            }
            tags.set(&key.text, value);
        }
        tags
    }

    fn finish(self) -> Topology {
        let mut topology = self.topology;
        for (address, resource) in &mut topology.resources {
            let mut all = Record::new().with(tags::NAME, format!("{}-{}", topology.name, address.name));
            let own = resource.record.get("tags").and_then(Value::as_map).cloned().unwrap_or_default();
            for (key, value) in self.head_tags.iter().chain(own.iter()) {
                all.set(key, value.clone());
            }
            // Three are ours, or four while it is being replaced.
            let count = all.iter().filter(|(_, value)| **value != Value::Null).count();
            if count > TAGS_MAX {
                let message = format!("{address} has {count} tags; EC2 takes 50, of which Trueup needs 4");
                self.problems.push(Diagnostic::error("tag", message).at(resource.place("tags"), "").help("remove some"));
            }
            resource.record.set("tags", all);
        }
        topology
    }
}

const TAGS_MAX: usize = 46;

fn bad_tag(key: &str, value: &Value) -> Option<String> {
    if key.starts_with("aws:") || key.starts_with(tags::PREFIX) {
        return Some(format!("tag keys that start with `{}` are not yours to set", key.split_inclusive(':').next().unwrap_or(key)));
    }
    if key.is_empty() || key.chars().count() > 128 {
        return Some(format!("the tag key `{key}` is empty or too long"));
    }
    let length = value.as_text().map_or(0, |text| text.chars().count());
    (length > 256).then(|| format!("the value of tag `{key}` has {length} characters"))
}
