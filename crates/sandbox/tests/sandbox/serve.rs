//! The sandbox behind a port: HTTP in, HTTP out, until it is told to stop.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use trueup_sandbox::{Behaviour, Hosts, Options, Sandbox, serve};

const SIGNED: &str =
    "AWS4-HMAC-SHA256 Credential=a/20260101/us-west-2/ec2/aws4_request, SignedHeaders=host, Signature=0";

async fn ask(address: std::net::SocketAddr, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nAuthorization: {SIGNED}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream
        .write_all(format!("{head}{body}").as_bytes())
        .await
        .unwrap();
    let mut answer = Vec::new();
    // A reply that is lost ends the connection; what came before it counts.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_port_answers_until_it_is_stopped() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let sandbox = Arc::new(Sandbox::new(Options::default()));
    let server = tokio::spawn(serve(listener, Arc::clone(&sandbox), Hosts::default(), async {
        let _ = stopped.await;
    }));
    let answer = ask(address, "Action=DescribeVpcs&Version=2016-11-15").await;
    assert!(
        answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("<DescribeVpcsResponse"),
        "{answer}"
    );
    assert!(
        answer.contains("content-type: text/xml;charset=UTF-8\r\n"),
        "{answer}"
    );
    let refused = ask(address, "Action=Nonsense&Version=2016-11-15").await;
    assert!(
        refused.starts_with("HTTP/1.1 400 ") && refused.contains("<Code>InvalidAction</Code>"),
        "{refused}"
    );
    let large = ask(address, &"x".repeat(2 << 20)).await;
    assert!(large.is_empty() || large.starts_with("HTTP/1.1 413 "), "{large}");
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
    assert!(
        TcpStream::connect(address).await.is_err(),
        "the port is free again"
    );
    assert_eq!(sandbox.calls()["DescribeVpcs"], 1);
}

#[tokio::test]
async fn a_lost_reply_breaks_the_connection_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // The fates of a seed are fixed: some of these requests get no reply, and none waits for seconds.
    let sandbox = Arc::new(Sandbox::new(Options {
        behaviour: Behaviour::Hostile,
        seed: 83,
        ..Options::default()
    }));
    tokio::spawn(serve(listener, sandbox, Hosts::default(), std::future::pending()));
    let mut broken = 0;
    for _ in 0..60 {
        if ask(address, "Action=DescribeKeyPairs&Version=2016-11-15")
            .await
            .is_empty()
        {
            broken += 1;
        }
    }
    assert!(
        (1..15).contains(&broken),
        "{broken} of 60 connections were broken off"
    );
}
