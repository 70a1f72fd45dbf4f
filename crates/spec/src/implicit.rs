//! What EC2 makes with a VPC, where the VPC declares it: read as a resource of the kind that it is, whose name
//! follows from the VPC's.

use trueup_model::attr::VPC;
use trueup_model::implicit::{ALL, Implicit, UNMANAGED, WORDS};
use trueup_model::kinds::instance::attr::SECURITY_GROUPS;
use trueup_model::schema::none;
use trueup_model::{
    Address, Attribute, Diagnostic, Kind, Name, Record, Ref, Resource, Topology, Type, Value,
};

use crate::decode::{Decoder, Fields};
use crate::document::Reader;
use crate::draft::Draft;
use crate::keys::EVERY_RESOURCE;
use crate::names::Names;
use crate::node::{Key, Node, Yaml};

/// What a key of a VPC declares, where it is one of these.
pub fn of(key: &str) -> Option<&'static Implicit> {
    ALL.iter().find(|implicit| implicit.key == key)
}

/// Notes the names that a VPC declares beside its own.
pub fn declare(vpc: &str, node: &Node, names: &mut Names) {
    let (Ok(vpc), Yaml::Map(map)) = (Name::new(vpc), &node.value) else {
        return;
    };
    let is_unmanaged = |node: &Node| matches!(&node.value, Yaml::Text(text) if text == UNMANAGED);
    for (key, _) in map.iter().filter(|(_, node)| !is_unmanaged(node)) {
        if let Some(address) = of(&key.text).and_then(|implicit| implicit.of(&vpc).ok()) {
            names.declare(address.kind, address.name.as_str());
        }
    }
}

/// What nobody declares of a VPC that has a name like this: how that is done.
pub fn undeclared(kind: Kind, name: &str, names: &Names) -> Option<String> {
    let implicit = kind.implicit()?;
    let vpc = name.strip_suffix(implicit.name)?.strip_suffix('.')?;
    names.has(Kind::Vpc, vpc).then(|| {
        format!(
            "the {} of vpc.{vpc} has this name where the VPC declares it: write `{}` there",
            implicit.noun, implicit.key
        )
    })
}

impl Reader<'_> {
    /// Reads what a VPC declares of what EC2 makes with it.
    pub fn implicit(&mut self, vpc: &Address, attribute: &Attribute, key: &Key, node: &Node) {
        let Some(implicit) = of(attribute.name) else {
            return;
        };
        let place = self.problems.place(key.span);
        let address = match implicit.of(&vpc.name) {
            Ok(address) => address,
            Err(error) => {
                let help = "give the VPC a shorter name: what EC2 makes with it is named after it";
                let diagnostic = Diagnostic::error("name", error.to_string()).at(place, "");
                self.problems.push(diagnostic.help(help));
                return;
            }
        };
        let mut decoder = self.decoder();
        let whose = address.to_string();
        let record = match &node.value {
            Yaml::Null => {
                decoder.no_value(key, attribute, "");
                Record::new()
            }
            Yaml::Map(map) => {
                let unsaid = implicit.unsaid();
                let fields = Fields {
                    what: implicit.key,
                    whose: &whose,
                    path: "",
                    own: key.span,
                    attributes: implicit.kind.schema().attributes,
                    also: &EVERY_RESOURCE[..1],
                    unsaid: &unsaid,
                };
                decoder.fields(&fields, map)
            }
            Yaml::Text(_) => match decoder.value(&Type::Choice(&WORDS), implicit.key, "", node) {
                Some(word) if word.as_text() == Some(UNMANAGED) => return,
                _ => decoder.empty(implicit, node),
            },
            _ => {
                let wanted = "`empty`, `unmanaged`, or what is in it";
                decoder.wrong(implicit.key, "", node, wanted, None);
                Record::new()
            }
        };
        let notes = decoder.notes;
        self.drafts.push(Draft {
            address,
            place,
            record,
            notes,
            implicit: Some(vpc.clone()),
        });
    }

    /// Tells what a VPC declares and has the name of a resource beside it; of the two the resource counts.
    pub fn twice(&mut self) {
        let (implicit, mut drafts): (Vec<Draft>, Vec<Draft>) = std::mem::take(&mut self.drafts)
            .into_iter()
            .partition(|draft| draft.implicit.is_some());
        for draft in implicit {
            let Some(other) = drafts.iter().find(|other| other.address == draft.address) else {
                drafts.push(draft);
                continue;
            };
            let what = draft.address.kind.implicit().map_or("", |implicit| implicit.noun);
            let vpc = draft
                .implicit
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default();
            let message = format!(
                "{} is the {what} of {vpc}, and a resource of this name as well",
                draft.address
            );
            let diagnostic = Diagnostic::error("name-twice", message)
                .at(draft.place, format!("the {what} of {vpc}"))
                .at(other.place.clone(), "a resource of the same name");
            self.problems
                .push(diagnostic.help("give the resource another name"));
        }
        self.drafts = drafts;
    }
}

impl Decoder<'_> {
    /// What one holds in which nothing is.
    fn empty(&mut self, implicit: &Implicit, node: &Node) -> Record {
        let place = self.problems.place(node.span);
        let sets = implicit
            .attributes()
            .filter(|attribute| matches!(attribute.ty, Type::Set(_)));
        let empty = |attribute: &Attribute| {
            self.notes.places.insert(attribute.name.to_owned(), place.clone());
            (attribute.name.to_owned(), none())
        };
        sets.map(empty).collect()
    }
}

/// Fills in what EC2 says of what it makes with this VPC.
pub fn fill(resource: &mut Resource, vpc: Address) {
    let mut given = Record::new();
    let (kind, own) = (resource.address.kind, Ref::Name(resource.address.clone()));
    kind.rules().implicit(&own, false, &mut given);
    given.set(VPC, Ref::Name(vpc));
    for name in kind.implicit().into_iter().flat_map(Implicit::unsaid) {
        resource.record.set_option(name, given.value(name).cloned());
    }
}

/// Of a host that is in the default group alone, no group need be said, and none is read.
pub fn leave_default(topology: &mut Topology) {
    let is_default = |groups: &[Value]| {
        let [Value::Ref(Ref::Name(only))] = groups else {
            return false;
        };
        topology
            .resources
            .get(only)
            .is_some_and(|resource| resource.implicit)
    };
    let alone = topology
        .of(Kind::Instance)
        .filter(|host| is_default(host.record.list(SECURITY_GROUPS)));
    let alone: Vec<Address> = alone.map(|host| host.address.clone()).collect();
    for address in alone {
        if let Some(host) = topology.resources.get_mut(&address) {
            host.record.set(SECURITY_GROUPS, Vec::new());
        }
    }
}
