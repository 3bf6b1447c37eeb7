//! [`serve`]: listens until it is told to end.

use crate::args::Args;
use crate::http::Site;
use crate::hub::Hub;
use crate::{broker, tls};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use sansws_tokio::{Acceptor, Config, Deflate, Drain, Keepalive, Limits, Params};
use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

/// How long a browser may take for TLS, and then for the head of each request.
const PATIENCE: Duration = Duration::from_secs(10);

/// How much news for the broker may wait.
const NEWS: usize = 1024;

/// Serves until the process is told to end, and then closes all WebSockets with 1001 (Going Away).
///
/// # Errors
///
/// The address is taken, the broker's URL is no URL, or there can be no certificate.
pub(crate) async fn serve(args: Args) -> Result<(), Box<dyn Error>> {
    let hub = match &args.broker {
        None => Hub::new(None),
        Some(url) => {
            let (client, connected) = broker::connect(url).await?;
            let (news, outgoing) = mpsc::channel(NEWS);
            let hub = Hub::new(Some(news));
            tokio::spawn(broker::run(client, connected, hub.clone(), outgoing));
            hub
        }
    };
    let tls = args.tls.then(|| tls::acceptor(args.addr.ip())).transpose()?;
    let listener = TcpListener::bind(args.addr).await?;
    let address = listener.local_addr()?;
    println!("chat on {}://{address}", if args.tls { "https" } else { "http" });

    let drain = Drain::new();
    let site = Site { acceptor: Acceptor::new().config(config()).drain(&drain), hub };
    let ended = ended();
    tokio::pin!(ended);
    loop {
        tokio::select! {
            () = &mut ended => break,
            accepted = listener.accept() => match accepted {
                Ok((tcp, _)) => drop(tokio::spawn(connection(tcp, tls.clone(), site.clone()))),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await, // out of file descriptors, perhaps
            },
        }
    }
    drop(listener);
    let dropped = drain.shutdown(args.grace).await;
    eprintln!("the chat has ended; {dropped} browsers did not answer in time");
    Ok(())
}

/// How WebSockets of the chat behave.
fn config() -> Config {
    Config {
        // Messages are short. Whoever has 256 KiB of them unread is too slow.
        limits: Limits { message: 16 << 10, output_high: 256 << 10, ..Limits::default() },
        keepalive: Some(Keepalive::default()),
        // Without context takeover, so that what all are told is compressed once.
        deflate: Some(Deflate {
            params: Params { server_no_context_takeover: true, client_no_context_takeover: true, ..Params::default() },
            ..Deflate::default()
        }),
        ..Config::default()
    }
}

async fn connection(tcp: tokio::net::TcpStream, tls: Option<TlsAcceptor>, site: Site) {
    let _ = tcp.set_nodelay(true); // a delay would be all that is lost
    let Some(tls) = tls else { return requests(tcp, site).await };
    if let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, tls.accept(tcp)).await {
        requests(stream, site).await;
    }
}

/// Answers one request after the other, until one becomes a WebSocket.
async fn requests(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, site: Site) {
    let service = service_fn(|request| {
        let answer = site.answer(request);
        async { Ok::<_, Infallible>(answer) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let _ = http.serve_connection(TokioIo::new(stream), service).with_upgrades().await; // the browser is gone
}

/// Ready when the process is told to end.
async fn ended() {
    #[cfg(unix)]
    let terminated = async {
        let mut signals = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        signals.recv().await;
        Ok(())
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<std::io::Result<()>>();
    tokio::select! {
        Ok(()) = tokio::signal::ctrl_c() => {}
        Ok::<_, std::io::Error>(()) = terminated => {}
        else => std::future::pending().await, // it cannot be told
    }
}
