//! The quotas that a first deployment meets.

use super::intent::Intent;

/// A quota, and the least value that a deployment needs.
pub(super) struct Need {
    /// The service's code in Service Quotas.
    pub(super) service: &'static str,
    /// The quota's name.
    pub(super) name: String,
    /// The least value that is enough.
    pub(super) least: f64,
    /// What needs it.
    pub(super) why: &'static str,
}

/// The services whose quotas are asked for.
pub(super) fn services() -> [&'static str; 3] {
    ["codebuild", "sagemaker", "states"]
}

/// The quotas that a deployment needs.
pub(super) fn needs(intent: &Intent) -> Vec<Need> {
    let mut needs: Vec<Need> = intent
        .instance_type
        .iter()
        .map(|instance_type| Need {
            service: "sagemaker",
            name: format!("{instance_type} for processing job usage"),
            least: 1.0,
            why: "the processing job runs on one instance of this type, and new accounts often have none",
        })
        .collect();
    needs.push(Need {
        service: "codebuild",
        name: "Concurrently running builds for Linux/Small environment".to_owned(),
        least: 1.0,
        why: "the image is built on such a machine, and new accounts may have none",
    });
    for (name, why) in [
        (
            "StartExecution throttle token refill rate per second",
            "each pipeline execution starts one execution",
        ),
        (
            "DescribeExecution throttle token refill rate per second",
            "each running pipeline asks about twice a minute",
        ),
    ] {
        needs.push(Need {
            service: "states",
            name: name.to_owned(),
            least: 1.0,
            why,
        });
    }
    needs
}
