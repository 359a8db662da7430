//! SNS: standard topics, which deliver into queues. Subscriptions by email wait for ever: nothing is sent.
//!
//! Follows <https://docs.aws.amazon.com/sns/latest/api/welcome.html>. FIFO topics, filter policies and other protocols
//! are refused by name.

mod message;
mod publishing;
mod subscriptions;
mod tags;
#[cfg(test)]
mod tests;
mod topic;
mod topics;

pub use topics::Sns;

use platform::{Call, ErrorKind, Operation, Operations, Platform, Requirement, Served, ServiceError};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::LazyLock;
use tags::OfResource;
use topics::{OnTopic, may_create};

/// See <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html>.
impl Served for Sns {
    const SIGNING_NAME: &'static str = "sns";

    /// On AWS a topic delivers to queues in other regions too.
    fn is_here(&self, platform: &Platform, operation: &str, input: &Value) -> Result<(), ServiceError> {
        let endpoint = input["Endpoint"].as_str().filter(|_| operation == "Subscribe");
        match endpoint.and_then(|arn| platform.account.elsewhere(arn)) {
            Some(region) => {
                let message =
                    format_args!("the local run has no subscriptions of what is in another region ({region})");
                Err(ServiceError::new("NotInLocalRun", message).with_status(501))
            }
            None => Ok(()),
        }
    }

    fn operations() -> &'static Operations<Self> {
        static TABLE: LazyLock<Operations<Sns>> = LazyLock::new(|| {
            Operations::new([
                Operation::new("CreateTopic", may_create, Sns::create_topic),
                // To delete what is not there is no error.
                Operation::on(
                    "DeleteTopic",
                    |_, input: &OnTopic<_>| input.target.topic_arn.clone(),
                    Sns::delete_topic,
                ),
                // IAM does not know which topic a subscription belongs to.
                Operation::on("GetSubscriptionAttributes", all, Sns::subscription),
                on_topic("GetTopicAttributes", Sns::get_attributes),
                Operation::on("ListSubscriptions", all, Sns::list_all),
                on_topic("ListSubscriptionsByTopic", Sns::list_of_topic),
                Operation::on(
                    "ListTagsForResource",
                    |_, input: &OfResource| input.resource_arn.clone(),
                    Sns::list_tags,
                ),
                Operation::on("ListTopics", all, Sns::list_topics),
                Operation::waiting("Publish", Sns::may_publish, Sns::publish),
                Operation::waiting("PublishBatch", Sns::may_publish_batch, Sns::publish_batch),
                Operation::on("SetSubscriptionAttributes", all, Sns::set_subscription),
                on_topic("SetTopicAttributes", Sns::set_attribute),
                Operation::new("Subscribe", Sns::may_subscribe, Sns::subscribe),
                Operation::new("TagResource", tags::may_tag, Sns::tag),
                Operation::on("Unsubscribe", all, Sns::unsubscribe),
                Operation::new("UntagResource", tags::may_untag, Sns::untag),
            ])
        });
        &TABLE
    }

    /// SNS has its own code for what IAM does not allow.
    fn refusal(denied: ServiceError) -> ServiceError {
        ServiceError::new("AuthorizationError", denied.message)
            .with_status(403)
            .of_kind(ErrorKind::Denied)
    }
}

/// An operation on a topic that is there.
fn on_topic<I: DeserializeOwned + Send + 'static>(
    name: &'static str,
    does: fn(&Sns, &Call, OnTopic<I>) -> Result<Value, ServiceError>,
) -> Operation<Sns> {
    let requires = move |sns: &Sns, _: &Platform, input: &OnTopic<I>| {
        let arn = &input.target.topic_arn;
        sns.in_topic(arn, |_| Ok(()))?;
        Ok(vec![Requirement::new(format!("sns:{name}"), arn.as_str())])
    };
    Operation::new(name, requires, does)
}

fn all<I>(_: &Platform, _: &I) -> String {
    "*".to_owned()
}
