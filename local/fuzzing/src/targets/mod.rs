//! The targets: what reads the bytes, and what must hold of what was read.

pub(crate) mod functions;
pub(crate) mod local;

/// Runs what waits for nothing but itself.
fn run<T>(work: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime of this thread");
    }
    RUNTIME.with(|runtime| runtime.block_on(work))
}
