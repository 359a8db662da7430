//! The prices: a file with a row for each, its date and its source.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Where the file is in a clone of Stepline.
const FILE: &str = "local/stepline/prices.json";

/// The prices that the command carries along, for every other repository.
const OURS: &str = include_str!("../../prices.json");

/// Why there are no prices.
#[derive(Debug, thiserror::Error)]
pub enum PricesError {
    /// The file cannot be read or written.
    #[error("`{}`: {source}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// What is in the way.
        source: std::io::Error,
    },
    /// There is no such file to be renewed.
    #[error(
        "prices are renewed in a clone of Stepline: this repository has no `{FILE}`, and takes those of the command"
    )]
    NotHere,
    /// It is not as it should be.
    #[error("`{}`: {source}", file.display())]
    Json {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: serde_json::Error,
    },
}

/// All prices that are known.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    /// What the file says of itself.
    about: String,
    pub(super) prices: Vec<Price>,
}

/// What one thing costs in one region.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Price {
    pub(super) region: String,
    /// What it is called here, such as `sagemaker.training.ml.m5.large`.
    pub(super) name: String,
    pub(super) usd: f64,
    /// The unit, such as `hour`.
    pub(super) per: String,
    /// The service's code in AWS's price list.
    pub(super) service: String,
    /// What AWS's price list calls it.
    pub(super) usage_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) operation: Option<String>,
    /// The day on which this was so.
    pub(super) date: String,
    pub(super) source: String,
    /// Whether AWS's price list said so, or a copy of it.
    pub(super) confirmed: bool,
}

impl Prices {
    /// The prices of the repository at `root`, or else those of the command.
    ///
    /// # Errors
    /// The repository's file is wrong.
    pub fn read(root: &Path) -> Result<Self, PricesError> {
        let file = root.join(FILE);
        let text = match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => OURS.to_owned(),
            Err(source) => return Err(PricesError::File { file, source }),
            Ok(text) => text,
        };
        serde_json::from_str(&text).map_err(|source| PricesError::Json { file, source })
    }

    /// Whether the repository at `root` has prices of its own, which alone can be renewed.
    ///
    /// # Errors
    /// It has none.
    pub fn can_be_renewed(root: &Path) -> Result<(), PricesError> {
        match root.join(FILE).is_file() {
            true => Ok(()),
            false => Err(PricesError::NotHere),
        }
    }

    /// Writes them back, a row on each line.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, root: &Path) -> Result<(), PricesError> {
        let file = root.join(FILE);
        let json = |source| PricesError::Json {
            file: file.clone(),
            source,
        };
        let about = serde_json::to_string(&self.about).map_err(json)?;
        let rows = self.prices.iter().map(serde_json::to_string);
        let rows: Vec<String> = rows.collect::<Result<_, _>>().map_err(json)?;
        let rows = rows.join(",\n    ");
        let text = format!("{{\n  \"about\": {about},\n  \"prices\": [\n    {rows}\n  ]\n}}\n");
        std::fs::write(&file, text).map_err(|source| PricesError::File { file, source })
    }

    /// A price, if it is known.
    pub(super) fn of(&self, region: &str, name: &str) -> Option<&Price> {
        self.prices
            .iter()
            .find(|price| price.region == region && price.name == name)
    }

    /// The same in dollars.
    pub fn usd(&self, region: &str, name: &str) -> Option<f64> {
        self.of(region, name).map(|price| price.usd)
    }
}
