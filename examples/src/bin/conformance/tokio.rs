//! The program on tokio.

use crate::{Serve, config, echo};
use sansws_tokio::{Acceptor, Error, Origins, Tokio};
use std::future::Future;
use std::process::ExitCode;
use tokio::net::{TcpListener, TcpStream};

/// Runs a future to its end.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(future)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("the operating system gives threads")
}

/// Serves until the process is ended.
pub(crate) fn serve(args: &Serve) -> ExitCode {
    block_on(async {
        let listener = match TcpListener::bind(&args.addr).await {
            Ok(listener) => listener,
            Err(error) => {
                eprintln!("{}: {error}", args.addr);
                return ExitCode::FAILURE;
            }
        };
        let acceptor = echo::acceptor::<Tokio>(config(args.max_message, args.deflate.then(Default::default)))
            .origins(Origins::Any);
        loop {
            match listener.accept().await {
                Ok((tcp, peer)) => {
                    let (acceptor, mode) = (acceptor.clone(), args.mode);
                    tokio::spawn(async move {
                        if let Err(error) = connection(&acceptor, tcp, mode).await {
                            eprintln!("{peer}: {error}");
                        }
                    });
                }
                Err(error) => {
                    eprintln!("accept: {error}");
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                }
            }
        }
    })
}

async fn connection(acceptor: &Acceptor, tcp: TcpStream, mode: echo::Mode) -> Result<(), Error> {
    echo::run(&mut acceptor.accept(tcp).await?, mode).await
}
