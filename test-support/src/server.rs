//! The HTTP/1.1 server.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::oneshot;

use crate::message::{Reply, Request};
use crate::wire::{Way, Wire};

/// A server with a thread of its own. It ends when this is dropped, and its connections with it.
#[derive(Debug)]
pub struct Server {
    /// Where it listens, unless that is a Unix socket.
    address: Option<SocketAddr>,
    #[cfg(feature = "tls")]
    handshakes: Arc<Mutex<Vec<std::time::Duration>>>,
    _ends_with_it: oneshot::Sender<()>,
}

impl Server {
    /// Listens on a free port and answers by `handler`.
    ///
    /// # Panics
    /// When there is no free port.
    pub fn start<F: Future<Output = Reply> + Send + 'static>(
        handler: impl Fn(Request) -> F + Send + Sync + 'static,
    ) -> Self {
        let (listener, address) = port();
        let handler = boxed(handler);
        let serving = async move || {
            let listener = TcpListener::from_std(listener).expect("a listener");
            loop {
                if let Some(stream) = accepted(&listener).await {
                    tokio::spawn(converse(stream, Arc::clone(&handler)));
                }
            }
        };
        Self {
            address: Some(address),
            #[cfg(feature = "tls")]
            handshakes: Arc::default(),
            _ends_with_it: in_a_thread(serving),
        }
    }

    /// Listens on a Unix socket at `path` and answers by `handler`.
    ///
    /// # Panics
    /// When there can be no socket.
    pub fn start_at<F: Future<Output = Reply> + Send + 'static>(
        path: &Path,
        handler: impl Fn(Request) -> F + Send + Sync + 'static,
    ) -> Self {
        let listener = std::os::unix::net::UnixListener::bind(path).expect("a socket");
        listener.set_nonblocking(true).expect("a listener that does not block");
        let handler = boxed(handler);
        let serving = async move || {
            let listener = UnixListener::from_std(listener).expect("a listener");
            loop {
                if let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(converse(stream, Arc::clone(&handler)));
                }
            }
        };
        Self {
            address: None,
            #[cfg(feature = "tls")]
            handshakes: Arc::default(),
            _ends_with_it: in_a_thread(serving),
        }
    }

    /// Listens on a free port, with a certificate of this authority.
    ///
    /// # Panics
    /// When there is no free port.
    #[cfg(feature = "tls")]
    pub fn start_with_tls<F: Future<Output = Reply> + Send + 'static>(
        authority: &crate::tls::Authority,
        handler: impl Fn(Request) -> F + Send + Sync + 'static,
    ) -> Self {
        let (listener, address) = port();
        let (handler, acceptor) = (boxed(handler), authority.acceptor());
        let handshakes: Arc<Mutex<Vec<_>>> = Arc::default();
        let noted = Arc::clone(&handshakes);
        let serving = async move || {
            let listener = TcpListener::from_std(listener).expect("a listener");
            loop {
                let Some(stream) = accepted(&listener).await else {
                    continue;
                };
                let (handler, acceptor, noted) = (Arc::clone(&handler), acceptor.clone(), Arc::clone(&noted));
                tokio::spawn(async move {
                    let began = std::time::Instant::now();
                    let handshake = acceptor.accept(stream).await;
                    // A client that does not trust the certificate leaves in the middle of it.
                    let Ok(stream) = handshake else { return };
                    let took = began.elapsed();
                    noted.lock().unwrap_or_else(PoisonError::into_inner).push(took);
                    converse(stream, handler).await;
                });
            }
        };
        Self {
            address: Some(address),
            handshakes,
            _ends_with_it: in_a_thread(serving),
        }
    }

    /// The host and the port.
    ///
    /// # Panics
    /// When it listens on a Unix socket.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address.expect("a port")
    }

    /// How long the TLS handshakes took since the last call of this.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn take_handshakes(&self) -> Vec<std::time::Duration> {
        std::mem::take(&mut self.handshakes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

type Handler = dyn Fn(Request) -> Pin<Box<dyn Future<Output = Reply> + Send>> + Send + Sync;

fn boxed<F: Future<Output = Reply> + Send + 'static>(
    handler: impl Fn(Request) -> F + Send + Sync + 'static,
) -> Arc<Handler> {
    Arc::new(move |request| Box::pin(handler(request)))
}

/// A free port.
pub(crate) fn port() -> (std::net::TcpListener, SocketAddr) {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.set_nonblocking(true).expect("a listener that does not block");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

async fn accepted(listener: &TcpListener) -> Option<TcpStream> {
    let (stream, _) = listener.accept().await.ok()?;
    // Without it small messages wait for one another's acknowledgements, 40 ms each.
    stream.set_nodelay(true).ok()?;
    Some(stream)
}

/// Goes on in a thread until what is given is dropped.
fn in_a_thread<F: Future<Output = ()>>(serving: impl FnOnce() -> F + Send + 'static) -> oneshot::Sender<()> {
    let (ends_with_it, end) = oneshot::channel::<()>();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            tokio::select! {
                () = serving() => {}
                _ = end => {}
            }
        });
    });
    ends_with_it
}

/// Answers the requests of one connection.
async fn converse(stream: impl AsyncRead + AsyncWrite + Send + Unpin, handler: Arc<Handler>) {
    let way = Arc::new(Mutex::new(Way::Whole));
    let stream = TokioIo::new(Wire::new(stream, Arc::clone(&way)));
    let service = service_fn(|request| async {
        let reply = handler(Request::read(request).await?).await;
        *way.lock().unwrap_or_else(PoisonError::into_inner) = reply.way;
        Ok::<_, hyper::Error>(reply.into_response())
    });
    // That the other side is gone is no matter.
    let _ = http1::Builder::new()
        .auto_date_header(false)
        .serve_connection(stream, service)
        .await;
}
