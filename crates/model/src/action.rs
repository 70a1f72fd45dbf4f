//! EC2's actions as constants: each stands once, beside the table of the kind that it belongs to, and whoever
//! plans, carries out or asks about it means that constant.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::call::Call;
use crate::value::Record;

/// An action of EC2's API that changes something, or a local act such as writing a key file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ApiAction {
    /// EC2's name of it, such as `CreateSubnet`; that of a local act is not one of EC2's.
    pub name: &'static str,
    /// What it does to the object's existence.
    pub role: Role,
    /// Whether EC2 takes a client token with it, and answers a repeat under the same token with what the
    /// first call made.
    pub has_token: bool,
}

/// What an action does to the object's existence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Happens before the object is there: a local act.
    Prepare,
    /// Makes the object.
    Create,
    /// Changes it.
    Modify,
    /// Ends it, and not only a part of it.
    Delete,
}

impl ApiAction {
    const fn new(name: &'static str, role: Role) -> Self {
        Self {
            name,
            role,
            has_token: false,
        }
    }

    /// A local act before the object is there.
    pub const fn prepare(name: &'static str) -> Self {
        Self::new(name, Role::Prepare)
    }

    /// The action that makes the object.
    pub const fn create(name: &'static str) -> Self {
        Self::new(name, Role::Create)
    }

    /// The action that finds the object which EC2 has made: for whoever refers to it, it is there from then on.
    pub const fn find(name: &'static str) -> Self {
        Self::new(name, Role::Create)
    }

    /// An action that changes the object.
    pub const fn modify(name: &'static str) -> Self {
        Self::new(name, Role::Modify)
    }

    /// The action that ends the object.
    pub const fn delete(name: &'static str) -> Self {
        Self::new(name, Role::Delete)
    }

    /// Takes a client token.
    #[must_use]
    pub const fn under_token(mut self) -> Self {
        self.has_token = true;
        self
    }

    /// A call of it that establishes and takes away nothing that a record has.
    pub fn call(self) -> Call {
        Call::new(self)
    }

    /// A call of it that establishes these.
    pub fn setting(self, sets: Record) -> Call {
        self.call().setting(sets)
    }

    /// A call of it that takes these away.
    pub fn unsetting(self, unsets: Record) -> Call {
        self.call().unsetting(unsets)
    }
}

impl fmt::Display for ApiAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name)
    }
}

impl Serialize for ApiAction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name)
    }
}

/// The actions of a kind, as the constants of a module `action` beside its table: what each does to the
/// object's existence, EC2's name, and whether it takes a client token.
macro_rules! actions {
    ($($constant:ident = $role:ident $name:literal $($under_token:ident)?;)*) => {
        /// The kind's actions.
        pub mod action {
            use $crate::action::ApiAction;

            $(
                #[doc = concat!("`", $name, "`.")]
                pub const $constant: ApiAction = ApiAction::$role($name)$(.$under_token())?;
            )*

            /// All of them.
            pub const ALL: &[ApiAction] = &[$($constant),*];
        }
    };
}

pub(crate) use actions;
