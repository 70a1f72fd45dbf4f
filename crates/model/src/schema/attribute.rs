//! An attribute of a kind: how it is written, what leaving it out means, what changing it costs, who feels it. What
//! a line of the table does not say has the safe default: it is felt by packets, and holds what it refers to.

use super::Type;
use crate::ApiAction;
use crate::attr::{Attr, Form};
use crate::code::codes;
use crate::plan::Disruption;
use crate::value::Value;

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
    /// Whether what it refers to must be in the VPC of the resource.
    pub own_vpc: bool,
    /// How many members of it every account may have, where each counts as one.
    pub granted: Option<usize>,
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
            own_vpc: false,
            granted: None,
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

    /// What it refers to is in the VPC of the resource.
    #[must_use]
    pub const fn in_own_vpc(mut self) -> Self {
        self.own_vpc = true;
        self
    }

    /// Every account may have so many members of it.
    #[must_use]
    pub const fn granted(mut self, members: usize) -> Self {
        self.granted = Some(members);
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

    /// Whether changing it always replaces the resource.
    pub const fn is_fixed(&self) -> bool {
        matches!(self.effect, Cost::Fixed(Effect::Replace))
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

/// The default of a set: no members.
pub fn none() -> Value {
    Value::List(Vec::new())
}
