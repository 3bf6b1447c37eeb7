//! On tokio without an adapter of ours: what comes before the echo of the floor and of the peers. The opening handshake is
//! not theirs.

use super::{Place, handshake};
use crate::Error;
use sansws_core::frame::Role;
use std::future::pending;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Builder;

/// What echoes once a connection is open.
pub(super) trait Echo: Copy + Send + 'static {
    /// Echoes until the connection ends.
    fn echo<S>(self, stream: S, role: Role) -> impl Future<Output = Result<(), Error>> + Send
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static;
}

pub(super) fn run(program: impl Echo, place: &Place) -> Result<(), Error> {
    Builder::new_current_thread().enable_all().build()?.block_on(async {
        match place {
            Place::Listen { addr, tls } => {
                #[cfg(feature = "tls")]
                let tls = tls.then(crate::tls::server).transpose()?.map(tokio_rustls::TlsAcceptor::from);
                #[cfg(not(feature = "tls"))]
                let _ = tls; // it is not wanted
                let listener = TcpListener::bind(addr).await?;
                println!("{}", listener.local_addr()?);
                loop {
                    let (tcp, _) = listener.accept().await?;
                    tcp.set_nodelay(true)?;
                    #[cfg(feature = "tls")]
                    if let Some(tls) = &tls {
                        let accepting = tls.accept(tcp);
                        tokio::spawn(async move { serve(program, accepting.await?).await });
                        continue;
                    }
                    tokio::spawn(serve(program, tcp));
                }
            }
            Place::Connect(addr, count) => {
                for _ in 0..*count {
                    let tcp = TcpStream::from_std(handshake::connected(*addr)?)?;
                    tokio::spawn(program.echo(tcp, Role::Client));
                }
                pending().await
            }
        }
    })
}

async fn serve<S>(program: impl Echo, mut stream: S) -> Result<(), Error>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    handshake::accept_async(&mut stream).await?;
    program.echo(stream, Role::Server).await
}
