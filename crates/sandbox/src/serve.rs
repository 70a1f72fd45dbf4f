//! The sandbox behind a loopback port, for clients of other processes: HTTP/1.1 without TLS.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::{ReplyLost, Sandbox};

/// The largest request body that is read, in bytes; EC2's own limit on a form body is of this order.
const BODY_LIMIT: usize = 1 << 20;

/// Answers requests on `listener` until `stop` completes; connections that are open then are ended.
///
/// # Errors
/// What accepting a connection reports, but for the failures that concern one connection alone.
pub async fn serve(listener: TcpListener, sandbox: Arc<Sandbox>, stop: impl Future<Output = ()>) -> std::io::Result<()> {
    let mut stop = pin!(stop);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = &mut stop => return Ok(()),
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => {
                let stream = match accepted {
                    Ok((stream, _)) => stream,
                    Err(error) if concerns_one_connection(&error) => continue,
                    Err(error) => return Err(error),
                };
                // A failure only means slower answers.
                let _ = stream.set_nodelay(true);
                let sandbox = Arc::clone(&sandbox);
                connections.spawn(async move {
                    let service = service_fn(move |request| answer(Arc::clone(&sandbox), request));
                    // A client that breaks its connection off is that client's affair.
                    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        }
    }
}

fn concerns_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
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

async fn answer(sandbox: Arc<Sandbox>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, BrokenOff> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, BODY_LIMIT).collect().await else {
        let mut response = Response::new(Full::new(Bytes::from_static(b"the request body cannot be read")));
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(response);
    };
    let response = sandbox.handle(Request::from_parts(head, body.to_bytes())).await;
    if response.extensions().get::<ReplyLost>().is_some() {
        return Err(BrokenOff);
    }
    Ok(response.map(Full::new))
}
