//! References: a name that the topology declares, or the id of something outside it.

use trueup_model::{Address, Diagnostic, Kind, Ref, Value};

use super::{Decoder, a};
use crate::draft::Use;
use crate::implicit;
use crate::node::{Node, shown};

impl Decoder<'_> {
    pub(super) fn reference(&mut self, kind: Kind, text: &str, path: &str, node: &Node) -> Option<Value> {
        if kind.is_id(text) {
            return Some(Value::Ref(Ref::Id(text.to_owned())));
        }
        if self.names.has(kind, text) {
            return self.follow(kind, text, path);
        }
        if let Some(other) = Kind::ALL.into_iter().find(|other| other.is_id(text)) {
            let prefix = kind.id_prefix();
            let diagnostic = Diagnostic::error(
                "wrong-kind",
                format!(
                    "`{text}` is the id of {}, and {} is wanted here",
                    a(other),
                    a(kind)
                ),
            )
            .at(self.problems.place(node.span), "an id of another kind")
            .help(format!(
                "give the name of {}, or an id that starts with `{prefix}`",
                a(kind)
            ));
            self.broken(path, diagnostic);
            return None;
        }
        if self.names.unreadable.contains(&kind) {
            self.notes.broken.insert(path.to_owned());
            return None;
        }
        let (diagnostic, meant) = self.unknown(kind, text, node);
        self.broken(path, diagnostic);
        self.follow(kind, &meant?, path)
    }

    /// A name that the topology declares.
    fn follow(&mut self, kind: Kind, name: &str, path: &str) -> Option<Value> {
        // The name itself may be a bad one, which is reported where it is declared.
        let Ok(to) = Address::new(kind, name) else {
            self.notes.broken.insert(path.to_owned());
            return None;
        };
        self.notes.uses.push(Use {
            path: path.to_owned(),
            to: to.clone(),
            later: self.later,
        });
        Some(Value::Ref(Ref::Name(to)))
    }

    /// What to say about a name that nothing has, and the name that was meant where that is clear.
    fn unknown(&self, kind: Kind, text: &str, node: &Node) -> (Diagnostic, Option<String>) {
        let place = self.problems.place(node.span);
        let bare = text
            .strip_prefix(kind.as_str())
            .and_then(|rest| rest.strip_prefix('.'));
        if let Some(name) = bare.filter(|name| self.names.has(kind, name)) {
            let message = format!(
                "a reference is a bare name: the attribute says that it is {}",
                a(kind)
            );
            let diagnostic = Diagnostic::error("reference", message).at(place.clone(), "");
            return (
                diagnostic.help(format!("write `{name}`")).patch(place, name),
                Some(name.to_owned()),
            );
        }
        let diagnostic = Diagnostic::error(
            "unknown-reference",
            format!("there is no {kind} called `{}`", shown(text)),
        );
        let diagnostic = diagnostic.at(place.clone(), "unknown");
        if let Some(near) = self.names.nearest(kind, text) {
            return (
                diagnostic
                    .help(format!("did you mean `{near}`?"))
                    .patch(place, near),
                Some(near.to_owned()),
            );
        }
        let prefix = kind.id_prefix();
        // Whatever was meant, where there is one candidate it is as good a guess as any for the checks that
        // follow.
        let mut names = self.names.of(kind);
        let only = match (names.next(), names.next()) {
            (Some(only), None) => Some(only.to_owned()),
            _ => None,
        };
        if let Some(other) = self.names.elsewhere(text) {
            let help = match self.names.list(kind) {
                names if names.is_empty() => {
                    format!("`{text}` is {}; the topology declares no {kind}", a(other))
                }
                names => format!(
                    "`{text}` is {}; for {} the topology has {names}",
                    a(other),
                    a(kind)
                ),
            };
            return (diagnostic.help(help), only);
        }
        if let Some(help) = implicit::undeclared(kind, text, self.names) {
            return (diagnostic.help(help), None);
        }
        let looks_like_id = text.starts_with(prefix) && text.len() > prefix.len() + 5;
        let help = match (looks_like_id, self.names.of(kind).next()) {
            (true, _) => format!("if this is meant as an id: `{prefix}` is followed by 8 or 17 hex digits"),
            (false, Some(_)) => format!("the topology has {}", self.names.list(kind)),
            (false, None) => {
                format!("the topology has no {kind}: declare one, or give the id of one (`{prefix}…`)")
            }
        };
        (diagnostic.help(help), only)
    }
}
