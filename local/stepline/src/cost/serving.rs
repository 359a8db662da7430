//! The service that `sam/serving.yaml` makes, as far as it costs money: its tasks and its load balancer.

use super::error::CostError;
use crate::template::{self, SamConfig};
use serde_json::Value;
use std::path::Path;

/// The template of the service. It is optional.
const TEMPLATE: &str = "sam/serving.yaml";

/// What stands and costs for as long as it stands. Tasks run on what images are built for: x86_64.
pub(super) struct Serving {
    pub(super) tasks: f64,
    pub(super) vcpu: f64,
    pub(super) gb: f64,
    pub(super) load_balancers: usize,
}

impl Serving {
    /// Reads it, where the repository has such a template.
    pub(super) fn read(root: &Path, environment: &str) -> Result<Option<Self>, CostError> {
        let file = root.join(TEMPLATE);
        if !file.is_file() {
            return Ok(None);
        }
        let template = template::read(&file)?;
        let config = SamConfig::read(&root.join("sam/samconfig.toml"))?;
        let deployed = config.deployed(&format!("serving-{environment}"));
        let given = deployed.map(|deployed| deployed.values).unwrap_or_default();
        let value = |name: &str| {
            let declared = &template["Parameters"][name]["Default"];
            given.get(name).cloned().unwrap_or_else(|| plain(declared))
        };
        let number = |name: &str| value(name).parse::<f64>().unwrap_or_default();
        let resources = template["Resources"].as_object().into_iter().flatten();
        let kinds = resources.filter_map(|(_, resource)| resource["Type"].as_str());
        Ok(Some(Self {
            tasks: number("DesiredCount"),
            vcpu: number("Cpu") / 1024.0,
            gb: number("Memory") / 1024.0,
            load_balancers: kinds
                .filter(|kind| *kind == "AWS::ElasticLoadBalancingV2::LoadBalancer")
                .count(),
        }))
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
