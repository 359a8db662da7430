//! Variables in an action's configuration: `#{Namespace.key}`.
//!
//! See <https://docs.aws.amazon.com/codepipeline/latest/userguide/reference-variables.html>.

use std::collections::BTreeMap;

/// The values known so far, by namespace and key.
pub(super) type Namespaces = BTreeMap<String, BTreeMap<String, String>>;

/// `text` with every reference replaced by its value.
///
/// # Errors
/// CodePipeline's message for a namespace or a key that does not exist, or for a reference that is not `namespace.key`.
pub(super) fn resolve(text: &str, namespaces: &Namespaces) -> Result<String, String> {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("#{") {
        let Some((reference, behind)) = after.split_once('}') else {
            break;
        };
        resolved.push_str(before);
        resolved.push_str(look_up(reference, namespaces)?);
        rest = behind;
    }
    resolved.push_str(rest);
    Ok(resolved)
}

fn look_up<'n>(reference: &str, namespaces: &'n Namespaces) -> Result<&'n str, String> {
    let (namespace, key) = reference.split_once('.').ok_or_else(|| {
        format!(
            "Valid format for a pipeline execution variable reference is a namespace and a key separated by a period (.). The following pipeline execution variables are not in that format: #{{{reference}}}"
        )
    })?;
    let known = namespaces.get(namespace).ok_or_else(|| {
        format!(
            "Valid format for a pipeline execution variable reference is a namespace and a key separated by a period (.). The following pipeline execution variables are referencing a namespace that does not exist. [{namespace}]"
        )
    })?;
    known.get(key).map(String::as_str).ok_or_else(|| {
        format!(
            "An action is trying to resolve a pipeline execution variable that was not produced: the namespace `{namespace}` has no key `{key}` (it has {})",
            if known.is_empty() { "none".into() } else { known.keys().cloned().collect::<Vec<_>>().join(", ") }
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_become_values_or_a_named_error() {
        let namespaces = Namespaces::from([
            (
                "codepipeline".into(),
                BTreeMap::from([("PipelineExecutionId".into(), "e-1".into())]),
            ),
            (
                "BuildVariables".into(),
                BTreeMap::from([("IMAGE_TAG".into(), "commit-1".into())]),
            ),
        ]);
        for (text, expected) in [
            ("plain", Ok("plain")),
            (
                "{\"id\":\"#{codepipeline.PipelineExecutionId}\"}",
                Ok("{\"id\":\"e-1\"}"),
            ),
            (
                "#{BuildVariables.IMAGE_TAG}-#{codepipeline.PipelineExecutionId}",
                Ok("commit-1-e-1"),
            ),
            ("an open #{end", Ok("an open #{end")),
            ("#{BuildVariables.NOPE}", Err("IMAGE_TAG")),
            ("#{Nobody.KEY}", Err("[Nobody]")),
            ("#{nothing}", Err("#{nothing}")),
        ] {
            match (resolve(text, &namespaces), expected) {
                (Ok(resolved), Ok(expected)) => assert_eq!(resolved, expected),
                (Err(message), Err(part)) => assert!(message.contains(part), "{message}"),
                (resolved, _) => panic!("{text}: {resolved:?}"),
            }
        }
    }
}
