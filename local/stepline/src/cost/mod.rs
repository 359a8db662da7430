//! `stepline cost`: the most that one run of a pipeline can cost, before it runs, and what its service costs.
//!
//! `Deployed` is what the files that deploy make, read from an account of its own. `bill` multiplies it out with the
//! [prices](Prices): each line says how it was computed. What has no price says so, and counts in no sum.

mod base;
mod bill;
mod deployed;
mod error;
mod jobs;
mod prices;
mod renew;
mod report;
mod serving;

pub use base::{Base, BaseError};
pub use bill::{Bill, Line};
pub use error::CostError;
pub use prices::{Prices, PricesError};
pub use renew::{Renewed, renew, renew_with};
pub use report::{compared, markdown, text};

use deployed::Deployed;
use std::path::Path;

/// The most that a run of the pipeline of `environment` can cost, by the files of the repository at `root`.
///
/// # Errors
/// The files that deploy are wrong.
pub async fn estimate(root: &Path, environment: &str, prices: &Prices) -> Result<Bill, CostError> {
    let deployed = Deployed::read(root, environment).await?;
    Ok(bill::bill(&deployed, prices))
}
