//! Serves a sandbox on a loopback port until it is killed: `serve PORT [instant|realistic] [STATE-FILE]`.

use std::path::Path;
use std::sync::Arc;

use trueup_sandbox::{Behaviour, Hosts, Options, Sandbox, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments
        .next()
        .ok_or("usage: serve PORT [BEHAVIOUR] [STATE-FILE]")?
        .parse()?;
    let behaviour: Behaviour = arguments.next().unwrap_or_else(|| "instant".into()).parse()?;
    let options = Options {
        behaviour,
        ..Options::default()
    };
    let sandbox = Arc::new(match arguments.next() {
        Some(path) => Sandbox::open(Path::new(&path), options)?,
        None => Sandbox::new(options),
    });
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    let stop = async {
        // Without a signal handler the process ends only by force, which the journal survives.
        let _ = tokio::signal::ctrl_c().await;
    };
    serve(listener, Arc::clone(&sandbox), Hosts::default(), stop).await?;
    sandbox.close()?;
    Ok(())
}
