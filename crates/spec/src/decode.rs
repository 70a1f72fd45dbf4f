//! Decode: one value of the tree held against one type of a table.
//!
//! A mistake does not end the reading: where it is clear what was meant, reading goes on with that, so that
//! one run tells every mistake and none that only follows from another.

use trueup_model::attr::VPC;
use trueup_model::net::Format;
use trueup_model::schema::{Members, Omitted};
use trueup_model::{AddressError, Attribute, Diagnostic, Kind, Place, Record, Ref, Type, Value};

mod reference;

use crate::draft::Notes;
use crate::keys;
use crate::names::Names;
use crate::node::{Key, Node, Span, Yaml, shown};
use crate::problems::Problems;
use crate::synonyms::{self, Meant};

/// Decodes the values of one resource.
pub struct Decoder<'a> {
    pub problems: &'a mut Problems,
    pub names: &'a Names,
    pub notes: Notes,
    /// Whether the attribute that is being read is set after the create.
    pub later: bool,
}

/// The mapping that is read.
pub struct Fields<'f> {
    /// What it belongs to, for messages about its keys: a kind or an attribute.
    pub what: &'f str,
    /// Whose it is, for messages about what it lacks: an address, or an attribute.
    pub whose: &'f str,
    /// Its path; empty for a resource.
    pub path: &'f str,
    /// Where to point at what it lacks.
    pub own: Span,
    /// Its table.
    pub attributes: &'f [Attribute],
    /// What it has beside its table.
    pub also: &'f [Attribute],
    /// What of its table is EC2's here, and not said.
    pub unsaid: &'f [&'f str],
}

impl<'f> Fields<'f> {
    fn all(&self) -> impl Iterator<Item = &'f Attribute> + use<'f> {
        let said = self
            .attributes
            .iter()
            .filter(|attribute| !self.unsaid.contains(&attribute.name));
        said.chain(self.also)
    }
}

/// A key of a mapping and its value, with the attribute that the key means.
pub type Given<'f> = (&'f Attribute, &'f Key, &'f Node);

impl<'a> Decoder<'a> {
    /// The attributes of a mapping by its table.
    pub fn fields(&mut self, fields: &Fields<'_>, map: &[(Key, Node)]) -> Record {
        let given = self.meant(fields, map);
        self.given(fields, &given)
    }

    /// What the keys of a mapping mean.
    pub fn meant<'f>(&mut self, fields: &Fields<'f>, map: &'f [(Key, Node)]) -> Vec<Given<'f>> {
        let known = |key: &Key| fields.all().find(|attribute| attribute.name == key.text);
        let given = map.iter().filter_map(|(key, node)| {
            let attribute = known(key).or_else(|| self.unknown_key(fields, key, map))?;
            Some((attribute, key, node))
        });
        given.collect()
    }

    /// The same of a mapping whose keys are known.
    pub fn given(&mut self, fields: &Fields<'_>, given: &[Given<'_>]) -> Record {
        let mut record = Record::new();
        for (attribute, key, node) in given.iter().copied() {
            let path = join(fields.path, attribute.name);
            if fields.path.is_empty() {
                self.later = attribute.later;
            }
            self.notes.places.insert(
                path.clone(),
                self.problems.place(if key_shows_better(key, node) {
                    key.span
                } else {
                    node.span
                }),
            );
            if matches!(node.value, Yaml::Null) {
                self.no_value(key, attribute, &path);
            } else if let Some((word, why)) = refused(attribute, node) {
                let message = format!("`{}` cannot be `{word}`: {why}", attribute.name);
                let place = self.problems.place(node.span);
                self.broken(
                    &path,
                    Diagnostic::error("choice", message)
                        .at(place, "")
                        .help(format!("leave `{}` out", attribute.name)),
                );
            } else if let Some(value) = self.value(&attribute.ty, attribute.name, &path, node) {
                record.set(attribute.name, value);
            }
        }
        self.missing(fields, given);
        record
    }

    pub fn value(&mut self, ty: &Type, name: &str, path: &str, node: &Node) -> Option<Value> {
        match (ty, &node.value) {
            (Type::Bool, Yaml::Bool(value, _)) => Some(Value::Bool(*value)),
            (Type::Bool, value) => {
                let meant = if let Yaml::Text(text) = value {
                    switch(text)
                } else {
                    None
                };
                self.wrong(
                    name,
                    path,
                    node,
                    "true or false",
                    meant.map(|meant| meant.to_string()).as_deref(),
                );
                meant.map(Value::Bool)
            }
            (Type::Int(from, to), _) => self.int(*from, *to, name, path, node),
            (Type::Id(format), _) => {
                let id = self.value(&Type::Text(format), name, path, node)?;
                id.as_text().map(|id| Value::Ref(Ref::Id(id.to_owned())))
            }
            (Type::Text(format), Yaml::Text(text)) => self.text(format, text, name, path, node),
            (Type::Text(format), Yaml::Number(spelled) | Yaml::Bool(_, spelled)) if format.number => {
                self.text(format, spelled, name, path, node)
            }
            (Type::Text(format), Yaml::Number(spelled) | Yaml::Bool(_, spelled)) => {
                let meant = (format.read)(spelled).ok();
                let quoted = meant.as_ref().map(|_| format!("\"{spelled}\""));
                self.wrong(name, path, node, format.what, quoted.as_deref());
                meant.map(Value::Text)
            }
            (Type::Text(format), _) => self.wrong(name, path, node, format.what, None),
            (Type::Choice(words), Yaml::Text(text)) if words.contains(&text.as_str()) => {
                Some(Value::text(text.as_str()))
            }
            (Type::Choice(words), _) => self.choice(words, name, path, node),
            (Type::Ref(kind, _), Yaml::Text(text) | Yaml::Number(text) | Yaml::Bool(_, text)) => {
                self.reference(*kind, text, path, node)
            }
            (Type::Ref(kind, _), _) => self.wrong(name, path, node, &wanted_reference(*kind), None),
            (Type::Object(attributes), Yaml::Map(map)) => {
                let whose = if path.ends_with(']') {
                    format!("this member of `{name}`")
                } else {
                    format!("`{name}`")
                };
                let fields = Fields {
                    what: name,
                    whose: &whose,
                    path,
                    own: node.span,
                    attributes,
                    also: &[],
                    unsaid: &[],
                };
                Some(Value::Map(self.fields(&fields, map)))
            }
            (Type::Object(_), _) => self.wrong(name, path, node, "a mapping", None),
            (Type::Set(members), Yaml::List(list)) => Some(self.set(members, name, path, list)),
            (Type::Set(members), _) => self.lone_member(members, name, path, node),
            (Type::OneOrMany(inner), Yaml::List(list)) => self.many(inner, name, path, node, list),
            (Type::OneOrMany(inner), _) => self.value(inner, name, path, node),
            (Type::Policy, Yaml::Map(_)) => Some(self.plain(path, node)),
            (Type::Policy, _) => self.wrong(name, path, node, "an IAM policy as a mapping", None),
            (Type::Tags, Yaml::Map(map)) => Some(Value::Map(self.tags(path, map))),
            (Type::Tags, _) => {
                let wanted = "keys and values, such as `{team: network}`";
                self.wrong(name, path, node, wanted, None)
            }
        }
    }

    fn int(&mut self, from: i64, to: i64, name: &str, path: &str, node: &Node) -> Option<Value> {
        let wanted = format!("a whole number from {from} to {to}");
        let number = |spelled: &str| spelled.parse::<i64>().ok().filter(|_| !spelled.starts_with('+'));
        match &node.value {
            Yaml::Number(spelled) => match number(spelled) {
                Some(value) if (from..=to).contains(&value) => Some(Value::Int(value)),
                _ => self.wrong(name, path, node, &wanted, None),
            },
            Yaml::Text(text) => {
                let meant = number(text).filter(|value| (from..=to).contains(value));
                self.wrong(
                    name,
                    path,
                    node,
                    &wanted,
                    meant.map(|meant| meant.to_string()).as_deref(),
                );
                meant.map(Value::Int)
            }
            _ => self.wrong(name, path, node, &wanted, None),
        }
    }

    fn text(&mut self, format: &Format, text: &str, name: &str, path: &str, node: &Node) -> Option<Value> {
        let complaint = match (format.read)(text) {
            Ok(text) => return Some(Value::Text(text)),
            Err(complaint) => complaint,
        };
        let place = self.problems.place(node.span);
        let message = if text.is_empty() {
            format!("`{name}` is empty")
        } else {
            complaint.message
        };
        let diagnostic = Diagnostic::error("format", message);
        // What is proposed must itself be right here.
        let meant = complaint
            .instead
            .and_then(|instead| Some(((format.read)(&instead).ok()?, format.spelled(instead))));
        self.broken(
            path,
            match &meant {
                Some((_, instead)) => diagnostic
                    .at(place.clone(), format!("wanted: {}", format.what))
                    .help(format!("did you mean `{instead}`?"))
                    .patch(place, instead.as_str()),
                None => diagnostic.at(place, "").help(format!("write {}", format.what)),
            },
        );
        meant.map(|(value, _)| Value::Text(value))
    }

    fn choice(&mut self, words: &[&str], name: &str, path: &str, node: &Node) -> Option<Value> {
        let list = if words.len() == 1 {
            words.join("")
        } else {
            format!("one of {}", words.join(", "))
        };
        let Yaml::Text(text) = &node.value else {
            return self.wrong(name, path, node, &list, None);
        };
        let place = self.problems.place(node.span);
        let diagnostic = Diagnostic::error("choice", format!("`{name}` cannot be `{}`", shown(text)))
            .at(place.clone(), "");
        let near = words
            .iter()
            .copied()
            .find(|word| word.eq_ignore_ascii_case(text))
            .or_else(|| self.names.suggest.nearest(text, words.iter().copied()));
        let diagnostic = match near {
            Some(near) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .patch(place, near),
            None => diagnostic.help(format!("write {list}")),
        };
        self.broken(path, diagnostic);
        near.map(Value::text)
    }

    fn set(&mut self, members: &Members, name: &str, path: &str, list: &[Node]) -> Value {
        let mut values: Vec<Value> = Vec::with_capacity(list.len());
        let mut seen = std::collections::BTreeMap::new();
        for (index, node) in list.iter().enumerate() {
            let inner = format!("{path}[{index}]");
            self.notes
                .places
                .insert(inner.clone(), self.problems.place(node.span));
            let value = match &members.ty {
                Type::Object(_) if !matches!(node.value, Yaml::Map(_)) => {
                    self.wrong(name, &inner, node, &such("a mapping", "", members), None)
                }
                ty => self.value(ty, name, &inner, node),
            };
            // Kinds tell doubled rules and routes themselves, after expanding them.
            if let Some(value) = value.as_ref().filter(|_| !matches!(members.ty, Type::Object(_)))
                && let Some(first) = seen.insert(members.key(value), node.span)
            {
                let diagnostic = Diagnostic::error(
                    "member-twice",
                    format!("`{name}` has {} twice", shown(&members.key(value).to_string())),
                )
                .at(self.problems.place(node.span), "the second time")
                .at(self.problems.place(first), "the first time")
                .help("keep one of them");
                self.broken(&inner, diagnostic);
            }
            values.push(value.unwrap_or(Value::Null));
        }
        Value::List(values)
    }

    /// One member where a list is wanted: a slip that is clear enough to go on with.
    fn lone_member(&mut self, members: &Members, name: &str, path: &str, node: &Node) -> Option<Value> {
        let plain = node
            .spelled()
            .filter(|_| !matches!(members.ty, Type::Object(_)))
            .map(|text| format!("[{text}]"));
        self.wrong(name, path, node, &such("a list", "- ", members), plain.as_deref());
        plain.map(|_| self.set(members, name, path, std::slice::from_ref(node)))
    }

    fn many(&mut self, inner: &Type, name: &str, path: &str, node: &Node, list: &[Node]) -> Option<Value> {
        if list.is_empty() {
            let (stands_for, whole) = if path.contains('[') {
                ("no rule at all", "rule")
            } else {
                ("nothing", "line")
            };
            let diagnostic = Diagnostic::error(
                "empty-list",
                format!("`{name}` is an empty list, which would stand for {stands_for}"),
            )
            .at(self.problems.place(node.span), "nothing in it")
            .help(format!("give `{name}` a value, or remove the {whole}"));
            self.broken(path, diagnostic);
            return None;
        }
        let mut values = Vec::with_capacity(list.len());
        for (index, node) in list.iter().enumerate() {
            let path = format!("{path}[{index}]");
            self.notes
                .places
                .insert(path.clone(), self.problems.place(node.span));
            values.extend(self.value(inner, name, &path, node));
        }
        Some(Value::List(values))
    }

    /// A value as written, for documents that only EC2 understands.
    fn plain(&mut self, path: &str, node: &Node) -> Value {
        match &node.value {
            Yaml::Null => {
                let diagnostic = Diagnostic::error("no-value", "a policy has no empty values")
                    .at(self.problems.place(node.span), "nothing here")
                    .help("give it a value, or remove the line");
                self.broken(path, diagnostic);
                Value::Null
            }
            Yaml::Bool(value, _) => Value::Bool(*value),
            Yaml::Number(spelled) if !spelled.starts_with('+') => match spelled.parse::<i64>() {
                Ok(value) if value.to_string() == *spelled => Value::Int(value),
                _ => Value::text(spelled.as_str()),
            },
            Yaml::Number(text) | Yaml::Text(text) => Value::text(text.as_str()),
            Yaml::List(list) => Value::List(list.iter().map(|node| self.plain(path, node)).collect()),
            Yaml::Map(map) => Value::Map(
                map.iter()
                    .map(|(key, node)| {
                        let shown = if matches!(node.value, Yaml::Null) {
                            &Node {
                                value: Yaml::Null,
                                span: key.span,
                            }
                        } else {
                            node
                        };
                        (key.text.clone(), self.plain(path, shown))
                    })
                    .collect(),
            ),
        }
    }

    /// Says what is wanted and what was found; `instead` is what to write.
    pub fn wrong(
        &mut self,
        name: &str,
        path: &str,
        node: &Node,
        wanted: &str,
        instead: Option<&str>,
    ) -> Option<Value> {
        let place = self.problems.place(node.span);
        let diagnostic = Diagnostic::error("type", format!("`{name}` cannot be {}", node.what()));
        let diagnostic = match instead {
            Some(instead) => diagnostic
                .at(place.clone(), format!("wanted: {wanted}"))
                .help(format!("write `{instead}`"))
                .patch(place, instead),
            None => diagnostic.at(place, "").help(format!("write {wanted}")),
        };
        self.broken(path, diagnostic);
        None
    }

    /// Notes a problem with the attribute at `path`.
    pub fn broken(&mut self, path: &str, diagnostic: Diagnostic) {
        self.notes.broken.insert(path.to_owned());
        self.problems.push(diagnostic);
    }

    fn missing(&mut self, fields: &Fields<'_>, given: &[Given<'_>]) {
        // What may be filled in later is asked for there.
        let filled = |attribute: &Attribute| fields.path.is_empty() && may_be_sole(attribute);
        let lacks = |attribute: &&Attribute| {
            attribute.required
                && given.iter().all(|(given, ..)| given.name != attribute.name)
                && !filled(attribute)
        };
        let missing: Vec<&Attribute> = fields
            .attributes
            .iter()
            .filter(|attribute| !fields.unsaid.contains(&attribute.name))
            .filter(lacks)
            .collect();
        if missing.is_empty() {
            return;
        }
        let names: Vec<String> = missing
            .iter()
            .map(|attribute| format!("`{}`", attribute.name))
            .collect();
        let docs: Vec<String> = missing
            .iter()
            .map(|attribute| format!("`{}`: {}", attribute.name, attribute.documentation()))
            .collect();
        let names = and(&names);
        for attribute in missing {
            self.notes.broken.insert(join(fields.path, attribute.name));
        }
        let diagnostic = Diagnostic::error("missing", format!("{} has no {names}", fields.whose))
            .at(self.problems.place(fields.own), format!("needs {names}"))
            .help(docs.join(" "));
        self.problems.push(diagnostic);
    }

    pub fn no_value(&mut self, key: &Key, attribute: &Attribute, path: &str) {
        let place = self.problems.place(key.span);
        let diagnostic = Diagnostic::error("no-value", format!("`{}` has no value", key.text))
            .at(place, "nothing after the colon");
        let help = match (attribute.required, &attribute.ty) {
            (true, _) => attribute.doc,
            (false, Type::Set(_)) if !matches!(attribute.omitted, Omitted::Absent) => {
                "write `[]` for none, or remove the line for what EC2 does by default"
            }
            (false, _) => "give it a value, or remove the line",
        };
        self.broken(path, diagnostic.help(help));
    }

    /// Notes a key that nobody knows; gives the attribute that was probably meant, where the mapping does not
    /// have it too.
    fn unknown_key<'f>(
        &mut self,
        fields: &Fields<'f>,
        key: &Key,
        map: &[(Key, Node)],
    ) -> Option<&'f Attribute> {
        let place = self.problems.place(key.span);
        if fields.unsaid.contains(&key.text.as_str()) {
            let message = format!(
                "`{}` of `{}` is EC2's, which cannot change it",
                key.text, fields.what
            );
            let diagnostic = Diagnostic::error("made-by-ec2", message).at(place, "");
            let help = format!("leave `{}` out", key.text);
            self.broken(&join(fields.path, &key.text), diagnostic.help(help));
            return None;
        }
        let known = || fields.all().map(|attribute| attribute.name);
        let diagnostic = Diagnostic::error(
            "unknown-key",
            format!("`{}` has no attribute `{}`", fields.what, shown(&key.text)),
        )
        .at(place.clone(), "unknown");
        let meant = synonyms::attribute(&key.text, |name| known().any(|known| known == name));
        let near = match meant {
            Some(Meant::Name(name)) => Some(name),
            Some(Meant::Otherwise(_)) => None,
            None => self.names.suggest.nearest(&key.text, known()),
        };
        let diagnostic = match (near, meant) {
            (Some(near), _) => diagnostic
                .help(format!("did you mean `{near}`?"))
                .patch(place, near),
            (None, Some(Meant::Otherwise(how))) => diagnostic.help(how),
            (None, _) => diagnostic.help(format!(
                "it has {}",
                known()
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(", ")
            )),
        };
        self.broken(&join(fields.path, &key.text), diagnostic);
        let near = near.filter(|near| map.iter().all(|(key, _)| key.text != *near))?;
        fields.all().find(|attribute| attribute.name == near)
    }
}

/// Whether an attribute may be left out where the topology has exactly one resource that it could point at.
pub fn may_be_sole(attribute: &Attribute) -> bool {
    attribute.required && attribute.name == VPC.name && matches!(attribute.ty, Type::Ref(Kind::Vpc, _))
}

/// Why a text is no name, with the name that it nearly is.
pub fn name_error(error: &AddressError, text: &str, place: Place) -> Diagnostic {
    let diagnostic = Diagnostic::error("name", error.to_string());
    match (error, keys::nearly(text)) {
        (AddressError::IdForm(_), _) => diagnostic
            .at(place, "an EC2 id")
            .help("choose another name: what has the form of an id is taken for one where it is referred to"),
        (_, Some(name)) => diagnostic
            .at(place.clone(), "")
            .help(format!("did you mean `{name}`?"))
            .patch(place, name.as_str()),
        _ => diagnostic.at(place, "").help("names look like `private-a`"),
    }
}

/// What is wanted where members are, with what one is like; `lead` is before one of these.
fn such(what: &str, lead: &str, members: &Members) -> String {
    match members.example {
        "" => what.to_owned(),
        example => format!("{what}, such as `{lead}{example}`"),
    }
}

/// What a reference is, for messages.
pub fn wanted_reference(kind: Kind) -> String {
    format!(
        "the name of {}, or the id of one (`{}…`)",
        a(kind),
        kind.id_prefix()
    )
}

/// The kind with its article.
pub fn a(kind: Kind) -> String {
    format!("{} {kind}", kind.article())
}

/// The words with commas and an `and`.
pub fn and(words: &[String]) -> String {
    match words {
        [init @ .., last] if !init.is_empty() => format!("{} and {last}", init.join(", ")),
        words => words.join(""),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// Other languages' spellings of a switch.
fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "enabled" => Some(true),
        "false" | "no" | "off" | "disabled" => Some(false),
        _ => None,
    }
}

/// The word of EC2 that is written here and cannot be chosen, with why.
fn refused(attribute: &Attribute, node: &Node) -> Option<(&'static str, &'static str)> {
    let Yaml::Text(text) = &node.value else {
        return None;
    };
    attribute.refused.iter().find(|(word, _)| word == text).copied()
}

/// Whether a problem with this value is better shown at its key: nothing stands there, or it starts on a
/// later line.
fn key_shows_better(key: &Key, node: &Node) -> bool {
    matches!(node.value, Yaml::Null)
        || (matches!(node.value, Yaml::List(_) | Yaml::Map(_)) && node.span.line > key.span.line)
}
