//! A connection on which answers can be cut off, or come slowly.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

/// How an answer goes over the wire.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    /// As it is.
    Whole,
    /// So many bytes of it, and then the connection ends.
    CutAfter(usize),
    /// So many bytes at a time.
    Pieces { bytes: usize, pause: Duration },
}

/// A connection, and how the answer that is on its way goes over it.
pub(crate) struct Wire<S> {
    stream: S,
    way: Arc<Mutex<Way>>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl<S> Wire<S> {
    pub(crate) fn new(stream: S, way: Arc<Mutex<Way>>) -> Self {
        Self {
            stream,
            way,
            pause: None,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Wire<S> {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Wire<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { stream, way, pause } = self.get_mut();
        if let Some(sleep) = pause {
            ready!(sleep.as_mut().poll(context));
            *pause = None;
        }
        let mut way = way.lock().unwrap_or_else(PoisonError::into_inner);
        let most = match *way {
            Way::Whole => bytes.len(),
            Way::CutAfter(0) => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            Way::CutAfter(most) | Way::Pieces { bytes: most, .. } => most.min(bytes.len()),
        };
        let written = ready!(Pin::new(stream).poll_write(context, &bytes[..most]))?;
        match &mut *way {
            Way::Whole => {}
            Way::CutAfter(left) => *left -= written,
            Way::Pieces { pause: length, .. } => *pause = Some(Box::pin(sleep(*length))),
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(context)
    }
}
