//! Activities: work that is done by workers, which ask for it.
//!
//! - `activity` is what is kept of one, `kept` has all of them;
//! - `queue` has the tasks that wait for a worker;
//! - `poll` is GetActivityTask, by which a worker takes one.

mod activity;
pub(crate) mod kept;
mod poll;
pub(crate) mod queue;

use super::arn::{Arn, check_name};
use super::registry::StepFunctions;
use super::rows::{AllOfThem, on, on_all, paged};
use crate::tags::SmallTag;
use activity::Activity;
use jiff::Timestamp;
use kept::find;
use platform::{Call, Operation, Platform, Requirement, ServiceError};
use serde::Deserialize;
use serde_json::{Value, json};

/// As many activities there can be: <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>.
const MOST: usize = 10_000;

/// The rows of the operations on activities.
pub(super) fn operations() -> impl IntoIterator<Item = Operation<StepFunctions>> {
    let rows = [
        Operation::new(
            "CreateActivity",
            |_: &StepFunctions, platform: &Platform, it: &Create| {
                let create = Requirement::new("states:CreateActivity", arn(platform, &it.name));
                Ok(vec![create.giving(&it.tags)])
            },
            StepFunctions::create_activity,
        ),
        on(
            "DescribeActivity",
            |it: &Named| &it.activity_arn,
            StepFunctions::describe_activity,
        ),
        on(
            "DeleteActivity",
            |it: &Named| &it.activity_arn,
            StepFunctions::delete_activity,
        ),
        on_all("ListActivities", StepFunctions::list_activities),
    ];
    rows.into_iter().chain(poll::operations())
}

fn arn(platform: &Platform, name: &str) -> String {
    platform.account.arn("states", format_args!("activity:{name}"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Create {
    name: String,
    #[serde(default)]
    tags: Vec<SmallTag>,
    encryption_configuration: Option<Encryption>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Encryption {
    #[serde(rename = "type")]
    kind: String,
    kms_key_id: Option<String>,
    kms_data_key_reuse_period_seconds: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Named {
    activity_arn: String,
}

impl Encryption {
    /// Refuses keys of one's own: the local run has no KMS, and would keep the data without them.
    fn check(&self) -> Result<(), ServiceError> {
        match self.kind.as_str() {
            "AWS_OWNED_KEY" if self.kms_key_id.is_none() && self.kms_data_key_reuse_period_seconds.is_none() => Ok(()),
            "AWS_OWNED_KEY" => Err(ServiceError::new(
                "InvalidEncryptionConfiguration",
                "Invalid Encryption Configuration: 'AWS_OWNED_KEY takes no kmsKeyId and no kmsDataKeyReusePeriodSeconds'",
            )),
            "CUSTOMER_MANAGED_KMS_KEY" => Err(ServiceError::new(
                "NotInLocalRun",
                "the local run has no KMS: it does not have the encryptionConfiguration `CUSTOMER_MANAGED_KMS_KEY`",
            )),
            other => {
                let rule = "Member must satisfy enum value set: [AWS_OWNED_KEY, CUSTOMER_MANAGED_KMS_KEY]";
                Err(ServiceError::constraint(other, "encryptionConfiguration.type", rule))
            }
        }
    }
}

impl StepFunctions {
    /// Asked for again, it is the same activity: the tags stay those of the first time.
    fn create_activity(&self, call: &Call, input: Create) -> Result<Value, ServiceError> {
        check_name(&input.name)?;
        input
            .encryption_configuration
            .as_ref()
            .map_or(Ok(()), Encryption::check)?;
        let mut rows = self.activities.rows.lock();
        if let Some(known) = rows.get(&input.name) {
            return Ok(known.created());
        }
        if rows.len() >= MOST {
            return Err(ServiceError::new(
                "ActivityLimitExceeded",
                "The maximum number of activities has been reached. Existing activities must be deleted before a new activity can be created.",
            ));
        }
        let activity = Activity {
            arn: arn(&call.platform, &input.name),
            name: input.name.clone(),
            created: Timestamp::now(),
            tags: input.tags.into_iter().map(|tag| (tag.key, tag.value)).collect(),
        };
        let answer = activity.created();
        rows.insert(input.name, activity);
        Ok(answer)
    }

    fn describe_activity(&self, _: &Call, input: Named) -> Result<Value, ServiceError> {
        let rows = self.activities.rows.lock();
        Ok(find(&rows, &input.activity_arn)?.described())
    }

    /// Deleting what is not there succeeds, on AWS too. Tasks that workers have taken go on to their ends.
    fn delete_activity(&self, _: &Call, input: Named) -> Result<Value, ServiceError> {
        let mut rows = self.activities.rows.lock();
        Arn::of_kind(&input.activity_arn, "activity")?;
        if let Ok(found) = find(&rows, &input.activity_arn) {
            let name = found.name.clone();
            rows.remove(&name);
        }
        Ok(json!({}))
    }

    fn list_activities(&self, _: &Call, input: AllOfThem) -> Result<Value, ServiceError> {
        let rows = self.activities.rows.lock();
        let listed = rows.values().map(Activity::listed);
        paged("activities", listed, input.max_results, input.next_token.as_deref())
    }
}
