//! The name and the input of the execution that runs an image: always the same for the same image and rule.

use serde_json::{Map, Value, json};
use shared::execution_name::ExecutionName;
use shared::place::Place;
use shared::ports::images::Repository;
use shared::state_machine::StateMachineArn;
use shared::time::Timestamp;

/// How much of a tag goes into an execution's name. The name of a job is made of the execution's name, and needs room.
const TAG_LENGTH: usize = 24;

/// An image that is to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    /// Where it is.
    pub(crate) repository: Repository,
    /// The digest of what is run.
    pub(crate) digest: String,
    /// The tag it was pushed with.
    pub(crate) tag: Option<String>,
    /// When.
    pub(crate) pushed_at: Option<Timestamp>,
    /// The manifest's media type.
    pub(crate) media_type: Option<String>,
}

impl Image {
    /// The name of the execution that runs this image on a state machine with a rule's input.
    ///
    /// It comes from what is run, and never from the position of a rule: the positions of rules can change. Two rules
    /// that run the same image with the same input on the same state machine give the same name.
    pub(crate) fn execution_name(&self, state_machine: &StateMachineArn, rule: &Map<String, Value>) -> ExecutionName {
        let repository = format!("{}/{}", self.repository.registry_id, self.repository.name);
        let tag = self.tag.as_deref().unwrap_or_default();
        let rule = (!rule.is_empty()).then(|| sorted(&Value::Object(rule.clone())).to_string());
        let mut parts = vec![state_machine.unqualified(), &repository, &self.digest, tag];
        parts.extend(rule.as_deref());
        let shown: String = self
            .tag
            .as_deref()
            .unwrap_or("untagged")
            .chars()
            .take(TAG_LENGTH)
            .collect();
        ExecutionName::derive(&format!("push-{shown}"), &parts)
    }

    /// The execution's input: what is known of the image, with the rule's own input laid over it.
    pub(crate) fn input(&self, place: &Place, rule: &Map<String, Value>) -> String {
        let registry = registry_host(&self.repository.registry_id, place);
        let mut input = json!({
            "image": {
                "uri": format!("{registry}/{}@{}", self.repository.name, self.digest),
                "repository": self.repository.name,
                "tag": self.tag,
                "digest": self.digest,
                "registry": registry,
                "pushedAt": self.pushed_at.map(iso_8601),
                "mediaType": self.media_type,
            }
        });
        lay_over(&mut input, rule);
        input.to_string()
    }
}

/// The same value with the fields of its objects in the order of their names. So the order in which a rule is written
/// makes no difference.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<(&String, &Value)> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            fields
                .into_iter()
                .map(|(name, value)| (name.clone(), sorted(value)))
                .collect()
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Objects are laid over objects field by field; everything else replaces what was there.
fn lay_over(below: &mut Value, above: &Map<String, Value>) {
    let Value::Object(fields) = below else {
        *below = Value::Object(above.clone());
        return;
    };
    for (name, value) in above {
        match (fields.get_mut(name), value) {
            (Some(below @ Value::Object(_)), Value::Object(above)) => lay_over(below, above),
            _ => drop(fields.insert(name.clone(), value.clone())),
        }
    }
}

/// A registry's host name: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html>.
///
/// The suffix is the partition's own: <https://docs.aws.amazon.com/general/latest/gr/ecr.html>.
fn registry_host(registry_id: &str, place: &Place) -> String {
    let suffix = match place.partition.as_str() {
        "aws-cn" => "amazonaws.com.cn",
        "aws-eusc" => "amazonaws.eu",
        "aws-iso" => "c2s.ic.gov",
        "aws-iso-b" => "sc2s.sgov.gov",
        "aws-iso-e" => "cloud.adc-e.uk",
        "aws-iso-f" => "csp.hci.ic.gov",
        _ => "amazonaws.com",
    };
    format!("{registry_id}.dkr.ecr.{}.{suffix}", place.region)
}

/// A moment as `2026-11-23T16:30:00Z`.
fn iso_8601(at: Timestamp) -> String {
    let seconds = at.as_millis().div_euclid(1_000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years that begin in March make every leap day the last of its year:
    // <https://howardhinnant.github.io/date_algorithms.html#civil_from_days>.
    let days = days + 719_468;
    let (era, day_of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image() -> Image {
        Image {
            repository: Repository {
                registry_id: "123456789012".to_owned(),
                name: "team/ml".to_owned(),
            },
            digest: format!("sha256:{}", "a1".repeat(32)),
            tag: Some("release-1.4.0".to_owned()),
            pushed_at: Some(Timestamp::from_millis(1_795_451_400_500)),
            media_type: Some("application/vnd.docker.distribution.manifest.v2+json".to_owned()),
        }
    }

    fn input(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).expect("an object")
    }

    fn machine(name: &str) -> StateMachineArn {
        let arn = format!("arn:aws:states:us-east-1:123456789012:stateMachine:{name}");
        StateMachineArn::parse(&arn).expect("an ARN")
    }

    #[test]
    fn the_name_depends_on_machine_repository_digest_tag_and_input_alone() {
        let none = Map::new();
        let name = image().execution_name(&machine("ml"), &none);
        assert!(name.as_str().starts_with("push-release-1-4-0-"), "{name}");
        let later = Image {
            pushed_at: None,
            media_type: None,
            ..image()
        };
        assert_eq!(later.execution_name(&machine("ml"), &none), name);
        assert_eq!(
            later.execution_name(&machine("ml:live"), &none),
            name,
            "whichever version runs it"
        );
        let long = Image {
            tag: Some("release-".repeat(16)),
            ..image()
        };
        assert!(long.execution_name(&machine("ml"), &none).as_str().len() <= 45);
        let other_repository = Repository {
            name: "team/ml2".to_owned(),
            ..image().repository
        };
        let others = [
            image().execution_name(&machine("ml2"), &none),
            image().execution_name(&machine("ml"), &input(r#"{"mode": "nightly"}"#)),
            Image {
                repository: other_repository,
                ..image()
            }
            .execution_name(&machine("ml"), &none),
            Image {
                digest: "sha256:b".to_owned(),
                ..image()
            }
            .execution_name(&machine("ml"), &none),
            Image {
                tag: Some("release-1-4-0".to_owned()),
                ..image()
            }
            .execution_name(&machine("ml"), &none),
            Image { tag: None, ..image() }.execution_name(&machine("ml"), &none),
        ];
        for other in others {
            assert_ne!(other, name);
        }
    }

    #[test]
    fn a_rule_s_input_names_the_execution_however_it_is_written() {
        let name = |text| image().execution_name(&machine("ml"), &input(text));
        let nightly = name(r#"{"mode": "nightly", "more": [{"a": 1, "b": null}]}"#);
        assert_eq!(name(r#"{"more": [{"b": null, "a": 1}], "mode": "nightly"}"#), nightly);
        for other in [
            "{}",
            r#"{"mode": "nightly"}"#,
            r#"{"mode": "nightly", "more": [{"a": 1, "b": 0}]}"#,
            r#"{"mode": "nightly", "more": {"a": 1, "b": null}}"#,
        ] {
            assert_ne!(name(other), nightly, "{other}");
        }
    }

    #[test]
    fn the_rule_s_input_lies_over_the_image() {
        let place = Place::of_arn("arn:aws:lambda:us-east-1:123456789012:function:f").expect("a place");
        let rule = json!({"image": {"tag": "mine", "more": 1}, "mode": "nightly"});
        let input: Value =
            serde_json::from_str(&image().input(&place, rule.as_object().expect("an object"))).expect("JSON");
        let registry = "123456789012.dkr.ecr.us-east-1.amazonaws.com";
        let digest = image().digest;
        assert_eq!(
            input,
            json!({
                "image": {
                    "uri": format!("{registry}/team/ml@{digest}"), "repository": "team/ml", "tag": "mine", "digest": digest,
                    "registry": registry, "pushedAt": "2026-11-23T16:30:00Z",
                    "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "more": 1,
                },
                "mode": "nightly",
            })
        );
    }

    #[test]
    fn registries_are_named_by_their_partition() {
        for (arn, host) in [
            (
                "arn:aws:lambda:eu-west-1:1:function:f",
                "1.dkr.ecr.eu-west-1.amazonaws.com",
            ),
            (
                "arn:aws-us-gov:lambda:us-gov-west-1:1:function:f",
                "1.dkr.ecr.us-gov-west-1.amazonaws.com",
            ),
            (
                "arn:aws-cn:lambda:cn-north-1:1:function:f",
                "1.dkr.ecr.cn-north-1.amazonaws.com.cn",
            ),
            (
                "arn:aws-eusc:lambda:eusc-de-east-1:1:function:f",
                "1.dkr.ecr.eusc-de-east-1.amazonaws.eu",
            ),
            (
                "arn:aws-iso:lambda:us-iso-east-1:1:function:f",
                "1.dkr.ecr.us-iso-east-1.c2s.ic.gov",
            ),
            (
                "arn:aws-iso-b:lambda:us-isob-east-1:1:function:f",
                "1.dkr.ecr.us-isob-east-1.sc2s.sgov.gov",
            ),
            (
                "arn:aws-iso-e:lambda:eu-isoe-west-1:1:function:f",
                "1.dkr.ecr.eu-isoe-west-1.cloud.adc-e.uk",
            ),
            (
                "arn:aws-iso-f:lambda:us-isof-south-1:1:function:f",
                "1.dkr.ecr.us-isof-south-1.csp.hci.ic.gov",
            ),
        ] {
            assert_eq!(registry_host("1", &Place::of_arn(arn).expect("a place")), host);
        }
    }

    #[test]
    fn moments_are_written_as_the_calendar_has_them() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_709_251_199, "2024-02-29T23:59:59Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(iso_8601(Timestamp::from_millis(seconds * 1_000)), text);
        }
    }
}
