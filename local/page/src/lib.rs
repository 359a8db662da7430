//! The page: a run as one watches it, and why it failed.
//!
//! It reads the account by the operations that clients use, and the journal; it keeps nothing itself. `server` answers
//! requests on loopback, `account` reads, `trace` makes sense of an execution's history, `views` draw, `show` has the
//! small things that all of them draw, and `words` says everything in English and in Japanese.

mod account;
mod gather;
mod report;
mod served;
mod server;
mod show;
mod style;
mod trace;
mod trials;
mod views;
mod words;

pub use account::{DefinitionFiles, Written};
pub use report::{NotReported, Why, report, summary, why, why_of_execution};
pub use served::Page;
pub use server::serve;
pub use words::Language;
