//! From the package to the task definition and the service that serve it.

use crate::lineage::record::{Deployment, Replacement, Topic, Verdict};
use crate::lineage::service;
use crate::lineage::trace::Trace;
use crate::lineage::values::{behind, text};

pub(super) async fn follow(
    trace: &mut Trace<'_>,
    package: &str,
    image: &str,
    commit: Option<&str>,
) -> Option<Deployment> {
    let task_definition = trace.noted("deployment")?;
    let mut deployment = Deployment {
        service: trace.noted("service"),
        deployed_at: trace.noted("deployedAt"),
        in_service: None,
        replaced_by: None,
        task_definition,
    };
    defined(trace, &deployment.task_definition, (package, image, commit)).await;
    if let Some(arn) = deployment.service.clone() {
        serves(trace, &arn, &mut deployment).await;
    }
    Some(deployment)
}

/// Whether the task definition is of this model.
async fn defined(trace: &mut Trace<'_>, arn: &str, (package, image, commit): (&str, &str, Option<&str>)) {
    let answer = service::task_definition(trace.calls, arn).await;
    let name = behind(arn, '/');
    let absent = format!("there is no task definition {name} any more");
    let Some(found) = trace.there(Topic::Deployment, answer, (Verdict::Broken, &absent)) else {
        return;
    };
    let environment = |name: &str| service::environment(&found, name);
    let ends = ("the task definition", text(&found, "/containerDefinitions/0/image"));
    trace.compare(
        Topic::Deployment,
        "image",
        (ends.0, ends.1.as_deref()),
        ("the package", Some(image)),
    );
    let (model, built) = (environment("MODEL_PACKAGE_ARN"), environment("COMMIT"));
    trace.compare(
        Topic::Deployment,
        "model",
        (ends.0, model.as_deref()),
        ("the package", Some(package)),
    );
    if built.is_some() {
        trace.compare(
            Topic::Deployment,
            "commit",
            (ends.0, built.as_deref()),
            ("the package", commit),
        );
    }
}

/// Whether the service still has it, and what it has otherwise.
async fn serves(trace: &mut Trace<'_>, arn: &str, deployment: &mut Deployment) {
    let answer = service::running(trace.calls, arn).await;
    let absent = format!("there is no service {} any more", behind(arn, '/'));
    let Some(task_definition) = trace.there(Topic::Deployment, answer, (Verdict::Broken, &absent)) else {
        return;
    };
    if task_definition == deployment.task_definition {
        deployment.in_service = Some(true);
        trace.note(
            Topic::Deployment,
            Verdict::Agrees,
            "the service has this task definition",
        );
        return;
    }
    deployment.in_service = Some(false);
    let answer = service::task_definition(trace.calls, &task_definition).await;
    let absent = "the service's task definition is not there any more";
    let found = trace.there(Topic::Deployment, answer, (Verdict::Broken, absent));
    deployment.replaced_by = Some(Replacement {
        model_package: found.and_then(|found| service::environment(&found, "MODEL_PACKAGE_ARN")),
        task_definition,
    });
}
