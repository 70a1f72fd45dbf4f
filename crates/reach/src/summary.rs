//! A network at a glance: which services get from each group of equal hosts to each other one, to the
//! internet and to AWS's services.

use std::fmt;

use serde::Serialize;

use crate::classes::{Class, Matrix};
use crate::engine::Engine;
use crate::question::reach;
use crate::selector::Selector;
use crate::service::ServiceSet;
use crate::verdict::Verdict;

/// The services of AWS that a summary asks about.
const SERVICES: [&str; 2] = ["s3", "dynamodb"];

/// What gets from one group of hosts to another; a pair where nothing does has no row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Who asks: the first host of its group, and how many are equal to it.
    pub from: String,
    /// Who is asked for.
    pub to: String,
    /// The answer in a word.
    pub verdict: Verdict,
    /// What works.
    pub allowed: ServiceSet,
    /// What works for some ports of the client, or some addresses, only.
    pub partial: ServiceSet,
    /// What cannot be told.
    pub unknown: ServiceSet,
}

impl Row {
    /// What works, in words.
    pub fn what(&self) -> String {
        reported(
            [&self.allowed, &self.partial, &self.unknown],
            ServiceSet::in_words,
        )
    }
}

/// What works, what works in part and what perhaps does.
pub(crate) fn reported(sets: [&ServiceSet; 3], words: impl Fn(&ServiceSet) -> String) -> String {
    let sets = ["", "partly ", "perhaps "]
        .into_iter()
        .zip(sets)
        .filter(|(_, set)| !set.is_empty());
    sets.map(|(word, set)| format!("{word}{}", words(set)))
        .collect::<Vec<_>>()
        .join("  ")
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {}  {}", self.from, self.to, self.what())
    }
}

/// What works in a network and is answered: groups of hosts among each other, then with the internet and
/// AWS's services.
pub fn summary(engine: &Engine<'_>) -> Vec<Row> {
    let matrix = Matrix::new(engine);
    let name = |class: &Class| {
        let first = &engine.network.interfaces[class.example()].named.name;
        if class.hosts.len() == 1 {
            first.clone()
        } else {
            format!("{first} (and {} like it)", class.hosts.len() - 1)
        }
    };
    let names: Vec<String> = matrix.classes.iter().map(name).collect();
    let mut rows = Vec::new();
    let mut row = |from: &str, to: &str, [allowed, partial, unknown]: [ServiceSet; 3]| {
        let answered = |set: ServiceSet| set.intersect(&ServiceSet::conversations());
        let (allowed, partial, unknown) = (answered(allowed), answered(partial), answered(unknown));
        let verdict = match (allowed.is_empty(), partial.is_empty(), unknown.is_empty()) {
            (false, ..) => Verdict::Allowed,
            (_, false, _) => Verdict::Partial,
            (_, _, false) => Verdict::Unknown,
            _ => return,
        };
        rows.push(Row {
            from: from.to_owned(),
            to: to.to_owned(),
            verdict,
            allowed,
            partial,
            unknown,
        });
    };
    matrix.each(|from, to, cell| {
        let is_pair = from != to
            || matrix
                .classes
                .get(from)
                .is_some_and(|class| class.hosts.len() > 1);
        if let (Some(from), Some(to), true, false) =
            (names.get(from), names.get(to), is_pair, cell.is_blocked())
        {
            row(from, to, [cell.allowed(), cell.partial(), cell.unknown()]);
        }
    });
    for (class, name) in matrix.classes.iter().zip(&names) {
        let host = Selector::Named(engine.network.interfaces[class.example()].named.name.clone());
        let mut ask = |from: &Selector, to: &Selector, words: (&str, &str)| {
            // Where one of the two is empty, such as an internet that nobody can reach, there is nothing to
            // say.
            if let Ok(answer) = reach(engine, from, to) {
                row(words.0, words.1, [answer.allowed, answer.partial, answer.unknown]);
            }
        };
        ask(&Selector::Internet, &host, ("internet", name));
        ask(&host, &Selector::Internet, (name, "internet"));
        for service in SERVICES {
            ask(&host, &Selector::Service(service.to_owned()), (name, service));
        }
    }
    rows
}
