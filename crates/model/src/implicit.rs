//! What EC2 makes by itself with every VPC, and a spec may declare there: each is a resource of the kind that it
//! is, and is known by its VPC instead of by tags.

use std::collections::{BTreeMap, BTreeSet};

use crate::attr::VPC;
use crate::kinds::{network_acl, route_table, security_group};
use crate::schema::{Attribute, Type};
use crate::value::Value;
use crate::{Address, AddressError, ApiAction, Kind, Name, Object, Owner, Standing};

/// One of the things that EC2 makes with a VPC.
#[derive(Debug)]
pub struct Implicit {
    /// The key by which a VPC declares it.
    pub key: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What follows the VPC's name in its own: `security_group.main.default`.
    pub name: &'static str,
    /// What EC2 calls it.
    pub noun: &'static str,
    /// The action that finds it by its VPC.
    pub find: ApiAction,
}

/// What a key says beside what the thing holds: that nobody looks at it, and that nothing is in it.
pub const WORDS: [&str; 2] = [UNMANAGED, EMPTY];

/// Nobody looks at it: what there is where the key is left out.
pub const UNMANAGED: &str = "unmanaged";

/// Nothing is in it.
pub const EMPTY: &str = "empty";

/// The keys by which a VPC declares them.
pub const KEYS: [Attribute; 3] = [
    key(
        "default_security_group",
        "The rules of the default security group: `empty` for none at all.",
    ),
    key(
        "default_network_acl",
        "The entries of the default network ACL: `empty` for none, which denies everything.",
    ),
    key(
        "main_route_table",
        "The routes of the main route table: `empty` for none but the local ones.",
    ),
];

/// What EC2 makes with every VPC.
pub static ALL: [Implicit; 3] = [
    Implicit {
        key: KEYS[0].name,
        kind: Kind::SecurityGroup,
        name: "default",
        noun: "default security group",
        find: security_group::action::FIND,
    },
    Implicit {
        key: KEYS[1].name,
        kind: Kind::NetworkAcl,
        name: "default",
        noun: "default network ACL",
        find: network_acl::action::FIND,
    },
    Implicit {
        key: KEYS[2].name,
        kind: Kind::RouteTable,
        name: "main",
        noun: "main route table",
        find: route_table::action::FIND,
    },
];

const fn key(name: &'static str, doc: &'static str) -> Attribute {
    Attribute::named(name, Type::Choice(&WORDS), doc).default(|| Value::text(UNMANAGED))
}

impl Kind {
    /// What of this kind EC2 makes with every VPC.
    pub fn implicit(self) -> Option<&'static Implicit> {
        ALL.iter().find(|implicit| implicit.kind == self)
    }
}

impl Implicit {
    /// The address of the one that EC2 makes with the VPC of this name.
    pub fn of(&self, vpc: &Name) -> Result<Address, AddressError> {
        Address::new(self.kind, &format!("{vpc}.{}", self.name))
    }

    /// The attributes that a spec may say of it: what could change only by a replacement is EC2's.
    pub fn attributes(&self) -> impl Iterator<Item = &'static Attribute> + Clone + use<> {
        let attributes = self.kind.schema().attributes.iter();
        attributes.filter(|attribute| !attribute.is_fixed())
    }

    /// The names of the others.
    pub fn unsaid(&self) -> Vec<&'static str> {
        let attributes = self.kind.schema().attributes.iter();
        let fixed = attributes.filter(|attribute| attribute.is_fixed());
        fixed.map(|attribute| attribute.name).collect()
    }
}

/// VPCs of a topology, by id.
pub type Vpcs = BTreeMap<String, Address>;

/// The address that an object has which EC2 made with one of these VPCs.
pub fn address(object: &Object, vpcs: &Vpcs) -> Option<Address> {
    let vpc = vpcs
        .get(object.record.get(VPC)?.id()?)
        .filter(|_| object.implicit)?;
    object.kind.implicit()?.of(&vpc.name).ok()
}

/// Whose an object is that has such an address.
pub fn owner(topology: &str, address: &Address) -> Owner {
    Owner {
        topology: topology.to_owned(),
        address: address.to_string(),
        standing: Standing::Implicit,
        protect: false,
        read: BTreeSet::new(),
        written: BTreeSet::new(),
        run: None,
    }
}

/// Gives what EC2 made with VPCs of a topology the addresses that its spec declares. Of two VPCs with one address
/// only a plan finds out which one has it.
pub fn claim(topology: &str, declared: &BTreeSet<Address>, objects: &mut [Object]) {
    let mut vpcs = Vpcs::new();
    let (mut seen, mut twice) = (BTreeSet::new(), BTreeSet::new());
    for vpc in objects.iter().filter(|object| object.kind == Kind::Vpc) {
        let claims = vpc
            .claim(topology)
            .and_then(|address| address.parse::<Address>().ok());
        if let Some(address) = claims {
            vpcs.insert(vpc.id.clone(), address.clone());
            if !seen.insert(address.clone()) {
                twice.insert(address);
            }
        }
    }
    vpcs.retain(|_, address| !twice.contains(address));
    for object in objects.iter_mut().filter(|object| object.owner.is_none()) {
        let address = address(object, &vpcs).filter(|address| declared.contains(address));
        object.owner = address.map(|address| owner(topology, &address));
    }
}
