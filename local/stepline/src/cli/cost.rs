//! `stepline cost`: the most that one run can cost, and the change against another state of the repository.

use super::session::{self, Trouble};
use crate::cost::{self, Base, Prices};
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// What `cost` takes.
#[derive(clap::Args)]
pub(super) struct CostOptions {
    /// The environment; otherwise dev, or the only one
    #[arg(long, value_name = "ENVIRONMENT")]
    env: Option<String>,
    /// Prints it as JSON
    #[arg(long, conflicts_with = "markdown")]
    json: bool,
    /// Prints it as Markdown, for a pull request
    #[arg(long)]
    markdown: bool,
    /// What to show the change against: another checkout's folder, or a revision of git
    #[arg(long, value_name = "FOLDER|REVISION")]
    base: Option<String>,
    /// Renews local/stepline/prices.json of a clone of Stepline from AWS's price list, with your credentials (pricing:GetProducts)
    #[arg(long, conflicts_with_all = ["json", "markdown", "base"])]
    renew: bool,
}

pub(super) async fn cost(options: CostOptions) -> Result<ExitCode, Trouble> {
    let root = session::repository()?;
    let other = |error: &dyn std::fmt::Display| Trouble::Other(error.to_string());
    let mut prices = Prices::read(&root).map_err(|error| other(&error))?;
    if options.renew {
        Prices::can_be_renewed(&root).map_err(|error| Trouble::Usage(error.to_string()))?;
        return renew(&root, &mut prices).await;
    }
    let environment = session::known(&root, options.env.as_deref())?;
    let bill = cost::estimate(&root, &environment, &prices).await;
    let bill = bill.map_err(|error| other(&error))?;
    let base = match options.base {
        None => None,
        Some(given) => {
            let base = Base::find(&root, &given).map_err(|error| Trouble::Usage(error.to_string()))?;
            let of_base = cost::estimate(base.folder(), &environment, &prices).await;
            Some((
                of_base.map_err(|error| Trouble::Other(format!("{given}: {error}")))?,
                given,
            ))
        }
    };
    let beside = base.as_ref().map(|(bill, name)| (bill, name.as_str()));
    let shown = if options.markdown {
        cost::markdown(&bill, beside)
    } else if options.json {
        let shown = json!({
            "bill": bill, "runUsd": bill.run_usd(), "serviceMonthUsd": bill.service_month_usd(),
            "base": beside.map(|(base, name)| json!({
                "name": name, "bill": base, "runUsd": base.run_usd(), "serviceMonthUsd": base.service_month_usd(),
            })),
        });
        format!("{shown:#}\n")
    } else {
        let change = beside.map(|(base, name)| format!("\n{}", cost::compared(&bill, base, name)));
        cost::text(&bill) + &change.unwrap_or_default()
    };
    // A reader that went away (`| head`) is no fault.
    let _ = write!(std::io::stdout().lock(), "{shown}");
    Ok(ExitCode::SUCCESS)
}

async fn renew(root: &Path, prices: &mut Prices) -> Result<ExitCode, Trouble> {
    let renewed = cost::renew(prices).await;
    let renewed = renewed.map_err(|error| Trouble::Other(format!("AWS's price list: {error}")))?;
    prices.write(root).map_err(|error| Trouble::Other(error.to_string()))?;
    for (name, region, before, now) in &renewed.changed {
        say!("{name} in {region}: ${now} instead of ${before}");
    }
    for name in &renewed.not_found {
        say!("{name}: the price list has not one price for it, so it stays");
    }
    say!(
        "{} changed, {} as they were, {} not found. The defaults of `Prices` in sam/template.yaml have to follow.",
        renewed.changed.len(),
        renewed.same,
        renewed.not_found.len()
    );
    Ok(ExitCode::SUCCESS)
}
