//! The echo server, on any runtime.

use crate::host::Host;
use crate::{Serve, config, echo};
use sansws_driver::{Acceptor, Clock, Error, Origins, until};
use std::future::pending;
use std::process::ExitCode;
use std::time::Duration;

/// Serves until the process is ended.
pub(crate) async fn run<R: Host>(args: &Serve) -> ExitCode {
    let listener = match R::listen(&args.addr).await {
        Ok(listener) => listener,
        Err(error) => {
            eprintln!("{}: {error}", args.addr);
            return ExitCode::FAILURE;
        }
    };
    let acceptor =
        echo::acceptor::<R>(config(args.max_message, args.deflate.then(Default::default))).origins(Origins::Any);
    loop {
        match R::accept(&listener).await {
            Ok((tcp, peer)) => {
                let (acceptor, mode) = (acceptor.clone(), args.mode);
                R::spawn(async move {
                    if let Err(error) = connection(&acceptor, tcp, mode).await {
                        eprintln!("{peer}: {error}");
                    }
                });
            }
            Err(error) => {
                eprintln!("accept: {error}");
                let mut clock = R::Clock::default();
                let soon = clock.now() + Duration::from_millis(50);
                until(&mut clock, soon, pending::<()>()).await;
            }
        }
    }
}

async fn connection<R: Host>(acceptor: &Acceptor<R>, tcp: R::Tcp, mode: echo::Mode) -> Result<(), Error> {
    echo::run(&mut acceptor.accept(tcp).await?, mode).await
}
