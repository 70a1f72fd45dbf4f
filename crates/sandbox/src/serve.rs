//! The sandbox behind a port, for clients of other processes: HTTP/1.1 without TLS, for this machine unless
//! more is asked for.

mod door;
mod patient;

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

pub use door::Hosts;
use patient::Patient;

use crate::{ReplyLost, Sandbox, answer};

/// The largest request body that is read, in bytes; EC2's own limit on a form body is of this order.
const BODY_LIMIT: usize = 1 << 20;
/// So many connections at a time; others wait to be accepted. Fewer than any system's limit of open files.
const CONNECTIONS_MAX: usize = 128;
/// So long a client may take for the head of a request, silence before it included, for its body, or to take
/// its answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// So long until accepting is tried again where the system has no more descriptors or memory.
const EXHAUSTED_FOR: Duration = Duration::from_millis(100);

/// Answers requests on `listener` until `stop` completes; connections that are open then are ended.
///
/// Requests must be signed, must name a host of `hosts`, and must not come from a web page.
///
/// # Errors
/// What accepting a connection reports, but for the failures that concern one connection alone and those that
/// pass.
pub async fn serve(
    listener: TcpListener,
    sandbox: Arc<Sandbox>,
    hosts: Hosts,
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    let mut stop = pin!(stop);
    let hosts = Arc::new(hosts);
    let room = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let accept = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, listener.accept().await)
        };
        tokio::select! {
            () = &mut stop => return Ok(()),
            Some(_) = connections.join_next() => {}
            (place, accepted) = accept => {
                let stream = match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) if concerns_one_connection(&error) => continue,
                    Err(error) if is_exhausted(&error) => {
                        sleep(EXHAUSTED_FOR).await;
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                // A failure only means slower answers.
                let _ = stream.set_nodelay(true);
                let (sandbox, hosts) = (Arc::clone(&sandbox), Arc::clone(&hosts));
                connections.spawn(async move {
                    let _place = place;
                    let service = service_fn(move |request| respond(Arc::clone(&sandbox), Arc::clone(&hosts), request));
                    let stream = TokioIo::new(Patient::new(stream, PATIENCE));
                    // A client that breaks its connection off is that client's affair.
                    let _ = http1::Builder::new().timer(TokioTimer::new()).header_read_timeout(PATIENCE).serve_connection(stream, service).await;
                });
            }
        }
    }
}

fn concerns_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset
    )
}

/// Whether the system has no descriptors or no memory left, which passes: ENOMEM, ENFILE, EMFILE, and ENOBUFS
/// of Linux and macOS.
fn is_exhausted(error: &std::io::Error) -> bool {
    matches!(error.raw_os_error(), Some(12 | 23 | 24 | 55 | 105))
}

/// Breaks a connection off in the middle of a request.
#[derive(Debug)]
struct BrokenOff;

impl fmt::Display for BrokenOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reply is lost")
    }
}

impl std::error::Error for BrokenOff {}

async fn respond(
    sandbox: Arc<Sandbox>,
    hosts: Arc<Hosts>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, BrokenOff> {
    let (head, body) = request.into_parts();
    if let Err(fault) = door::check(&head, &hosts) {
        let text = answer::refuse(&fault, "", "00000000-0000-4000-8000-000000000000");
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::FORBIDDEN);
        response.headers_mut().insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/xml;charset=UTF-8"),
        );
        return Ok(response);
    }
    let refused = |status, why: &'static str| {
        let mut response = Response::new(Full::new(Bytes::from_static(why.as_bytes())));
        *response.status_mut() = status;
        Ok(response)
    };
    let body = match timeout(PATIENCE, Limited::new(body, BODY_LIMIT).collect()).await {
        Ok(Ok(body)) => body.to_bytes(),
        Ok(Err(_)) => return refused(StatusCode::PAYLOAD_TOO_LARGE, "the request body cannot be read"),
        Err(_) => return refused(StatusCode::REQUEST_TIMEOUT, "the request body does not come"),
    };
    let response = sandbox.handle(Request::from_parts(head, body)).await;
    if response.extensions().get::<ReplyLost>().is_some() {
        return Err(BrokenOff);
    }
    Ok(response.map(Full::new))
}
