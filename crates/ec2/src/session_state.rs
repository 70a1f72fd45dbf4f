//! What this process did a moment ago, which EC2 may not show everywhere yet.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasher, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;
use trueup_model::room::Lists;
use trueup_model::{Act, Kind};

use crate::prefix_list::PrefixList;

/// How long a new object may be invisible to some calls.
const RECENT: Duration = Duration::from_secs(600);
/// How long what goes away may be in the way.
const IN_THE_WAY_MAX: Duration = Duration::from_secs(1200);

/// What was made, ended and looked up.
#[derive(Debug)]
pub struct SessionState {
    run: String,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    made: HashMap<String, (Kind, Instant)>,
    /// What had ended or failed when all was read.
    gone: HashSet<String>,
    /// What was made and has been seen since, and when it was last.
    seen: HashMap<String, Instant>,
    /// What others refer to by its name.
    named: HashMap<String, Instant>,
    ended: HashMap<String, Instant>,
    /// What the last bulk read showed as ended.
    dead: BTreeSet<String>,
    /// What it showed and is not the topology's.
    strangers: BTreeSet<String>,
    last_end: Option<Instant>,
    /// Whether something that was made turned out not to be there.
    lost: bool,
    /// By their ids.
    prefix_lists: BTreeMap<String, PrefixList>,
    root_devices: HashMap<String, String>,
}

impl SessionState {
    /// A memory of nothing.
    pub fn new() -> Self {
        // The standard library's hashers start from keys that are drawn at random.
        let random = RandomState::new().build_hasher().finish();
        Self {
            run: format!("{random:016x}"),
            inner: Mutex::default(),
        }
    }

    /// A text that no other process has: what its creates are known by where others may make the same.
    pub fn run(&self) -> &str {
        &self.run
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An object was made.
    pub fn made(&self, kind: Kind, id: &str) {
        let mut inner = self.inner();
        inner.ended.remove(id);
        // EC2 may answer with something that was seen long ago and is gone.
        inner.seen.remove(id);
        inner.made.insert(id.to_owned(), (kind, Instant::now()));
    }

    /// An object was seen.
    pub fn saw(&self, id: &str) {
        self.inner().seen.insert(id.to_owned(), Instant::now());
    }

    /// Whether an object was ever seen.
    pub fn was_seen(&self, id: &str) -> bool {
        self.inner().seen.contains_key(id)
    }

    /// For how long an object that this process made has not been seen.
    pub fn unseen_for(&self, id: &str) -> Option<Duration> {
        let inner = self.inner();
        let made = inner.made.get(id).map(|(_, at)| at);
        inner.seen.get(id).or(made).map(Instant::elapsed)
    }

    /// How long ago an object was made, where this process made it.
    pub fn age(&self, id: &str) -> Option<Duration> {
        self.inner().made.get(id).map(|(_, at)| at.elapsed())
    }

    /// An object was made that others refer to by this name.
    pub fn named(&self, name: &str) {
        self.inner().named.insert(name.to_owned(), Instant::now());
    }

    /// An object was ended.
    pub fn ended(&self, id: &str) {
        let now = Instant::now();
        let mut inner = self.inner();
        inner.made.remove(id);
        inner.ended.insert(id.to_owned(), now);
        inner.last_end = Some(now);
    }

    /// What was made turned out not to be there: it was ended or failed before, and EC2 repeated the answer
    /// of its create.
    pub fn lost(&self, id: &str) {
        self.ended(id);
        self.inner().lost = true;
    }

    /// These had ended or failed when all was read.
    pub fn learn_gone(&self, ids: impl IntoIterator<Item = String>) {
        self.inner().gone.extend(ids);
    }

    /// Whether this object had ended or failed when all was read.
    pub fn was_gone(&self, id: &str) -> bool {
        self.inner().gone.contains(id)
    }

    /// Whether anything was lost.
    pub fn has_lost(&self) -> bool {
        self.inner().lost
    }

    /// A bulk read showed these as ended, and these as not the topology's.
    pub fn read(&self, dead: BTreeSet<String>, strangers: BTreeSet<String>) {
        let mut inner = self.inner();
        inner.dead = dead;
        inner.strangers = strangers;
    }

    /// Whether the last bulk read showed this object as ended.
    pub fn is_dead(&self, id: &str) -> bool {
        self.inner().dead.contains(id)
    }

    /// Whether the last bulk read showed this object, and not as the topology's.
    pub fn is_stranger(&self, id: &str) -> bool {
        self.inner().strangers.contains(id)
    }

    /// Something was let go of, or is seen going away.
    pub fn deletion_begins(&self) {
        self.inner().last_end = Some(Instant::now());
    }

    /// Whether this object was ended by this process: where it is still shown, that is old news.
    pub fn is_ended(&self, id: &str) -> bool {
        self.inner().ended.contains_key(id)
    }

    /// Whether something that was let go of a while ago may still be in the way.
    pub fn is_deletion_in_flight(&self) -> bool {
        self.inner()
            .last_end
            .is_some_and(|at| at.elapsed() < IN_THE_WAY_MAX)
    }

    /// What an act refers to that was made a moment ago.
    pub fn recently_created_in(&self, act: &Act) -> Vec<String> {
        let inner = self.inner();
        let at = |id: &str| inner.made.get(id).map(|(_, at)| at).or(inner.named.get(id));
        let recently_created = |id: &&str| at(id).is_some_and(|at| at.elapsed() < RECENT);
        let refs = act
            .sets
            .record()
            .refs()
            .into_iter()
            .chain(act.unsets.record().refs());
        let names = refs
            .filter_map(|reference| reference.id())
            .chain(act.target.as_ref().map(|target| target.id.as_str()));
        names.filter(recently_created).map(str::to_owned).collect()
    }

    /// The objects that were made a moment ago and must be there.
    pub fn recently_created(&self) -> Vec<(Kind, String)> {
        let inner = self.inner();
        let recently_created = inner.made.iter().filter(|(_, (_, at))| at.elapsed() < RECENT);
        recently_created
            .map(|(id, (kind, _))| (*kind, id.clone()))
            .collect()
    }

    /// Remembers prefix lists by their ids, and the names of AWS's own.
    pub fn learn_prefix_lists(&self, lists: impl IntoIterator<Item = (String, PrefixList)>) {
        self.inner().prefix_lists.extend(lists);
    }

    /// Whether the names of prefix lists were learned.
    pub fn knows_prefix_lists(&self) -> bool {
        !self.inner().prefix_lists.is_empty()
    }

    /// The name of a prefix list.
    pub fn prefix_list_name(&self, id: &str) -> Option<String> {
        self.inner()
            .prefix_lists
            .get(id)
            .and_then(|list| list.name.clone())
    }

    /// How many entries the lists of customers may hold, by id.
    pub fn prefix_list_entries(&self) -> Lists {
        let inner = self.inner();
        inner
            .prefix_lists
            .iter()
            .filter_map(|(id, list)| Some((id.clone(), list.entries_max?)))
            .collect()
    }

    /// Whether a prefix list was shown.
    pub fn is_prefix_list(&self, id: &str) -> bool {
        self.inner().prefix_lists.contains_key(id)
    }

    /// The id of a prefix list.
    pub fn prefix_list_id(&self, name: &str) -> Option<String> {
        self.inner()
            .prefix_lists
            .iter()
            .find(|(_, known)| known.name.as_deref() == Some(name))
            .map(|(id, _)| id.clone())
    }

    /// Remembers what an image calls its root device.
    pub fn learn_root_device(&self, image: &str, device: &str) {
        self.inner()
            .root_devices
            .insert(image.to_owned(), device.to_owned());
    }

    /// What an image calls its root device, where that was learned.
    pub fn root_device(&self, image: &str) -> Option<String> {
        self.inner().root_devices.get(image).cloned()
    }
}
