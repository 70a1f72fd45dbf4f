//! Which lists a bulk read asks for, and in how many rounds: not one for each kind that there is, but those that
//! can matter, side by side. However many kinds there are, a plan pays for those that it has to do with.

use futures_util::future::{join_all, join3};
use trueup_model::Kind;

use super::consistency::Tagged;
use super::found::Found;
use crate::failure::Failure;

/// A kind, as far as the choice goes: the tests have more of them than there are.
pub trait Listed: Copy {
    /// Whether every plan reads it.
    fn is_always_read(self) -> bool;

    /// Whether a text has the form of its ids.
    fn is_id(self, text: &str) -> bool;
}

impl Listed for Kind {
    fn is_always_read(self) -> bool {
        self.def().is_always_read
    }

    fn is_id(self, text: &str) -> bool {
        Kind::is_id(self, text)
    }
}

/// What came of the lists of some kinds.
pub type Lists<K> = Vec<(K, Result<Found, Failure>)>;

/// What the rounds came to.
pub struct Rounds<K, I> {
    pub lists: Lists<K>,
    pub tagged: Result<Option<Tagged>, Failure>,
    pub interfaces: I,
}

/// Reads what can matter. The first round: the kinds that every plan reads, those that the spec names, and
/// beside them the topology's tags and the interfaces. The second, if any: the kinds that those answers speak of.
pub async fn read<K: Listed, L, I>(
    kinds: impl IntoIterator<Item = K>,
    is_named: impl Fn(K) -> bool,
    list: impl Fn(K) -> L,
    tagged: impl Future<Output = Result<Option<Tagged>, Failure>>,
    interfaces: impl Future<Output = I>,
) -> Rounds<K, I>
where
    L: Future<Output = Result<Found, Failure>>,
{
    let (first, later): (Vec<K>, Vec<K>) = kinds
        .into_iter()
        .partition(|kind| kind.is_always_read() || is_named(*kind));
    let lists = |kinds: Vec<K>| {
        let reads = kinds.into_iter().map(|kind| {
            let read = list(kind);
            async move { (kind, read.await) }
        });
        join_all(reads)
    };
    let (mut all, tagged, interfaces) = join3(lists(first), tagged, interfaces).await;
    let known = tagged.as_ref().ok().and_then(Option::as_ref);
    let mentioned = mentioned(later, &all, known);
    all.extend(lists(mentioned).await);
    Rounds {
        lists: all,
        tagged,
        interfaces,
    }
}

/// Those of some kinds that the spec does not name and that matter all the same: something of them is the
/// topology's, or another object refers to it. Where nobody knows what is the topology's, all may be.
fn mentioned<K: Listed>(kinds: Vec<K>, lists: &Lists<K>, tagged: Option<&Tagged>) -> Vec<K> {
    let Some(tagged) = tagged else { return kinds };
    let (mut mentioned, mut left): (Vec<K>, Vec<K>) = kinds
        .into_iter()
        .partition(|kind| tagged.ids().any(|id| kind.is_id(id)));
    let found = lists.iter().filter_map(|(_, list)| list.as_ref().ok());
    for object in found.flat_map(|found| &found.objects) {
        object.record.each_ref(&mut |to| {
            let is_meant = |kind: &mut K| to.id().is_some_and(|id| kind.is_id(id));
            mentioned.extend(left.extract_if(.., is_meant));
        });
    }
    mentioned
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::collections::{BTreeMap, BTreeSet};
    use std::time::Duration;

    use tokio::time::{Instant, sleep};
    use trueup_model::kind::is_id_tail;
    use trueup_model::{Object, Record, Ref};

    /// One way to a region that is far away, and back.
    const AWAY: Duration = Duration::from_millis(150);

    /// The kinds that there are, and as many more as make thirty of them.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    enum Any {
        Real(Kind),
        More(usize),
    }

    impl Listed for Any {
        fn is_always_read(self) -> bool {
            matches!(self, Self::Real(kind) if kind.is_always_read())
        }

        fn is_id(self, text: &str) -> bool {
            match self {
                Self::Real(kind) => kind.is_id(text),
                Self::More(number) => text
                    .strip_prefix(&format!("more{number}-"))
                    .is_some_and(is_id_tail),
            }
        }
    }

    fn today() -> Vec<Any> {
        Kind::ALL.map(Any::Real).into()
    }

    fn thirty() -> Vec<Any> {
        let more = (Kind::ALL.len()..30).map(Any::More);
        today().into_iter().chain(more).collect()
    }

    /// What the seed names.
    const NAMED: [Kind; 7] = [
        Kind::Vpc,
        Kind::Subnet,
        Kind::InternetGateway,
        Kind::RouteTable,
        Kind::SecurityGroup,
        Kind::KeyPair,
        Kind::Instance,
    ];

    /// A route table with a route that leads to something of this id.
    fn leading(to: &str) -> Object {
        let route = Record::new()
            .with("destination", "::/0")
            .with("target", Ref::Id(to.into()));
        Object {
            kind: Kind::RouteTable,
            id: "rtb-00000001".into(),
            record: Record::new().with("routes", vec![route.into()]),
            facts: Record::new(),
            owner: None,
            implicit: false,
            unread: BTreeMap::new(),
        }
    }

    /// What is listed, and how many answers that took one after the other: of a plan of the seed, where these ids
    /// are the topology's (none: that cannot be known) and a route leads there.
    async fn asked(kinds: Vec<Any>, tagged: Option<&[&str]>, route: Option<&str>) -> (BTreeSet<Any>, u32) {
        let listed = RefCell::new(Vec::new());
        let start = Instant::now();
        let list = |kind| {
            listed.borrow_mut().push(kind);
            async move {
                sleep(AWAY).await;
                let is_tables = kind == Any::Real(Kind::RouteTable);
                Ok(Found {
                    objects: route.filter(|_| is_tables).map(leading).into_iter().collect(),
                    ..Found::default()
                })
            }
        };
        let tags = async {
            sleep(AWAY).await;
            let own = tagged.ok_or_else(|| Failure::invalid("DescribeTags", String::new()))?;
            Ok(Some(Tagged::of(own)))
        };
        let is_named = |kind| matches!(kind, Any::Real(kind) if NAMED.contains(&kind));
        let rounds = read(kinds, is_named, list, tags, sleep(AWAY)).await;
        let listed = listed.into_inner();
        assert_eq!(rounds.lists.len(), listed.len());
        let once: BTreeSet<Any> = listed.iter().copied().collect();
        assert_eq!(once.len(), listed.len(), "nothing is listed twice: {listed:?}");
        let trips = start.elapsed().as_millis() / AWAY.as_millis();
        (once, u32::try_from(trips).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn what_nothing_speaks_of_costs_no_call_however_many_kinds_there_are() {
        let own = Some(&["vpc-00000001", "subnet-00000001"][..]);
        let (listed, trips) = asked(today(), own, None).await;
        assert_eq!(trips, 1);
        assert!(!listed.contains(&Any::Real(Kind::EgressOnlyInternetGateway)));
        assert_eq!(asked(thirty(), own, None).await, (listed, trips));
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_tags_and_a_route_speak_of_is_one_round_more() {
        let (usual, _) = asked(today(), Some(&[]), None).await;
        let own = Some(&["vpc-00000001", "more17-00000001", "more17-00000002"][..]);
        let (listed, trips) = asked(thirty(), own, Some("more21-00000001")).await;
        let more: Vec<Any> = listed.difference(&usual).copied().collect();
        assert_eq!((more, trips), (vec![Any::More(17), Any::More(21)], 2));
        let (listed, trips) = asked(thirty(), Some(&["eigw-00000001"]), None).await;
        let more: Vec<Any> = listed.difference(&usual).copied().collect();
        assert_eq!(
            (more, trips),
            (vec![Any::Real(Kind::EgressOnlyInternetGateway)], 2)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn where_nobody_knows_what_is_ours_everything_is_read_in_one_round_more() {
        let (listed, trips) = asked(thirty(), None, None).await;
        assert_eq!((listed.len(), trips), (30, 2));
    }
}
