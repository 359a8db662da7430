//! `AWS::Serverless::Application`: a stack that is nested.
//!
//! Follows <https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-application.html>.

use super::super::code;
use super::super::fault::Fault;
use super::parent::{Generated, Parent, copy, tag_list};
use serde_json::{Map, Value, json};
use std::path::Path;

/// Properties that a nested stack has under another name, or in another form.
const EXPANDED: &[&str] = &["Location", "Tags"];

/// Properties that it has under the same name.
const SAME: &[&str] = &["NotificationARNs", "Parameters", "TimeoutInMinutes"];

/// The nested stack, under the application's id.
pub(super) fn expand(parent: &Parent<'_>, directory: &Path) -> Result<Generated, Fault> {
    let properties = &parent.properties;
    parent.check_properties(&[SAME, EXPANDED], &[], "an application")?;
    let within = |fault: Fault| fault.within("Location").within("Properties");
    let location = properties.get("Location");
    let location = location.ok_or_else(|| Fault::new("has no `Location`").within("Properties"))?;
    if let Some(application) = location.get("ApplicationId") {
        let which = application.as_str().unwrap_or("an application");
        let fault = Fault::absent(format_args!(
            "the local run has no Serverless Application Repository: `{which}` is not deployed"
        ));
        return Err(within(fault));
    }
    let mut stack = Map::new();
    copy(properties, SAME, &mut stack);
    let mut url = location.clone();
    code::nested(&mut url, directory).map_err(within)?;
    stack.insert("TemplateURL".into(), url);
    // SAM says on each stack that it has made it.
    let mut tags = vec![json!({"Key": "lambda:createdBy", "Value": "SAM"})];
    if let Some(own) = properties.get("Tags") {
        let own = tag_list(own).map_err(|fault| fault.within("Properties"))?;
        tags.extend(own.as_array().into_iter().flatten().cloned());
    }
    stack.insert("Tags".into(), Value::Array(tags));
    Ok(vec![parent.generate_main("AWS::CloudFormation::Stack", stack)])
}
