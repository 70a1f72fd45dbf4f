//! `trueup sandbox serve`: the embedded EC2 on a port.

use std::sync::Arc;

use tokio::net::TcpListener;
use trueup_sandbox::{Hosts, Options, Sandbox};

use crate::args::{Global, Serve};
use crate::error::Error;
use crate::exit::Exit;
use crate::io::Io;
use crate::signals::Signals;

/// Serves until a signal comes: that is how it is meant to end.
pub async fn serve(args: &Serve, global: &Global, io: &mut Io<'_>) -> Result<Exit, Error> {
    let mut options = Options {
        behaviour: global.behaviour.unwrap_or_default().into(),
        ..Options::default()
    };
    if let Some(region) = &global.region {
        options.region.clone_from(region);
    }
    let mut signals = Signals::listen().map_err(|source| Error::System {
        what: "listen for signals",
        source,
    })?;
    let sandbox = Arc::new(match &args.state {
        Some(path) => Sandbox::open(path, options)?,
        None => Sandbox::new(options),
    });
    let listen = |source| Error::Listen {
        address: args.listen,
        source,
    };
    let listener = TcpListener::bind(args.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    io.stdout.line(&format!("listening on http://{address}"));
    let stop = async {
        signals.next().await;
    };
    trueup_sandbox::serve(
        listener,
        Arc::clone(&sandbox),
        Hosts::with(&args.allow_host),
        stop,
    )
    .await
    .map_err(listen)?;
    let path = args.state.clone().unwrap_or_default();
    sandbox.close().map_err(|source| Error::Write { path, source })?;
    Ok(Exit::OK)
}
