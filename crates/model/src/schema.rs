//! The table of a kind: what attributes it has, how each is written, and what changing it costs.
//!
//! One table per kind is the source of the spec's reading, the JSON Schema, the documentation page and the
//! diff. The typed struct beside it says the same in Rust's types; a test holds the two together.

use std::collections::BTreeSet;

use crate::attr::{Attr, Form};
use crate::code::codes;
pub use crate::members::{Differences, Members};
use crate::net::Format;
use crate::plan::Disruption;
use crate::value::{Record, Value};
use crate::{ApiAction, Kind, Ref};

/// All that is declared about a kind's attributes.
#[derive(Debug)]
pub struct Schema {
    /// Whose table this is.
    pub kind: Kind,
    /// The kind's part of an ARN, such as `subnet`.
    pub arn_type: &'static str,
    /// EC2's own name of the resource type, for `TagSpecifications`.
    pub tag_type: &'static str,
    /// What it is, in a paragraph.
    pub doc: &'static str,
    /// A piece of a spec that shows it, for the documentation page: YAML from the kind's key on.
    pub example: &'static str,
    /// What else a user should know: order, what EC2 does by itself, what is lost. A sentence or two each.
    pub notes: &'static [&'static str],
    /// The attributes in the order in which a person writes them.
    pub attributes: &'static [Attribute],
    /// Whether expectations mean these objects by their tags.
    pub selected_by_tags: bool,
}

impl Schema {
    /// The attribute called `name`.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        self.attributes.iter().find(|attribute| attribute.name == name)
    }

    /// The values of all attributes that are left out of a spec and have one default value.
    pub fn defaults(&self) -> Record {
        self.attributes
            .iter()
            .filter_map(|a| Some((a.name.to_owned(), a.default_value()?)))
            .collect()
    }

    /// The attributes of a record that are read only on request, because that costs a call for each object,
    /// and that are set to something else than EC2's default.
    pub fn read_on_request(&self, record: &Record) -> BTreeSet<&'static str> {
        let unlisted = self
            .attributes
            .iter()
            .filter(|attribute| attribute.when_seen && !attribute.is_auto());
        let set = unlisted.filter(|attribute| {
            record
                .value(attribute.name)
                .is_some_and(|value| Some(value) != attribute.default_value().as_ref())
        });
        set.map(|attribute| attribute.name).collect()
    }

    /// Whether EC2 keeps what an attribute of this name refers to from being deleted.
    pub fn holds(&self, name: &str) -> bool {
        self.attribute(name).is_none_or(|attribute| attribute.holds)
    }

    /// Whether the object comes under what an attribute of this name refers to.
    pub fn joins(&self, name: &str) -> bool {
        self.attribute(name).is_some_and(|attribute| attribute.joins)
    }

    /// Whether an attribute of this name has a say in which packets pass, or in whom an expectation means.
    pub fn is_felt(&self, name: &str) -> bool {
        match self.attribute(name) {
            Some(attribute) => attribute.is_felt,
            None => name != "tags" || self.selected_by_tags,
        }
    }

    /// Writes a list into a record; where the attribute is a set, the members in their order.
    pub fn set_list(&self, record: &mut Record, set: Attr<[Value]>, mut list: Vec<Value>) {
        if let Some(Type::Set(members)) = self.attribute(set.name).map(|attribute| &attribute.ty) {
            members.sort(&mut list);
        }
        record.set(set, list);
    }

    /// The names of the attributes in which `wanted` differs from `live`.
    pub fn differing(&self, wanted: &Record, live: &Record) -> BTreeSet<&'static str> {
        let differs = |a: &&Attribute| a.differs(wanted.value(a.name), live.value(a.name));
        self.attributes.iter().filter(differs).map(|a| a.name).collect()
    }
}

/// One attribute of a kind, or one field of an attribute that is an object.
#[derive(Debug)]
pub struct Attribute {
    /// EC2's parameter name in snake case, without `_id` on references.
    pub name: &'static str,
    /// How it is written.
    pub ty: Type,
    /// What it is, in a sentence: documentation page and editor hover.
    pub doc: &'static str,
    /// Whether a spec must give it.
    pub required: bool,
    /// What leaving it out means.
    pub omitted: Omitted,
    /// What there is then, in words: `the VPC's main one`; empty where that is none, or the default.
    pub absent: &'static str,
    /// What changing it costs.
    pub effect: Cost,
    /// Why changing it costs that, in EC2's terms; empty where it changes in place.
    pub reason: &'static str,
    /// Whether it is compared only while EC2 shows it, or while it is read at all.
    pub when_seen: bool,
    /// Whether it is an instruction to Trueup, which EC2 never shows.
    pub input: bool,
    /// Whether it is set by a call after the create, so that mutual references are no cycle.
    pub later: bool,
    /// Whether it is shown as a digest: long, and possibly a secret.
    pub digest: bool,
    /// Words of EC2 that cannot be chosen here, each with why.
    pub refused: &'static [(&'static str, &'static str)],
    /// Whether EC2 may answer with more than a spec may say: texts from before the rule, words for what a
    /// spec cannot make.
    pub wider_live: bool,
    /// Which values of a spec leave to EC2 what exactly they are: that is known after apply.
    pub is_open: fn(&Value) -> bool,
    /// The actions that change it in place.
    pub changed_by: ChangedBy,
    /// Whether it has a say in which packets pass, or in whom an expectation means.
    pub is_felt: bool,
    /// Whether EC2 keeps what it refers to from being deleted.
    pub holds: bool,
    /// Whether the object comes under what it refers to: a subnet under its route table, a host under its
    /// groups.
    pub joins: bool,
    /// What users of the network feel while it changes in place, from what to what.
    pub disrupts: fn(Option<&Value>, Option<&Value>) -> Disruption,
}

/// What is open breaks where there was something before.
pub fn resets(before: Option<&Value>, _after: Option<&Value>) -> Disruption {
    if before.is_some() {
        Disruption::Reset
    } else {
        Disruption::None
    }
}

/// The actions that change an attribute in place.
#[derive(Clone, Copy, Debug)]
pub enum ChangedBy {
    /// None, or those that [`Rules::update`](crate::Rules::update) of the kind says.
    Rules,
    /// One that sets the new value.
    Set(ApiAction),
    /// One that gives it where there was none, one that swaps it in one call where EC2 has that, and one that
    /// takes it.
    Attach(ApiAction, Option<ApiAction>, ApiAction),
}

/// What leaving an attribute out of a spec means.
#[derive(Clone, Copy, Debug)]
pub enum Omitted {
    /// None is wanted.
    Absent,
    /// EC2's default is wanted: this value.
    Default(fn() -> Value),
    /// EC2 or the operator chooses: not compared.
    Auto,
}

/// What changing an attribute does to the resource. Later ones are worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// Nothing else happens.
    InPlace,
    /// The resource is stopped and started.
    Stop,
    /// The resource is replaced by a new one.
    Replace,
}

codes!(Effect {
    InPlace => "in_place",
    Stop => "stop",
    Replace => "replace",
});

/// An attribute's effect: fixed, or a function of the old and the new value.
#[derive(Clone, Copy, Debug)]
pub enum Cost {
    /// Always this effect.
    Fixed(Effect),
    /// It depends on the values before and after.
    By(fn(Option<&Value>, Option<&Value>) -> Effect),
}

/// How an attribute is written.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    /// `true` or `false`.
    Bool,
    /// A whole number within these bounds, both included.
    Int(i64, i64),
    /// Text of this form.
    Text(&'static Format),
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A resource of this kind: its name, or an EC2 id.
    Ref(Kind, Follow),
    /// Named fields.
    Object(&'static [Attribute]),
    /// An unordered collection whose members are told apart by a key.
    Set(&'static Members),
    /// A value of this type, or a list of them that stands for as many members.
    OneOrMany(&'static Type),
    /// Tag keys and values; `null` asks for the key to be absent.
    Tags,
    /// An IAM policy document.
    Policy,
}

/// What a reference follows when the resource it names is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// The id: a successor is another resource.
    Id,
    /// The name: a successor of the same name is as good.
    Name,
}

impl Attribute {
    /// An optional attribute that changes in place; leaving it out means that none is wanted.
    pub const fn new<T: Form + ?Sized>(attr: Attr<T>, ty: Type, doc: &'static str) -> Self {
        assert!(
            T::SHAPE.is_of(&ty),
            "an attribute is read as what its table says it is"
        );
        Self::named(attr.name, ty, doc)
    }

    /// The same of what is no resource's attribute.
    pub const fn named(name: &'static str, ty: Type, doc: &'static str) -> Self {
        Self {
            name,
            ty,
            doc,
            required: false,
            omitted: Omitted::Absent,
            absent: "",
            effect: Cost::Fixed(Effect::InPlace),
            reason: "",
            when_seen: false,
            input: false,
            later: false,
            digest: false,
            refused: &[],
            wider_live: false,
            is_open: |_| false,
            changed_by: ChangedBy::Rules,
            is_felt: true,
            holds: true,
            joins: false,
            disrupts: |_, _| Disruption::None,
        }
    }

    /// A spec must give it.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Leaving it out asks for this value.
    #[must_use]
    pub const fn default(mut self, value: fn() -> Value) -> Self {
        self.omitted = Omitted::Default(value);
        self
    }

    /// Left out, there is this.
    #[must_use]
    pub const fn absent(mut self, words: &'static str) -> Self {
        self.absent = words;
        self
    }

    /// Leaving it out leaves the choice to EC2 or the operator.
    #[must_use]
    pub const fn auto(mut self) -> Self {
        self.omitted = Omitted::Auto;
        self
    }

    /// Changing it replaces the resource, for this reason.
    #[must_use]
    pub const fn replace(mut self, reason: &'static str) -> Self {
        self.effect = Cost::Fixed(Effect::Replace);
        self.reason = reason;
        self
    }

    /// Changing it stops and starts the resource, for this reason.
    #[must_use]
    pub const fn stop(mut self, reason: &'static str) -> Self {
        self.effect = Cost::Fixed(Effect::Stop);
        self.reason = reason;
        self
    }

    /// What changing it costs depends on the values; `reason` says why it may be more than in place.
    #[must_use]
    pub const fn by(
        mut self,
        effect: fn(Option<&Value>, Option<&Value>) -> Effect,
        reason: &'static str,
    ) -> Self {
        self.effect = Cost::By(effect);
        self.reason = reason;
        self
    }

    /// Compared only while EC2 shows it.
    #[must_use]
    pub const fn when_seen(mut self) -> Self {
        self.when_seen = true;
        self
    }

    /// Set by a call after the create.
    #[must_use]
    pub const fn later(mut self) -> Self {
        self.later = true;
        self
    }

    /// Shown as a digest.
    #[must_use]
    pub const fn digest(mut self) -> Self {
        self.digest = true;
        self
    }

    /// These words of EC2 cannot be chosen, each for its reason.
    #[must_use]
    pub const fn refuses(mut self, words: &'static [(&'static str, &'static str)]) -> Self {
        self.refused = words;
        self
    }

    /// EC2 may answer with more than a spec may say.
    #[must_use]
    pub const fn wider_live(mut self) -> Self {
        self.wider_live = true;
        self
    }

    /// What these values exactly are is known after apply.
    #[must_use]
    pub const fn open(mut self, is_open: fn(&Value) -> bool) -> Self {
        self.is_open = is_open;
        self
    }

    /// This action sets it.
    #[must_use]
    pub const fn set_by(mut self, action: ApiAction) -> Self {
        self.changed_by = ChangedBy::Set(action);
        self
    }

    /// These actions give it, swap it where EC2 does that in one call, and take it.
    #[must_use]
    pub const fn attached_by(mut self, give: ApiAction, swap: Option<ApiAction>, take: ApiAction) -> Self {
        self.changed_by = ChangedBy::Attach(give, swap, take);
        self
    }

    /// No packet and no expectation feels it.
    #[must_use]
    pub const fn unfelt(mut self) -> Self {
        self.is_felt = false;
        self
    }

    /// What it refers to may go while the object is there.
    #[must_use]
    pub const fn loose(mut self) -> Self {
        self.holds = false;
        self
    }

    /// The object comes under what it refers to.
    #[must_use]
    pub const fn joining(mut self) -> Self {
        self.joins = true;
        self
    }

    /// Users of the network feel this while it changes in place.
    #[must_use]
    pub const fn disrupts(mut self, disrupts: fn(Option<&Value>, Option<&Value>) -> Disruption) -> Self {
        self.disrupts = disrupts;
        self
    }

    /// An instruction to Trueup that EC2 never shows.
    #[must_use]
    pub const fn input(mut self) -> Self {
        self.input = true;
        self.omitted = Omitted::Auto;
        self
    }

    /// What it is, and what leaving it out means where that is more than that there is none.
    pub fn documentation(&self) -> String {
        match self.absent {
            "" => self.doc.to_owned(),
            absent => format!("{}; left out, {absent}.", self.doc.trim_end_matches('.')),
        }
    }

    /// The value that leaving this out asks for, where it is one value.
    pub fn default_value(&self) -> Option<Value> {
        match self.omitted {
            Omitted::Default(value) => Some(value()),
            Omitted::Absent | Omitted::Auto => None,
        }
    }

    /// Whether leaving this out leaves the choice to EC2 or the operator.
    pub fn is_auto(&self) -> bool {
        matches!(self.omitted, Omitted::Auto)
    }

    /// Why a live value is nothing that this attribute can be: then it is not known what EC2 means. None
    /// where it is.
    pub fn misfit(&self, live: &Value) -> Option<String> {
        if self.wider_live {
            None
        } else {
            self.ty.misfit(live)
        }
    }

    /// What it costs to go from `before` to `after`.
    pub fn effect(&self, before: Option<&Value>, after: Option<&Value>) -> Effect {
        match self.effect {
            Cost::Fixed(effect) => effect,
            Cost::By(effect) => effect(before, after),
        }
    }

    /// Whether what is wanted differs from what is there.
    pub fn differs(&self, wanted: Option<&Value>, live: Option<&Value>) -> bool {
        if self.input || (self.when_seen && live.is_none()) {
            return false;
        }
        match (wanted, live) {
            (None, None) => false,
            (None, Some(_)) => !self.is_auto(),
            (Some(wanted), live) => self.ty.differs(wanted, live),
        }
    }
}

impl Type {
    /// Whether `wanted` differs from `live` under this type's idea of sameness.
    pub fn differs(&self, wanted: &Value, live: Option<&Value>) -> bool {
        match (self, wanted, live) {
            (Self::Tags, Value::Map(wanted), live) => {
                let live = live.and_then(Value::as_map);
                wanted.iter().any(|(key, value)| match value {
                    Value::Null => live.is_some_and(|live| live.value(key).is_some()),
                    value => live.and_then(|live| live.value(key)) != Some(value),
                })
            }
            (Self::Object(fields), Value::Map(wanted), live) => {
                let empty = Record::new();
                let live = live.and_then(Value::as_map).unwrap_or(&empty);
                fields
                    .iter()
                    .any(|field| field.differs(wanted.value(field.name), live.value(field.name)))
            }
            (Self::Set(members), Value::List(wanted), live) => {
                let live = live.map_or(&[][..], Value::as_list);
                members.by_key(wanted) != members.by_key(live)
            }
            (Self::Policy, wanted, Some(live)) => {
                let canonical = |value: &Value| {
                    serde_json::to_value(value)
                        .map(|json| crate::policy::canonical(&json))
                        .ok()
                };
                wanted != live && canonical(wanted) != canonical(live)
            }
            (_, wanted, live) => live != Some(wanted),
        }
    }
}

impl Type {
    /// Why a live value is not one of this type; none where it is.
    fn misfit(&self, live: &Value) -> Option<String> {
        match (self, live) {
            (Self::Int(least, most), Value::Int(number)) if (least..=most).contains(&number) => None,
            (Self::Int(least, most), other) => {
                Some(format!("`{other}` is not a number from {least} to {most}"))
            }
            (Self::Text(format), Value::Text(text)) => {
                (format.read)(text).err().map(|complaint| complaint.message)
            }
            (Self::Choice(words), other) => {
                let known = other.as_text().is_some_and(|word| words.contains(&word));
                (!known).then(|| format!("`{other}` is not {}", words.join(" or ")))
            }
            (Self::Ref(kind, Follow::Id), Value::Ref(Ref::Id(id))) if !kind.is_id(id) => {
                Some(format!("`{id}` is not an id of kind {kind}"))
            }
            (Self::Object(fields), Value::Map(map)) => fields.iter().find_map(|field| {
                Some(format!(
                    "{} of it: {}",
                    field.name,
                    field.misfit(map.value(field.name)?)?
                ))
            }),
            (Self::Set(members), Value::List(list)) => {
                list.iter().find_map(|member| members.ty.misfit(member))
            }
            (Self::OneOrMany(one), Value::List(list)) => list.iter().find_map(|member| one.misfit(member)),
            (Self::OneOrMany(one), one_value) => one.misfit(one_value),
            _ => None,
        }
    }
}

/// The default of a set: no members.
pub fn none() -> Value {
    Value::List(Vec::new())
}
