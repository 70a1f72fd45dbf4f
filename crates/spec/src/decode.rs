//! Decode: one value of the tree held against one type of a table.

use std::collections::BTreeMap;

use trueup_model::{AddressError, Attribute, Diagnostic, Place, Record, Ref, Type, Value};

use crate::node::{Key, Node, Span, Yaml};
use crate::problems::Problems;
use crate::suggest::nearest;

/// Decodes the values of one resource, noting where each stands.
pub struct Decoder<'a> {
    pub text: &'a str,
    pub problems: &'a mut Problems,
    pub places: BTreeMap<String, Place>,
}

impl Decoder<'_> {
    /// The attributes of a mapping by its table. Keys of `extra` are somebody else's.
    pub fn fields(&mut self, what: &str, path: &str, own: Span, map: &[(Key, Node)], attributes: &[Attribute], extra: &[&str]) -> Record {
        let mut record = Record::new();
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        let mut slips: Vec<&str> = Vec::new();
        for (key, node) in map {
            if let Some(first) = seen.insert(&key.text, key.span) {
                self.doubled(key, first);
                continue;
            }
            if extra.contains(&key.text.as_str()) {
                continue;
            }
            let Some(attribute) = attributes.iter().find(|attribute| attribute.name == key.text) else {
                let known = attributes.iter().map(|attribute| attribute.name).chain(extra.iter().copied());
                slips.extend(self.unknown_key(key, what, known));
                continue;
            };
            let inner = if path.is_empty() { key.text.clone() } else { format!("{path}.{}", key.text) };
            self.note(&inner, if node.is_container() { key.span } else { node.span });
            if matches!(node.value, Yaml::Null) {
                self.missing_value(key, attribute);
                continue;
            }
            if let Some(value) = self.value(&attribute.ty, &inner, node) {
                record.set(attribute.name, value);
            }
        }
        let missing = |attribute: &&Attribute| !seen.contains_key(attribute.name) && !slips.contains(&attribute.name);
        for attribute in attributes.iter().filter(|attribute| attribute.required).filter(missing) {
            // What may be filled in later is asked for there.
            if !(path.is_empty() && may_be_sole(attribute)) {
                self.missing(what, own, attribute);
            }
        }
        record
    }

    fn value(&mut self, ty: &Type, path: &str, node: &Node) -> Option<Value> {
        match (ty, &node.value) {
            (Type::Bool, Yaml::Bool(value)) => Some(Value::Bool(*value)),
            (Type::Bool, Yaml::Text(text)) if matches!(text.as_str(), "yes" | "no" | "on" | "off" | "True" | "False") => {
                let instead = if matches!(text.as_str(), "yes" | "on" | "True") { "true" } else { "false" };
                self.wrong(node, "true or false", Some(instead))
            }
            (Type::Bool, _) => self.wrong(node, "true or false", None),
            (Type::Int(from, to), Yaml::Number) => self.int(*from, *to, node),
            (Type::Int(from, to), _) => self.wrong(node, &format!("a whole number from {from} to {to}"), None),
            (Type::Text(format), Yaml::Text(text)) => self.text(format, text, node),
            (Type::Text(format), Yaml::Number) if format.number => self.text(format, node.span.of(self.text), node),
            (Type::Text(format), Yaml::Number | Yaml::Bool(_)) => {
                let spelled = node.span.of(self.text);
                let quoted = (format.read)(spelled).is_ok().then(|| format!("\"{spelled}\""));
                self.wrong(node, format.what, quoted.as_deref())
            }
            (Type::Text(format), _) => self.wrong(node, format.what, None),
            (Type::Choice(words), Yaml::Text(text)) => self.choice(words, text, node),
            (Type::Choice(words), _) => self.wrong(node, &format!("one of {}", words.join(", ")), None),
            (Type::Ref(kind, _), Yaml::Text(text)) => self.reference(*kind, text, node),
            (Type::Ref(kind, _), Yaml::Number) => self.reference(*kind, node.span.of(self.text), node),
            (Type::Ref(kind, _), _) => self.wrong(node, &format!("the name of a resource of kind {kind}, or the EC2 id of one"), None),
            (Type::Object(fields), Yaml::Map(map)) => {
                Some(Value::Map(self.fields(path.rsplit('.').next().unwrap_or(path), path, node.span, map, fields, &[])))
            }
            (Type::Object(_), _) => self.wrong(node, "a mapping", None),
            (Type::Set(members), Yaml::List(list)) => Some(Value::List(self.list(&members.ty, path, list))),
            (Type::Set(_), _) => self.wrong(node, "a list", None),
            (Type::OneOrMany(inner), Yaml::List(list)) => Some(Value::List(self.list(inner, path, list))),
            (Type::OneOrMany(inner), _) => self.value(inner, path, node),
            (Type::Policy, Yaml::Map(_)) => Some(plain(node, self.text)),
            (Type::Policy, _) => self.wrong(node, "an IAM policy as a mapping", None),
            (Type::Tags, _) => None,
        }
    }

    fn list(&mut self, ty: &Type, path: &str, list: &[Node]) -> Vec<Value> {
        let mut values = Vec::new();
        for (index, node) in list.iter().enumerate() {
            let inner = format!("{path}[{index}]");
            self.note(&inner, node.span);
            values.extend(self.value(ty, &inner, node));
        }
        values
    }

    fn int(&mut self, from: i64, to: i64, node: &Node) -> Option<Value> {
        match node.span.of(self.text).parse::<i64>() {
            Ok(value) if (from..=to).contains(&value) => Some(Value::Int(value)),
            _ => self.wrong(node, &format!("a whole number from {from} to {to}"), None),
        }
    }

    fn text(&mut self, format: &trueup_model::net::Format, text: &str, node: &Node) -> Option<Value> {
        match (format.read)(text) {
            Ok(text) => Some(Value::Text(text)),
            Err(complaint) => {
                let place = self.problems.place(node.span);
                let mut diagnostic = Diagnostic::error("format", complaint.message).at(place.clone(), format!("wanted: {}", format.what));
                // What is proposed must itself be right here.
                if let Some(instead) = complaint.instead.filter(|instead| (format.read)(instead).is_ok()) {
                    diagnostic = diagnostic.help(format!("did you mean `{instead}`?")).patch(place, instead);
                }
                self.problems.push(diagnostic);
                None
            }
        }
    }

    fn choice(&mut self, words: &[&str], text: &str, node: &Node) -> Option<Value> {
        if words.contains(&text) {
            return Some(Value::text(text));
        }
        let place = self.problems.place(node.span);
        let mut diagnostic = Diagnostic::error("choice", format!("`{text}` is not one of {}", words.join(", "))).at(place.clone(), "");
        diagnostic = match nearest(text, words.iter().copied()) {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).patch(place, near),
            None => diagnostic.help(format!("write one of {}", words.join(", "))),
        };
        self.problems.push(diagnostic);
        None
    }

    fn reference(&mut self, kind: trueup_model::Kind, text: &str, node: &Node) -> Option<Value> {
        let place = self.problems.place(node.span);
        let other = trueup_model::Kind::ALL.into_iter().find(|other| *other != kind && other.is_id(text));
        let stripped = text.strip_prefix(kind.as_str()).and_then(|rest| rest.strip_prefix('.'));
        let diagnostic = match (Ref::parse(kind, text), other, stripped) {
            (_, Some(other), _) => {
                Diagnostic::error("wrong-kind", format!("`{text}` is an id of kind {other}, and kind {kind} is wanted here"))
                    .at(place, "")
                    .help(format!("give the name of one, or an id that starts with `{}`", kind.schema().id_prefix))
            }
            (_, _, Some(name)) => {
                Diagnostic::error("reference", format!("a reference is a bare name: the attribute says that its kind is {kind}"))
                    .at(place.clone(), "")
                    .help(format!("write `{name}`"))
                    .patch(place, name)
            }
            (Ok(reference), ..) => return Some(Value::Ref(reference)),
            (Err(error), ..) => name_error(&error, place),
        };
        self.problems.push(diagnostic);
        None
    }

    fn wrong(&mut self, node: &Node, wanted: &str, instead: Option<&str>) -> Option<Value> {
        let place = self.problems.place(node.span);
        let mut diagnostic = Diagnostic::error("type", format!("this is {}, and wanted is {wanted}", node.what())).at(place.clone(), "");
        if let Some(instead) = instead {
            diagnostic = diagnostic.help(format!("write `{instead}`")).patch(place, instead);
        }
        self.problems.push(diagnostic);
        None
    }

    fn missing(&mut self, what: &str, own: Span, attribute: &Attribute) {
        let place = self.problems.place(own);
        let message = format!("{what} has no `{}`", attribute.name);
        self.problems.push(Diagnostic::error("missing", message).at(place, format!("needs `{}`", attribute.name)).help(attribute.doc));
    }

    fn missing_value(&mut self, key: &Key, attribute: &Attribute) {
        let place = self.problems.place(key.span);
        let diagnostic = Diagnostic::error("no-value", format!("`{}` has no value", key.text)).at(place, "nothing after the colon");
        let help = if attribute.required { attribute.doc } else { "give it a value, or remove the line" };
        self.problems.push(diagnostic.help(help));
    }

    /// Notes a key that stands twice in one mapping.
    pub fn doubled(&mut self, key: &Key, first: Span) {
        let diagnostic = Diagnostic::error("duplicate-key", format!("the key `{}` stands twice in this mapping", key.text))
            .at(self.problems.place(key.span), "the second time")
            .at(self.problems.place(first), "the first time")
            .help("keep one of them");
        self.problems.push(diagnostic);
    }

    /// Notes a key that nobody knows; the key that was probably meant.
    pub fn unknown_key<'k>(&mut self, key: &Key, what: &str, known: impl Iterator<Item = &'k str> + Clone) -> Option<&'k str> {
        let place = self.problems.place(key.span);
        let diagnostic = Diagnostic::error("unknown-key", format!("{what} has no attribute `{}`", key.text)).at(place.clone(), "unknown");
        let near = nearest(&key.text, known.clone());
        let diagnostic = match near {
            Some(near) => diagnostic.help(format!("did you mean `{near}`?")).patch(place, near),
            None => diagnostic.help(format!("it has {}", known.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))),
        };
        self.problems.push(diagnostic);
        near
    }

    /// Remembers where the attribute at `path` stands.
    pub fn note(&mut self, path: &str, span: Span) {
        self.places.insert(path.to_owned(), self.problems.place(span));
    }
}

/// Whether an attribute may be left out where the topology has exactly one resource that it could point at.
pub fn may_be_sole(attribute: &Attribute) -> bool {
    attribute.required && matches!(attribute.ty, Type::Ref(trueup_model::Kind::Vpc, _))
}

/// Why a text is no name.
pub fn name_error(error: &AddressError, place: Place) -> Diagnostic {
    Diagnostic::error("name", error.to_string())
        .at(place, "")
        .help("names look like `private-a`: lower-case letters, digits, `.`, `_` and `-`")
}

/// A value as written, for documents that only EC2 understands.
fn plain(node: &Node, text: &str) -> Value {
    match &node.value {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(*value),
        Yaml::Number => {
            let spelled = node.span.of(text);
            spelled.parse().map_or_else(|_| Value::text(spelled), Value::Int)
        }
        Yaml::Text(text) => Value::text(text.as_str()),
        Yaml::List(list) => Value::List(list.iter().map(|node| plain(node, text)).collect()),
        Yaml::Map(map) => Value::Map(map.iter().map(|(key, node)| (key.text.clone(), plain(node, text))).collect()),
    }
}
