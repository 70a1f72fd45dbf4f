//! One call in hand: its parameters, its region, and what every action does alike.

use std::net::Ipv4Addr;

use crate::due::{self, Due, What};
use crate::hostile::Hostile;
use crate::kinds::{Kind, partition};
use crate::options::Behaviour;
use crate::state::region::{Shown, Tags};
use crate::state::{Ids, Millis, Region};
use crate::wire::filter::{Filters, Seen};
use crate::wire::page::{Limits, Page};
use crate::wire::{Fault, Node, Xml};

/// The account that everything belongs to.
pub const ACCOUNT: &str = "123456789012";

/// What an action gives back: its XML is written, or EC2 refuses.
pub type Answer = Result<(), Fault>;

/// One request on its way.
pub struct Call<'a> {
    /// The action's name.
    pub action: &'static str,
    /// Its parameters.
    pub params: &'a Node,
    /// The region that it concerns.
    pub region: &'a mut Region,
    /// Where new ids come from.
    pub ids: &'a mut Ids,
    /// The time.
    pub now: Millis,
    /// How the sandbox behaves.
    pub behaviour: Behaviour,
    /// What goes wrong inside of it; nothing where nothing is to.
    pub mischief: Option<&'a mut Hostile>,
    /// The ids that the call has made.
    pub made: Vec<String>,
}

/// How a list call is asked.
pub struct Listing {
    /// The parameter with ids, `VpcId` for `VpcId.1`.
    pub ids: &'static str,
    /// The element around the answer's items.
    pub set: &'static str,
    /// Its pages; nothing where the action does not page.
    pub pages: Option<Limits>,
}

impl Call<'_> {
    /// A new id. In the realistic behaviours lookups may not find it for a moment.
    pub fn new_id(&mut self, prefix: &str) -> String {
        let id = self.ids.id(prefix);
        self.made.push(id.clone());
        if self.behaviour != Behaviour::Instant {
            // Five of six show at once, the rest within a second and a half.
            let delay = i64::try_from(self.ids.below(9000)).unwrap_or_default() - 7500;
            self.region.takes(&id, delay);
            self.region
                .fresh
                .insert(id.clone(), Shown::after(&id, self.now, delay));
        }
        id
    }

    /// Whether one of so many such things goes wrong now. Only in the hostile behaviour, while faults happen.
    pub fn goes_wrong(&mut self, one_in: u64) -> bool {
        self.mischief
            .as_mut()
            .is_some_and(|mischief| mischief.strikes(one_in))
    }

    /// The state of something that has just been made: `pending`, or a word that nobody documented.
    pub fn state_at_first(&mut self) -> String {
        if self.goes_wrong(8) {
            "preparing"
        } else {
            "pending"
        }
        .to_owned()
    }

    /// A public address.
    pub fn new_public_ip(&mut self) -> Ipv4Addr {
        self.ids.public_ip()
    }

    /// Lets something happen after a time between `from` and `to`, or at once in the instant behaviour.
    pub fn later(&mut self, from: Millis, to: Millis, what: What, id: &str) {
        let delay = if self.behaviour == Behaviour::Instant {
            0
        } else {
            let spread = u64::try_from(to - from).unwrap_or_default() + 1;
            from + i64::try_from(self.ids.below(spread)).unwrap_or_default()
        };
        if what.completes() {
            self.region.takes(id, delay);
        }
        self.at(self.now + delay, what, id);
    }

    /// Lets something happen at a time, in every behaviour.
    pub fn at(&mut self, at: Millis, what: What, id: &str) {
        self.ids.counter += 1;
        let key = due::key(at, self.ids.counter);
        self.region.dues.insert(
            key,
            Due {
                at,
                what,
                id: id.to_owned(),
            },
        );
    }

    /// The object of kind `T` with this id, as a request may refer to it.
    pub fn find<T: Kind>(&self, id: &str) -> Result<&T, Fault> {
        find(self.region, id)
    }

    /// The tags that the request gives to resources of type `resource`, checked.
    ///
    /// `allowed` are the types that the action tags.
    pub fn tags_for(&self, resource: &str, allowed: &[&str]) -> Result<Tags, Fault> {
        let mut tags = Tags::new();
        for specification in self.params.list("TagSpecification") {
            let Some(named) = specification.filled("ResourceType") else {
                return Err(Fault::new(
                    "InvalidParameterValue",
                    "Tag specification resource type must have a value",
                ));
            };
            if !allowed.contains(&named) {
                return Err(Fault::new(
                    "InvalidParameterValue",
                    format!("'{named}' is not a valid taggable resource type for this operation."),
                ));
            }
            let read = crate::kinds::tag::read_tags(specification, "Tag")?;
            if named == resource {
                tags.extend(read);
            }
        }
        crate::kinds::tag::check_count(&tags)?;
        Ok(tags)
    }

    /// Gives a new resource its tags.
    pub fn tag(&mut self, id: &str, tags: Tags) {
        if !tags.is_empty() {
            self.region.tags.insert(id, tags);
        }
    }

    /// Answers a list call: by ids or all, filtered, paged.
    pub fn describe<T: Kind>(
        &mut self,
        x: &mut Xml,
        listing: &Listing,
        mut write: impl FnMut(&mut Xml, &Seen<'_, T>),
    ) -> Answer {
        let (page, next) = self.select(listing, |_| true)?;
        x.set(listing.set, page, |x, seen| write(x, &seen));
        x.maybe("nextToken", next);
        Ok(())
    }

    /// The objects that a list call asks for, and the token of the next page.
    pub fn select<T: Kind>(
        &mut self,
        listing: &Listing,
        shown: impl Fn(&T) -> bool,
    ) -> Result<(Vec<Seen<'_, T>>, Option<String>), Fault> {
        let ids = self.params.texts(listing.ids);
        let filters = Filters::read(self.params)?.bind_with(T::FIELDS, T::NEVER)?;
        let page = match listing.pages {
            Some(limits) => Page::read(self.params, self.action, limits, !ids.is_empty())?,
            None => Page {
                size: None,
                after: None,
            },
        };
        // EC2 may give less than a full page, and what comes and goes meanwhile shows in the next one or does
        // not.
        let page = if page.size.is_some() && self.goes_wrong(6) {
            Page {
                size: page.size.map(|size| size.min(3)),
                ..page
            }
        } else {
            page
        };
        // A list may be empty that should not be.
        let empty = ids.is_empty() && self.goes_wrong(100);
        let region = &*self.region;
        let mut found: Vec<Seen<'_, T>> = Vec::new();
        let consider = |found: &mut Vec<_>, id, row| {
            let seen = Seen { id, row, region };
            if shown(row) && filters.holds(&seen) {
                found.push(seen);
            }
        };
        if empty {
            // Nothing is considered.
        } else if ids.is_empty() {
            for (id, row) in T::table(region).after(page.after.as_deref()) {
                if region.lists(id) {
                    consider(&mut found, id, row);
                }
                if page.is_over(found.len()) {
                    break;
                }
            }
        } else {
            let mut ids = ids;
            ids.sort_unstable();
            ids.dedup();
            for id in ids {
                find::<T>(region, id)?;
                let entry = T::table(region).entry(id);
                if let Some((id, row)) =
                    entry.filter(|(id, _)| page.after.as_ref().is_none_or(|after| *id > after.as_str()))
                {
                    consider(&mut found, id, row);
                }
            }
        }
        Ok(page.cut(self.action, found, |seen| seen.id))
    }
}

/// The object of kind `T` with this id in a region: malformed, unknown and not yet shown ids are refused.
pub fn find<'r, T: Kind>(region: &'r Region, id: &str) -> Result<&'r T, Fault> {
    if !has_form(id, T::PREFIX) {
        return Err(T::malformed(id));
    }
    T::table(region)
        .get(id)
        .filter(|_| region.shows(id))
        .ok_or_else(|| T::not_found(id))
}

/// Whether an id is `prefix-` and 8 or 17 hex digits.
pub fn has_form(id: &str, prefix: &str) -> bool {
    id.strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('-'))
        .is_some_and(|digits| {
            matches!(digits.len(), 8 | 17)
                && digits
                    .bytes()
                    .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        })
}

/// The ARN of a resource of this account.
pub fn arn(region: &Region, resource: &str, id: &str) -> String {
    format!(
        "arn:{}:ec2:{}:{ACCOUNT}:{resource}/{id}",
        partition::of(&region.name).name,
        region.name
    )
}
