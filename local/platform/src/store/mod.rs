//! What lasts longer than the process: the rows and bodies of services.
//!
//! A service keeps its things as rows ([`Rows`]), and large bytes as bodies ([`Body`]). It works on them in memory.
//! What changed is handed to one thread, which writes it, many changes at once. Whoever answers a client waits for
//! [`Store::settled`] before: so nothing that was answered is lost, whenever the process is killed. That is about the
//! process, not about a power failure: the system is not asked to empty its caches.
//!
//! What no answer depends on, such as the journal's, is written late, when some has come together.
//!
//! Without a folder nothing is written, and rows and bodies live in memory alone.

mod body;
mod database;
mod error;
mod lasting;
mod late;
mod record;
mod rows;
mod shelf;
mod table;
#[cfg(test)]
mod tests;

pub use body::Body;
pub use database::Inventory;
pub use error::StoreError;
pub use lasting::Store;
pub(crate) use late::{Late, Present, Write};
pub use record::{Changing, Record};
pub use rows::{Held, Rows};
pub use shelf::Shelf;
pub use table::Table;
