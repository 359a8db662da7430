//! Links into AWS's console.

use crate::place::Place;

/// The page of an execution in the console of its partition and region. Nothing if the text is not an ARN, or the
/// partition has no public console.
#[must_use]
pub fn execution_link(execution_arn: &str) -> Option<String> {
    let place = Place::of_arn(execution_arn)?;
    let domain = match place.partition.as_str() {
        "aws" => "console.aws.amazon.com",
        "aws-cn" => "console.amazonaws.cn",
        "aws-us-gov" => "console.amazonaws-us-gov.com",
        "aws-eusc" => "console.amazonaws-eusc.eu",
        _ => return None,
    };
    let region = &place.region;
    // Express executions have a page of their own, under another path.
    let page = if execution_arn.contains(":express:") {
        "express-executions"
    } else {
        "v2/executions"
    };
    Some(format!(
        "https://{region}.{domain}/states/home?region={region}#/{page}/details/{execution_arn}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_partition_has_its_console() {
        for (partition, region, start) in [
            (
                "aws",
                "eu-west-1",
                "https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/",
            ),
            (
                "aws-cn",
                "cn-north-1",
                "https://cn-north-1.console.amazonaws.cn/states/home?region=cn-north-1#/v2/",
            ),
            (
                "aws-us-gov",
                "us-gov-west-1",
                "https://us-gov-west-1.console.amazonaws-us-gov.com/states/home?",
            ),
        ] {
            let arn = format!("arn:{partition}:states:{region}:123456789012:execution:ml:one");
            let link = execution_link(&arn).unwrap();
            assert!(link.starts_with(start) && link.ends_with(&arn), "{link}");
        }
    }

    #[test]
    fn an_express_execution_has_its_own_page() {
        let link = execution_link("arn:aws:states:us-east-1:123456789012:express:ml:one:2f0e").unwrap();
        assert!(link.contains("#/express-executions/details/arn:aws:states"), "{link}");
    }

    #[test]
    fn without_a_public_console_there_is_no_link() {
        assert_eq!(
            execution_link("arn:aws-iso:states:us-iso-east-1:123456789012:execution:ml:one"),
            None
        );
        assert_eq!(execution_link("ml"), None);
    }
}
