//! Proposals: what to change so that something works, together with what that opens and nobody asked for.
//!
//! Nothing is proposed without a word about that: what a proposal opens begins as not looked at, and only
//! [`explain()`](crate::explain()), which applies the change to the network and compares, says that it
//! is known. A change that cannot be applied says why it cannot.

use std::fmt;

use serde::{Serializer, ser::SerializeMap};

use crate::edit::Edit;

/// What to change, and what that opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    fix: String,
    form: Form,
    opens: Opens,
}

/// A change as the network has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Form {
    /// This is done to the network.
    Edit(Edit),
    /// It cannot be done to the network, for this reason.
    Unformed(Unformed),
}

/// Why a change cannot be applied to the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unformed {
    /// It names an address, or the entries of a list, that nobody knows as yet.
    Addresses,
    /// It takes a subnet that the network does not have, or of which it is not known that nothing else is in the way.
    Subnet,
}

/// What a change opens that nobody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opens {
    /// It was not looked at: that takes a look at all pairs of hosts.
    Unlooked,
    /// It was not worked out, for this reason.
    Unknown(Unformed),
    /// This, in words; nothing where there is none.
    Known {
        /// The worst first.
        reported: Vec<String>,
        /// Whether some of it is from the internet.
        exposes: bool,
    },
}

impl Unformed {
    /// The reason in a clause.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Addresses => "the addresses that it names are not known yet",
            Self::Subnet => "no subnet here is such a one",
        }
    }
}

impl From<Option<Edit>> for Form {
    /// A change that was not found because addresses are missing.
    fn from(edit: Option<Edit>) -> Self {
        edit.map_or(Self::Unformed(Unformed::Addresses), Self::Edit)
    }
}

impl Proposal {
    /// A change of which nobody has looked yet what it opens.
    pub(crate) fn new(fix: impl Into<String>, form: impl Into<Form>) -> Self {
        let (fix, form) = (fix.into(), form.into());
        let opens = match form {
            Form::Edit(_) => Opens::Unlooked,
            Form::Unformed(why) => Opens::Unknown(why),
        };
        Self { fix, form, opens }
    }

    /// What to change, in words. Who tells it tells [`Self::opens`] as well.
    pub fn fix(&self) -> &str {
        &self.fix
    }

    /// The change of the network, where it can be made.
    pub fn edit(&self) -> Option<&Edit> {
        match &self.form {
            Form::Edit(edit) => Some(edit),
            Form::Unformed(_) => None,
        }
    }

    /// What it opens that nobody asked for.
    pub fn opens(&self) -> &Opens {
        &self.opens
    }

    pub(crate) fn looked_at(&mut self, reported: Vec<String>, exposes: bool) {
        if let Form::Edit(_) = self.form {
            self.opens = Opens::Known { reported, exposes };
        }
    }

    /// The later the worse: what opens nothing to the internet, what may, and what does.
    pub(crate) fn rank(&self) -> u8 {
        match &self.opens {
            Opens::Known { exposes: true, .. } => 2,
            Opens::Unknown(_) => 1,
            Opens::Known { .. } | Opens::Unlooked => 0,
        }
    }
}

impl Opens {
    /// Each line that is reported of it. That nobody looked is reported once, with all that is proposed.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Unlooked => Vec::new(),
            Self::Unknown(why) => vec![format!("not worked out, because {}", why.as_str())],
            Self::Known { reported, .. } => reported.clone(),
        }
    }
}

impl From<Edit> for Form {
    fn from(edit: Edit) -> Self {
        Self::Edit(edit)
    }
}

impl fmt::Display for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fix)?;
        match self.opens.lines() {
            lines if lines.is_empty() => Ok(()),
            lines => write!(f, " (that opens as well: {})", lines.join("; ")),
        }
    }
}

/// The fields of a blocker: `fix`, which is empty where nothing is proposed, `opens` where it opens
/// something, and `opens_unknown` where that was not worked out.
pub(crate) fn fields<S: Serializer>(proposal: &Option<Proposal>, to: S) -> Result<S::Ok, S::Error> {
    let mut map = to.serialize_map(None)?;
    map.serialize_entry("fix", proposal.as_ref().map_or("", Proposal::fix))?;
    match proposal.as_ref().map(Proposal::opens) {
        Some(Opens::Known { reported, .. }) if !reported.is_empty() => {
            map.serialize_entry("opens", reported)?;
        }
        Some(Opens::Unknown(why)) => map.serialize_entry("opens_unknown", why.as_str())?,
        _ => {}
    }
    map.end()
}
