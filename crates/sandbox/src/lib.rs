//! A simulated EC2 on the wire: query protocol in, EC2's XML out, plus STS `GetCallerIdentity`.
//!
//! [`Sandbox::handle`] answers one HTTP request in process; [`serve`] puts the same thing on a port.
//! The sandbox is written from EC2's documented behaviour and knows nothing of the kinds of the rest of
//! Trueup.

mod actions;
mod answer;
mod call;
mod due;
mod hostile;
mod kinds;
mod options;
mod serve;
mod state;
mod throttle;
mod wire;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};

use answer::Engine;
use hostile::{Fate, Hostile};
use state::Ids;
use state::clock::Clock;
use state::file::{Files, World};
use state::ids::mix;
use throttle::Throttle;
use wire::Fault;

pub use actions::names as actions;
pub use hostile::ReplyLost;
pub use options::{Behaviour, DEFAULT_REGION, Options, UnknownBehaviour};
pub use serve::{Hosts, serve};
pub use state::file::OpenError;
pub use throttle::documented as bucket_of;

/// When a sandbox in memory starts, unless it is told otherwise: 2026-01-01, so that equal runs give equal
/// answers.
const EPOCH: Duration = Duration::from_secs(1_767_225_600);

/// A simulated EC2. Cheap to share behind an [`Arc`](std::sync::Arc); requests are answered one at a time.
pub struct Sandbox {
    options: Options,
    clock: Clock,
    inner: Mutex<Inner>,
}

struct Inner {
    engine: Engine,
    calls: BTreeMap<String, u64>,
    requests: u64,
    throttle: Throttle,
    hostile: Hostile,
}

/// One answer on its way out.
struct Reply {
    status: u16,
    request_id: String,
    body: String,
    delay: Duration,
    lost: bool,
}

impl Sandbox {
    /// A fresh sandbox in memory, whose clock starts at the beginning of 2026.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self::starting_at(options, UNIX_EPOCH + EPOCH)
    }

    /// A fresh sandbox in memory, whose clock shows `start` now.
    #[must_use]
    pub fn starting_at(options: Options, start: SystemTime) -> Self {
        let world = World {
            ids: Ids::new(options.seed),
            regions: BTreeMap::new(),
        };
        Self::with(options, start, world, None)
    }

    /// The sandbox that lives in the state file at `path`, which is created with its folders if it is
    /// missing. Its clock is the wall clock, and it keeps the seed that it was created with.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        let (files, world) = Files::open(path, options.seed)?;
        Ok(Self::with(options, SystemTime::now(), world, Some(files)))
    }

    fn with(options: Options, start: SystemTime, world: World, files: Option<Files>) -> Self {
        let mischief = (options.behaviour == Behaviour::Hostile).then(|| Hostile::new(mix(options.seed)));
        let inner = Inner {
            engine: Engine {
                world,
                files,
                behaviour: options.behaviour,
                mischief,
            },
            calls: BTreeMap::new(),
            requests: 0,
            throttle: Throttle::default(),
            hostile: Hostile::new(options.seed),
        };
        Self {
            options,
            clock: Clock::starting_at(start),
            inner: Mutex::new(inner),
        }
    }

    /// Answers one request. The region is the one of its signature's credential scope, or else that of the
    /// options.
    ///
    /// A response that carries [`ReplyLost`] in its extensions stands for one that never came.
    pub async fn handle(&self, request: Request<Bytes>) -> Response<Bytes> {
        let reply = self.answer(&request);
        if !reply.delay.is_zero() {
            tokio::time::sleep(reply.delay).await;
        }
        let mut response = Response::new(Bytes::from(reply.body));
        *response.status_mut() =
            StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("text/xml;charset=UTF-8"),
        );
        if let Ok(id) = header::HeaderValue::from_str(&reply.request_id) {
            headers.insert("x-amzn-requestid", id);
        }
        if reply.lost {
            response.extensions_mut().insert(ReplyLost);
        }
        response
    }

    fn answer(&self, request: &Request<Bytes>) -> Reply {
        let now = self.clock.now();
        let mut inner = self.lock();
        let inner = &mut *inner;
        inner.requests += 1;
        let request_id = request_id(inner.engine.world.ids.seed, inner.requests);
        let asked = match answer::read(request) {
            Ok(asked) => asked,
            Err(fault) => return refusal(&fault, "", request_id),
        };
        let action = match answer::find_action(&asked) {
            Ok(action) => action,
            Err(fault) => return refusal(&fault, &asked.version, request_id),
        };
        *inner.calls.entry(action.name.to_owned()).or_default() += 1;
        let region = asked.region.as_deref().unwrap_or(&self.options.region);
        let (fate, delay) = match self.options.behaviour {
            Behaviour::Hostile if inner.engine.mischief.is_some() => inner.hostile.next(),
            Behaviour::Instant | Behaviour::Realistic | Behaviour::Hostile => {
                (Fate::Answered, Duration::ZERO)
            }
        };
        let bounded = asked.params.has("Filter") || asked.params.has("MaxResults");
        let throttled = match self.options.behaviour {
            Behaviour::Instant => false,
            Behaviour::Realistic | Behaviour::Hostile => !inner.throttle.admits(region, action.name, bounded),
        };
        let result = match fate {
            _ if throttled => Err(limit_exceeded()),
            Fate::Throttled => Err(limit_exceeded()),
            Fate::Refused => Err(Fault::server(
                "Unavailable",
                503,
                "The server is overloaded and can't handle the request.",
            )),
            Fate::NeverArrived => Ok(String::new()),
            Fate::Answered | Fate::FailedAfter | Fate::Lost => inner.engine.run(action, &asked, region, now),
        };
        let result = match (fate, result) {
            (Fate::FailedAfter, Ok(_)) => Err(Fault::server(
                "InternalError",
                500,
                "An internal error has occurred",
            )),
            (_, result) => result,
        };
        let mut reply = match result {
            Ok(inside) => Reply {
                status: 200,
                body: answer::wrap(action.name, &asked.version, &request_id, &inside),
                request_id,
                delay: Duration::ZERO,
                lost: false,
            },
            Err(fault) => refusal(&fault, &asked.version, request_id),
        };
        reply.delay = delay;
        if !throttled && matches!(fate, Fate::Lost | Fate::NeverArrived) {
            reply.lost = true;
            reply.status = StatusCode::GATEWAY_TIMEOUT.as_u16();
            reply.body.clear();
        }
        reply
    }

    /// Whether faults happen from now on, in the hostile behaviour.
    pub fn set_faults(&self, on: bool) {
        let seed = mix(self.options.seed ^ self.lock().requests);
        self.lock().engine.mischief =
            (on && self.options.behaviour == Behaviour::Hostile).then(|| Hostile::new(seed));
    }

    /// How long each object of a region takes until it can be used after the call that made it: its way to
    /// `available` or `running`, and until lookups show it.
    #[must_use]
    pub fn latencies(&self, region: &str) -> BTreeMap<String, Duration> {
        let inner = self.lock();
        let region = inner.engine.world.regions.get(region);
        let latencies = region.into_iter().flat_map(|region| &region.latencies);
        latencies
            .map(|(id, delay)| {
                (
                    id.clone(),
                    Duration::from_millis(u64::try_from(*delay).unwrap_or_default()),
                )
            })
            .collect()
    }

    /// The tags of everything in a region that is there and not on its way out: by id.
    #[must_use]
    pub fn live_tags(&self, region: &str) -> BTreeMap<String, BTreeMap<String, String>> {
        self.tags_where(region, |region, id| !region.is_ending(id))
    }

    /// The same of what is shown by now to whoever looks.
    #[must_use]
    pub fn shown_tags(&self, region: &str) -> BTreeMap<String, BTreeMap<String, String>> {
        let now = self.clock.now();
        self.tags_where(region, |region, id| {
            !region.is_ending(id) && region.shows_everywhere(id, now)
        })
    }

    fn tags_where(
        &self,
        region: &str,
        holds: impl Fn(&state::Region, &str) -> bool,
    ) -> BTreeMap<String, BTreeMap<String, String>> {
        let inner = self.lock();
        let Some(region) = inner.engine.world.regions.get(region) else {
            return BTreeMap::new();
        };
        region
            .tags
            .iter()
            .filter(|(id, _)| holds(region, id))
            .map(|(id, tags)| (id.clone(), tags.clone()))
            .collect()
    }

    /// The tags of something in a region.
    #[must_use]
    pub fn tags_of(&self, region: &str, id: &str) -> BTreeMap<String, String> {
        let inner = self.lock();
        inner
            .engine
            .world
            .regions
            .get(region)
            .and_then(|region| region.tags_of(id))
            .cloned()
            .unwrap_or_default()
    }

    /// Whether something in a region is on its way out: until it is gone, it may be in the way of calls.
    #[must_use]
    pub fn is_releasing(&self, region: &str) -> bool {
        let inner = self.lock();
        inner
            .engine
            .world
            .regions
            .get(region)
            .is_some_and(|region| region.dues.iter().any(|(_, due)| due.what.releases()))
    }

    /// How often each action was called since the start.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.lock().calls.clone()
    }

    /// Writes the state file anew and empties its journal. Nothing to do in memory.
    ///
    /// # Errors
    /// What writing the file reports; the journal then still holds everything.
    pub fn close(&self) -> std::io::Result<()> {
        let mut inner = self.lock();
        let Engine { world, files, .. } = &mut inner.engine;
        files.as_mut().map_or(Ok(()), |files| files.compact(world))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|poisoned| {
            // A call that panicked was never answered, so nothing of it may stay.
            let mut inner = poisoned.into_inner();
            inner.engine.rollback_all();
            self.inner.clear_poison();
            inner
        })
    }
}

fn limit_exceeded() -> Fault {
    Fault::server("RequestLimitExceeded", 503, "Request limit exceeded.")
}

fn refusal(fault: &Fault, version: &str, request_id: String) -> Reply {
    Reply {
        status: fault.status,
        body: answer::refuse(fault, version, &request_id),
        request_id,
        delay: Duration::ZERO,
        lost: false,
    }
}

/// A request id in the form of a UUID.
fn request_id(seed: u64, number: u64) -> String {
    let (a, b) = (mix(seed ^ mix(number)), mix(number ^ mix(seed)));
    format!(
        "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        0x8000 | (b >> 50),
        b & 0xffff_ffff_ffff
    )
}
