//! What serves: services of ECS, their task definitions, and where a load balancer answers for them.

use super::reader::{Gone, Reader};
use super::values::text;
use serde_json::{Value, json};

/// A revision of a task definition.
#[derive(Debug, Clone, Default)]
pub(crate) struct Definition {
    /// Its ARN.
    pub(crate) arn: String,
    /// The images of its containers.
    pub(crate) images: Vec<String>,
    /// The ARN of the model package that it serves; empty where it serves none.
    pub(crate) model: String,
}

/// A service.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    /// Its ARN.
    pub(crate) arn: String,
    /// Its name.
    pub(crate) name: String,
    /// The task definition that it has now.
    pub(crate) definition: Definition,
    /// How many tasks run.
    pub(crate) running: u64,
    /// Where its load balancer answers: a host, and a port where that is not 80.
    pub(crate) address: Option<String>,
}

impl Definition {
    fn read(raw: &Value) -> Self {
        let containers = || raw["containerDefinitions"].as_array().into_iter().flatten();
        let variables = || {
            containers()
                .filter_map(|container| container["environment"].as_array())
                .flatten()
        };
        let model = variables().find(|variable| variable["name"] == "MODEL_PACKAGE_ARN");
        Self {
            arn: text(raw, "taskDefinitionArn").to_owned(),
            images: containers()
                .map(|container| text(container, "image").to_owned())
                .collect(),
            model: model
                .map(|variable| text(variable, "value").to_owned())
                .unwrap_or_default(),
        }
    }

    /// Its family and revision.
    pub(crate) fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }
}

impl Service {
    /// Where it answers, if that is this machine: the only place that the page asks.
    pub(crate) fn loopback(&self) -> Option<u16> {
        let (host, port) = self.address.as_deref()?.rsplit_once(':')?;
        if host != "127.0.0.1" {
            return None;
        }
        port.parse().ok()
    }
}

impl Reader {
    /// The services of all clusters.
    pub(crate) async fn services(&self) -> Result<Vec<Service>, Gone> {
        let clusters = self.arns("ListClusters", json!({}), "clusterArns").await?;
        let mut found = Vec::new();
        for cluster in clusters {
            let arns = self
                .arns("ListServices", json!({"cluster": cluster}), "serviceArns")
                .await?;
            // ECS describes ten at once.
            for ten in arns.chunks(10) {
                let input = json!({"cluster": cluster, "services": ten});
                let described = self.look("ecs", "DescribeServices", input).await?;
                for raw in described["services"].as_array().into_iter().flatten() {
                    found.push(self.service(raw).await);
                }
            }
        }
        Ok(found)
    }

    async fn service(&self, raw: &Value) -> Service {
        let definition = self
            .task_definition(text(raw, "taskDefinition"))
            .await
            .unwrap_or_default();
        Service {
            arn: text(raw, "serviceArn").to_owned(),
            name: text(raw, "serviceName").to_owned(),
            definition,
            running: raw["runningCount"].as_u64().unwrap_or_default(),
            address: self.address(text(&raw["loadBalancers"][0], "targetGroupArn")).await,
        }
    }

    /// Where the load balancer of a target group answers.
    async fn address(&self, group: &str) -> Option<String> {
        if group.is_empty() {
            return None;
        }
        let elb = "elasticloadbalancing";
        let groups = self
            .look(elb, "DescribeTargetGroups", json!({"TargetGroupArns": [group]}))
            .await
            .ok()?;
        let balancer = &groups["TargetGroups"][0]["LoadBalancerArns"][0];
        let input = json!({"LoadBalancerArns": [balancer]});
        let found = self.look(elb, "DescribeLoadBalancers", input).await.ok()?;
        let name = text(&found["LoadBalancers"][0], "DNSName");
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// A task definition.
    async fn task_definition(&self, arn: &str) -> Result<Definition, Gone> {
        let described = self
            .look("ecs", "DescribeTaskDefinition", json!({"taskDefinition": arn}))
            .await?;
        Ok(Definition::read(&described["taskDefinition"]))
    }

    /// The newest task definitions, at most `most`.
    pub(crate) async fn task_definitions(&self, most: usize) -> Result<Vec<Definition>, Gone> {
        let input = json!({"sort": "DESC"});
        let listed = self.arns("ListTaskDefinitions", input, "taskDefinitionArns").await?;
        let mut found = Vec::new();
        for arn in listed.iter().take(most) {
            found.push(self.task_definition(arn).await?);
        }
        Ok(found)
    }

    async fn arns(&self, operation: &str, input: Value, list: &str) -> Result<Vec<String>, Gone> {
        let listed = self.all(("ecs", operation), input, (list, "nextToken"), 1000).await?;
        Ok(listed.iter().filter_map(Value::as_str).map(str::to_owned).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_asked() {
        let at = |address: Option<&str>| {
            let service = Service {
                arn: String::new(),
                name: String::new(),
                definition: Definition::default(),
                running: 1,
                address: address.map(str::to_owned),
            };
            service.loopback()
        };
        assert_eq!(at(Some("127.0.0.1:8080")), Some(8080));
        for other in [
            None,
            Some("127.0.0.1"),
            Some("127.0.0.1.example:80"),
            Some("10.0.0.1:80"),
            Some("a@127.0.0.1:80"),
        ] {
            assert_eq!(at(other), None, "{other:?}");
        }
    }
}
