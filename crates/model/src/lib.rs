//! The vocabulary of Trueup, pure: what a network is, and what can be said about changing one.
//!
//! Nothing here reads a file, a clock or a cloud. [`kinds`] says what each kind of resource is; the other
//! modules are the nouns that every stage of the journey shares: a [`Topology`] is wanted, an [`Observed`] is
//! there, a [`Plan`] makes the second into the first through a [`Cloud`], and [`Event`]s and [`Diagnostic`]s
//! tell the user about it.

pub mod action;
pub mod address;
pub mod attr;
pub mod call;
pub mod canonical;
pub mod cloud;
mod code;
pub mod diagnostic;
pub mod event;
pub mod expect;
pub mod fact;
mod fields;
mod files;
pub mod hash;
pub mod implicit;
pub mod interface;
pub mod ipv6;
pub mod json;
pub mod kind;
pub mod kinds;
pub mod members;
pub mod net;
pub mod observed;
pub mod outside;
pub mod plan;
pub mod policy;
pub mod reachability;
pub mod reason;
pub mod refusal;
pub mod room;
pub mod rules;
pub mod schema;
pub mod service;
pub mod site;
pub mod stake;
pub mod tags;
pub mod topology;
pub mod traffic;
pub mod unmanaged;
pub mod value;
pub mod wait;

pub use action::{ApiAction, Role};
pub use address::{Address, AddressError, Name, Ref};
pub use attr::Attr;
pub use call::{Call, Claim, Needs, Taken};
pub use cloud::{Act, Acted, Cloud, CloudError, ErrorClass, Resolved, Scope, Settled, Target, Wait};
pub use diagnostic::{Code, Diagnostic, Label, Patch, Place, Severity};
pub use event::{Event, Outcome, StepRef};
pub use expect::{Demand, Expectation};
pub use implicit::Implicit;
pub use interface::{Interfaces, NetworkInterface};
pub use kind::{Kind, KindDef};
pub use members::MemberKey;
pub use observed::{Object, Observed, Owner, Standing};
pub use outside::{Outside, Sought, Zone};
pub use plan::{
    Action, AttributeChange, Blackhole, Change, Disruption, ExistingElsewhere, Likeness, Order, Plan, Remark,
    Renamed, Step, StepAction, Summary, Turns, Unread, Untagged,
};
pub use reachability::{
    Barrier, Finding, Interrupted, Level, OpenedGroup, PublicSubnet, ReachChange, Reachability,
    SourceAddress, SourceChange, Status, Stuck,
};
pub use reason::{Cause, Consent, Constraint, Guard, Note, StepReason};
pub use refusal::{Mention, Refusal, Refused, TakenBy, Unchangeable};
pub use rules::{After, Context, Files, Home, Live, Rules, Update, View};
pub use schema::{Attribute, ChangedBy, Effect, Follow, Schema, Type};
pub use site::Site;
pub use stake::{Loss, Stake};
pub use topology::{Resource, Topology};
pub use value::{Record, Value};
pub use wait::Waiter;
