//! Elastic Load Balancing: application load balancers, which answer at a port of loopback and hand requests on to healthy
//! targets.
//!
//! Follows <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/Welcome.html>. A load balancer's
//! `DNSName` is `127.0.0.1:PORT` here, whatever its listener's port is, so that `http://` and the name lead there. It
//! has one listener, of HTTP. Other types of load balancers, rules beside the default one, targets elsewhere than on
//! this machine and sticky sessions are refused by name.

mod account;
mod balancers;
mod checks;
mod client;
mod groups;
mod health;
mod input;
mod listeners;
mod proxy;
mod resuming;
mod rows;
mod tagging;
mod targets;
#[cfg(test)]
mod tests;

pub use account::ElasticLoadBalancing;

use balancers::on_tagged;
use platform::{Call, Operation, Operations, Platform, Served, ServiceError};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::{Arc, LazyLock};

/// See <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html>.
impl Served for ElasticLoadBalancing {
    const SIGNING_NAME: &'static str = "elasticloadbalancing";

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<ElasticLoadBalancing>> = LazyLock::new(|| {
            type Elb = ElasticLoadBalancing;
            Operations::new([
                Operation::new("AddTags", tagging::may_add, Elb::add_tags),
                Operation::new("CreateListener", listeners::may_create, Elb::create_listener),
                Operation::waiting("CreateLoadBalancer", balancers::may_create, Elb::create_balancer),
                Operation::new("CreateTargetGroup", groups::may_create, Elb::create_group),
                on("DeleteListener", |input| &input.listener_arn, Elb::delete_listener),
                on(
                    "DeleteLoadBalancer",
                    |input| &input.load_balancer_arn,
                    Elb::delete_balancer,
                ),
                on("DeleteTargetGroup", |input| &input.target_group_arn, Elb::delete_group),
                of_targets("DeregisterTargets", Elb::deregister),
                list("DescribeListeners", Elb::describe_listeners),
                list("DescribeLoadBalancerAttributes", Elb::balancer_attributes),
                list("DescribeLoadBalancers", Elb::describe_balancers),
                list("DescribeRules", Elb::describe_rules),
                list("DescribeTags", Elb::describe_tags),
                list("DescribeTargetGroupAttributes", Elb::group_attributes),
                list("DescribeTargetGroups", Elb::describe_groups),
                list("DescribeTargetHealth", Elb::health),
                on(
                    "ModifyLoadBalancerAttributes",
                    |input| &input.load_balancer_arn,
                    Elb::modify_balancer,
                ),
                on(
                    "ModifyTargetGroup",
                    |input| &input.own.target_group_arn,
                    Elb::modify_health_check,
                ),
                on(
                    "ModifyTargetGroupAttributes",
                    |input| &input.target_group_arn,
                    Elb::modify_group,
                ),
                of_targets("RegisterTargets", Elb::register),
            ])
        });
        &TABLE
    }
}

/// An operation on the resource with this ARN. Policies can ask for the resource's tags.
fn on<I: DeserializeOwned + Send + 'static>(
    name: &'static str,
    arn: fn(&I) -> &String,
    does: fn(&ElasticLoadBalancing, &Call, I) -> Result<Value, ServiceError>,
) -> Operation<ElasticLoadBalancing> {
    let requires = move |service: &ElasticLoadBalancing, _: &Platform, input: &I| on_tagged(service, name, arn(input));
    Operation::new(name, requires, does)
}

/// A description, for which IAM knows no resources.
fn list<I: DeserializeOwned + Send + 'static>(
    name: &'static str,
    does: fn(&ElasticLoadBalancing, &Call, I) -> Result<Value, ServiceError>,
) -> Operation<ElasticLoadBalancing> {
    Operation::on(name, |_, _: &I| "*", does)
}

fn of_targets<F>(
    name: &'static str,
    does: fn(Arc<ElasticLoadBalancing>, Call, targets::OfTargets) -> F,
) -> Operation<ElasticLoadBalancing>
where
    F: Future<Output = Result<Value, ServiceError>> + Send + 'static,
{
    let requires = move |service: &ElasticLoadBalancing, _: &Platform, input: &targets::OfTargets| {
        on_tagged(service, name, &input.target_group_arn)
    };
    Operation::waiting(name, requires, does)
}
