//! Changes that are alike, together: a tag on thirty resources is one change to read. What is dangerous comes
//! first.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use trueup_model::{Action, Change, Disruption, Plan};

use crate::lines::{self, Line};
use crate::names::Names;

/// What is reported in one go: a change, or several that are the same.
#[derive(Debug)]
pub struct Block<'a> {
    /// The changes, in the order of the plan; there is at least one.
    pub changes: Vec<&'a Change>,
    /// Whether a reader must see it.
    pub dangerous: bool,
    /// What differs, the same for all of them; of what is new nothing, because of thousands that is too much
    /// to keep.
    lines: Vec<Line>,
}

impl<'a> Block<'a> {
    /// The first of them, which stands for all in what they have in common.
    pub fn first(&self) -> &'a Change {
        self.changes[0]
    }

    /// What differs.
    pub fn lines(&self, names: &Names<'_>) -> Cow<'_, [Line]> {
        if self.first().action == Action::Create {
            Cow::Owned(lines::of(self.first(), names))
        } else {
            Cow::Borrowed(&self.lines)
        }
    }
}

/// The changes of a plan: those that are alike together, and the dangerous ones first.
pub fn blocks<'a>(plan: &'a Plan, names: &Names<'_>) -> Vec<Block<'a>> {
    let exposing = exposing(plan);
    let mut blocks: Vec<Block<'a>> = Vec::new();
    let mut known: HashMap<u64, Vec<usize>> = HashMap::new();
    for change in &plan.changes {
        let lines = if change.action == Action::Create {
            Vec::new()
        } else {
            lines::of(change, names)
        };
        let dangerous = exposing.contains(change.address.to_string().as_str())
            || plan.consents(change).next().is_some()
            || change.disruption >= Disruption::Gap
            || !change.losses.is_empty();
        let block = Block {
            changes: vec![change],
            dangerous,
            lines,
        };
        let same = known.entry(digest(&block.lines)).or_default();
        match same.iter().find(|index| is_alike(&blocks[**index], &block)) {
            Some(index) => blocks[*index].changes.push(change),
            None => {
                // What is new differs at least in its name.
                if change.action != Action::Create {
                    same.push(blocks.len());
                }
                blocks.push(block);
            }
        }
    }
    // What many have in common and nobody feels, such as a tag on all, is the last of its sort to be read.
    let is_common =
        |block: &Block<'_>| block.changes.len() > 1 && block.first().disruption == Disruption::None;
    blocks.sort_by_key(|block| (!block.dangerous, rank(block.first().action), is_common(block)));
    blocks
}

/// Where to look for blocks with the same lines.
fn digest(lines: &[Line]) -> u64 {
    let mut hasher = DefaultHasher::new();
    lines.hash(&mut hasher);
    hasher.finish()
}

/// The addresses because of which the internet reaches more, or may.
fn exposing(plan: &Plan) -> BTreeSet<&str> {
    let Some(told) = &plan.reachability else {
        return BTreeSet::new();
    };
    let exposed = told
        .changes
        .iter()
        .filter(|change| change.exposure)
        .flat_map(|change| &change.because);
    let groups = told.opened_groups.iter().map(|opened| &opened.group);
    exposed
        .chain(groups)
        .chain(told.public_subnets.iter().map(|public| &public.because))
        .map(String::as_str)
        .collect()
}

/// Whether two can be reported in one go. Of a deletion there is no more to tell than what goes with it.
fn is_alike(one: &Block<'_>, other: &Block<'_>) -> bool {
    let (a, b) = (one.first(), other.first());
    let same = || (&a.notes, a.order, a.disruption) == (&b.notes, b.order, b.disruption);
    a.action == b.action
        && one.dangerous == other.dangerous
        && one.lines == other.lines
        && (a.action == Action::Delete || same())
}

fn rank(action: Action) -> u8 {
    match action {
        Action::Replace => 0,
        Action::Delete => 1,
        Action::Forget => 2,
        Action::Create => 3,
        Action::Adopt => 4,
        Action::Update => 5,
    }
}
