//! Renewing the prices from AWS's price list:
//! <https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html>.

use super::prices::{Price, Prices};
use crate::doctor::{Access, LookupError};
use jiff::Timestamp;
use serde_json::Value;

/// Where AWS's price list answers: <https://docs.aws.amazon.com/general/latest/gr/billing.html>.
const REGION: &str = "us-east-1";

/// What the price list said.
#[derive(Debug, Default, PartialEq)]
pub struct Renewed {
    /// The prices that changed: the name, its region, before and now.
    pub changed: Vec<(String, String, f64, f64)>,
    /// How many are as they were.
    pub same: usize,
    /// Those that the price list does not have under their usage type, or not one of: they stay as they are.
    pub not_found: Vec<String>,
}

/// Asks for each price, with the credentials of the process's environment.
///
/// # Errors
/// A call that AWS refuses: nothing is changed then.
pub async fn renew(prices: &mut Prices) -> Result<Renewed, LookupError> {
    renew_with(&Access::from_environment(REGION).await, prices).await
}

/// The same, with an [`Access`] that is there already.
///
/// # Errors
/// A call that AWS refuses: nothing is changed then.
pub async fn renew_with(access: &Access, prices: &mut Prices) -> Result<Renewed, LookupError> {
    let today = Timestamp::now().strftime("%Y-%m-%d").to_string();
    let mut asked = prices.clone();
    let mut renewed = Renewed::default();
    for price in &mut asked.prices {
        match ask(access, price).await? {
            None => renewed.not_found.push(format!("{} in {}", price.name, price.region)),
            Some(usd) => {
                // Both were written in decimal.
                if usd.to_bits() == price.usd.to_bits() {
                    renewed.same += 1;
                } else {
                    let name = (price.name.clone(), price.region.clone());
                    renewed.changed.push((name.0, name.1, price.usd, usd));
                }
                price.usd = usd;
                price.date.clone_from(&today);
                "AWS Price List, GetProducts".clone_into(&mut price.source);
                price.confirmed = true;
            }
        }
    }
    *prices = asked;
    Ok(renewed)
}

/// What AWS charges on demand for a usage type; None if the list has no such product, or several with other prices.
async fn ask(access: &Access, price: &Price) -> Result<Option<f64>, LookupError> {
    let mut filters = vec![
        ("regionCode", price.region.as_str()),
        ("usagetype", price.usage_type.as_str()),
    ];
    filters.extend(price.operation.as_deref().map(|operation| ("operation", operation)));
    let found = access.get_products(&price.service, &filters).await?;
    let mut charged: Vec<f64> = found.iter().filter_map(on_demand).collect();
    charged.sort_by(f64::total_cmp);
    charged.dedup();
    match charged.as_slice() {
        [one] => Ok(Some(*one)),
        _ => Ok(None),
    }
}

/// The price of a product's first tier that costs something.
fn on_demand(product: &Value) -> Option<f64> {
    let terms = product["terms"]["OnDemand"].as_object()?.values();
    let dimensions = terms
        .filter_map(|term| term["priceDimensions"].as_object())
        .flat_map(|all| all.values());
    let mut tiers: Vec<(f64, f64)> = dimensions
        .filter_map(|dimension| {
            let number = |value: &Value| value.as_str()?.parse::<f64>().ok();
            Some((
                number(&dimension["beginRange"]).unwrap_or_default(),
                number(&dimension["pricePerUnit"]["USD"])?,
            ))
        })
        .filter(|(_, usd)| *usd > 0.0)
        .collect();
    tiers.sort_by(|(left, _), (right, _)| left.total_cmp(right));
    tiers.first().map(|(_, usd)| *usd)
}
