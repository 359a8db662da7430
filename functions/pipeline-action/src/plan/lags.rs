//! How long AWS may show something old.

use std::time::Duration;

/// How long the lists of AWS may take to show what has just happened.
pub(crate) const SETTLES: Duration = Duration::from_secs(120);
/// How long DescribeExecution may show the end that an execution had before it was redriven.
pub(crate) const LAGS: Duration = Duration::from_secs(10 * 60);
/// How far the clocks of CodePipeline and Step Functions may be apart.
pub(crate) const SKEW: Duration = Duration::from_secs(60);
