//! Another way to an EC2 than a socket: a function from request to response, and a clock that follows
//! tokio's.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use tokio::time::Instant;

/// Answers requests in place of a socket. A response that carries [`ReplyLost`] stands for one that never
/// came.
pub type Transport = Arc<
    dyn Fn(http::Request<Bytes>) -> Pin<Box<dyn Future<Output = http::Response<Bytes>> + Send>> + Send + Sync,
>;

/// Put into the extensions of a [`Transport`]'s response: the connection broke before the answer came, so
/// what was asked for may or may not have happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReplyLost;

/// The SDK's connector over a [`Transport`].
#[derive(Clone)]
pub struct Connector(pub Transport);

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connector")
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let transport = Arc::clone(&self.0);
        HttpConnectorFuture::new(async move {
            let request = request
                .try_into_http1x()
                .map_err(|error| ConnectorError::user(error.into()))?;
            let request = request.map(|body| Bytes::copy_from_slice(body.bytes().unwrap_or_default()));
            let response = transport(request).await;
            if response.extensions().get::<ReplyLost>().is_some() {
                return Err(ConnectorError::io(
                    "the connection broke before the answer came".into(),
                ));
            }
            HttpResponse::try_from(response.map(SdkBody::from))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

impl HttpClient for Connector {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

/// The wall clock as it was at the start, moved on by tokio's clock: paused time stands still and jumps.
#[derive(Debug)]
pub struct TokioClock {
    wall: SystemTime,
    start: Instant,
}

impl TokioClock {
    /// A clock that shows the wall clock's time now.
    pub fn new() -> Self {
        Self {
            wall: SystemTime::now(),
            start: Instant::now(),
        }
    }
}

impl TimeSource for TokioClock {
    fn now(&self) -> SystemTime {
        self.wall + self.start.elapsed()
    }
}
