//! Expectations: the members of `expect`, each with its place.

use std::ops::Bound;

use trueup_model::expect::{PARTIES, WAYS, is_aws_service};
use trueup_model::{Address, Demand, Diagnostic, Expectation, Place, Record, Value};

use crate::decode::Decoder;

impl Decoder<'_> {
    /// All members of `expect` that could be read.
    pub fn expectations(&mut self, members: &[Value]) -> Vec<Expectation> {
        let members = members.iter().enumerate();
        members
            .filter_map(|(index, member)| self.expectation(&format!("expect[{index}]"), member.as_map()?))
            .collect()
    }

    fn expectation(&mut self, path: &str, record: &Record) -> Option<Expectation> {
        let place = self.notes.places.get(path)?.clone();
        let prefix = format!("{path}.");
        let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
        let own = self
            .notes
            .places
            .range::<str, _>(from)
            .map_while(|(at, place)| Some((at.strip_prefix(&prefix)?.to_owned(), place.clone())));
        let places = own.collect();
        let text = |name: &str| {
            record
                .value(name)
                .and_then(|value| value.as_text())
                .map(str::to_owned)
        };
        let demand = self.demand(path, record, place.clone());
        let expectation = Expectation {
            from: text("from")?,
            to: text(demand?.as_str())?,
            demand: demand?,
            over: text("over"),
            except: text("except"),
            via: text("via"),
            only: record
                .value("only")
                .and_then(|value| value.as_bool())
                .unwrap_or(false),
            action: text("action"),
            warn_on_unknown: text("on_unknown").as_deref() == Some("warn"),
            place,
            places,
        };
        self.fits(path, &expectation);
        self.named(path, &expectation);
        Some(expectation)
    }

    /// Which of the two it says. Where what it says could not be read, that is reported already.
    fn demand(&mut self, path: &str, record: &Record, place: Place) -> Option<Demand> {
        let said = |demand: Demand| {
            let at = format!("{path}.{}", demand.as_str());
            record.value(demand.as_str()).is_some() || self.notes.places.contains_key(&at)
        };
        let problem = match (said(Demand::Can), said(Demand::Cannot)) {
            (true, false) => return Some(Demand::Can),
            (false, true) => return Some(Demand::Cannot),
            (true, true) => Diagnostic::error(
                "expect-both",
                "this member of `expect` says both `can` and `cannot`",
            )
            .help("make two members of it, each `over` the services that it is about"),
            (false, false) => Diagnostic::error(
                "missing",
                "this member of `expect` says neither `can` nor `cannot`",
            )
            .help("say who is reached, as in `can: s3`, or who is not, as in `cannot: internet`"),
        };
        self.broken(path, problem.at(place, ""));
        None
    }

    /// Fields that say nothing beside the others.
    fn fits(&mut self, path: &str, expectation: &Expectation) {
        let can = expectation.demand == Demand::Can;
        let (only, action) = (expectation.only, expectation.action.as_ref());
        let remove = "remove it";
        let odd = [
            (
                "via",
                !can && expectation.via.is_some(),
                "`via` goes with `can`: what does not work takes no way",
                remove,
            ),
            (
                "only",
                !can && only,
                "`only` goes with `can`: `cannot` has `except`",
                remove,
            ),
            (
                "action",
                !can && action.is_some(),
                "`action` goes with `can`",
                remove,
            ),
            (
                "except",
                can && expectation.except.is_some(),
                "`except` goes with `cannot`: `can` has `over`",
                remove,
            ),
            (
                "action",
                can && action.is_some() && !is_aws_service(&expectation.to),
                "`action` goes with a service of AWS, as in `can: s3`: it is asked of the endpoint's policy",
                remove,
            ),
            (
                "action",
                action.is_some_and(|action| !action.contains(':')),
                "`action` names no service",
                "write it as IAM does, such as `s3:GetObject`",
            ),
            (
                "only",
                can && only && expectation.over.is_none(),
                "`only` needs `over`: without it everything is meant",
                "say which services, such as `over: tcp/443`",
            ),
        ];
        for (field, _, message, help) in odd.into_iter().filter(|(_, is, ..)| *is) {
            let place = expectation.place(field);
            self.broken(
                &format!("{path}.{field}"),
                Diagnostic::error("expect-field", message)
                    .at(place, "")
                    .help(help),
            );
        }
    }

    /// Names that the topology does not declare.
    fn named(&mut self, path: &str, expectation: &Expectation) {
        let parties = [
            ("from", &expectation.from, &PARTIES[..]),
            (expectation.demand.as_str(), &expectation.to, &PARTIES[..]),
        ];
        let via = expectation.via.as_ref().map(|via| ("via", via, &WAYS[..]));
        for (field, text, kinds) in parties.into_iter().chain(via) {
            let Ok(address) = text.parse::<Address>() else {
                continue;
            };
            let (kind, name) = (address.kind, address.name.as_str());
            if self.names.has(kind, name) || self.names.unreadable.contains(&kind) {
                continue;
            }
            let place = expectation.place(field);
            let diagnostic =
                Diagnostic::error("unknown-reference", format!("there is no {kind} called `{name}`"))
                    .at(place.clone(), "unknown");
            let elsewhere = kinds
                .iter()
                .find(|other| self.names.has(**other, name))
                .map(|other| format!("{other}.{name}"));
            let near = elsewhere.or_else(|| {
                self.names
                    .nearest(kind, name)
                    .map(|near| format!("{kind}.{near}"))
            });
            self.broken(
                &format!("{path}.{field}"),
                match near {
                    Some(near) => diagnostic
                        .help(format!("did you mean `{near}`?"))
                        .patch(place, near),
                    None if self.names.of(kind).next().is_none() => {
                        diagnostic.help(format!("the topology has no {kind}"))
                    }
                    None => diagnostic.help(format!("the topology has {}", self.names.list(kind))),
                },
            );
        }
    }
}
