//! The way to an EC2 behind a loopback port, for tests that look at more than the real program shows.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use trueup_ec2::{ReplyLost, Transport};

/// Sends requests to `url`, each over a connection of its own.
#[must_use]
pub fn transport(url: &str) -> Transport {
    let address = url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    Arc::new(move |request| {
        let address = address.clone();
        Box::pin(async move {
            exchange(&address, request).await.unwrap_or_else(|_| {
                let mut lost = Response::new(Bytes::new());
                lost.extensions_mut().insert(ReplyLost);
                lost
            })
        })
    })
}

async fn exchange(address: &str, request: Request<Bytes>) -> std::io::Result<Response<Bytes>> {
    let (head, body) = request.into_parts();
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut text = format!(
        "{} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n",
        head.method,
        body.len()
    );
    for (name, value) in head
        .headers
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "host" | "content-length" | "connection"))
    {
        text += &format!("{name}: {}\r\n", String::from_utf8_lossy(value.as_bytes()));
    }
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(text.as_bytes()).await?;
    stream.write_all(b"\r\n").await?;
    stream.write_all(&body).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    let broken = || std::io::Error::from(std::io::ErrorKind::InvalidData);
    let end = answer
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or_else(broken)?;
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    assert!(
        !head.contains("transfer-encoding"),
        "only whole bodies are read here: {head}"
    );
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse::<u16>().ok())
        .ok_or_else(broken)?;
    let body = Bytes::copy_from_slice(&answer[end + 4..]);
    Response::builder()
        .status(status)
        .header("content-type", "text/xml")
        .body(body)
        .map_err(|_| broken())
}
