//! The optimized integrations, and the ways in which each can be waited for.
//!
//! Follows <https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html>.

use super::resource::Pattern;

/// An operation with an optimized integration. All can be called without waiting for more than the answer.
#[derive(Debug)]
pub(crate) struct Optimized {
    pub(crate) service: &'static str,
    pub(crate) operation: &'static str,
    sync: bool,
    token: bool,
}

/// With nothing to wait for.
const fn plain(service: &'static str, operation: &'static str) -> Optimized {
    Optimized {
        service,
        operation,
        sync: false,
        token: false,
    }
}

/// With `.sync`.
const fn job(service: &'static str, operation: &'static str) -> Optimized {
    Optimized {
        sync: true,
        ..plain(service, operation)
    }
}

/// With `.waitForTaskToken`.
const fn told(service: &'static str, operation: &'static str) -> Optimized {
    Optimized {
        token: true,
        ..plain(service, operation)
    }
}

/// With both.
const fn both(service: &'static str, operation: &'static str) -> Optimized {
    Optimized {
        token: true,
        ..job(service, operation)
    }
}

/// All of them.
pub(crate) const OPTIMIZED: &[Optimized] = &[
    told("apigateway", "invoke"),
    job("athena", "startQueryExecution"),
    plain("athena", "stopQueryExecution"),
    plain("athena", "getQueryExecution"),
    plain("athena", "getQueryResults"),
    job("batch", "submitJob"),
    both("bedrock", "createModelCustomizationJob"),
    told("bedrock", "invokeModel"),
    job("codebuild", "startBuild"),
    plain("codebuild", "stopBuild"),
    plain("codebuild", "batchDeleteBuilds"),
    plain("codebuild", "batchGetReports"),
    job("codebuild", "startBuildBatch"),
    plain("codebuild", "stopBuildBatch"),
    job("codebuild", "retryBuildBatch"),
    plain("codebuild", "deleteBuildBatch"),
    job("databrew", "startJobRun"),
    plain("dynamodb", "getItem"),
    plain("dynamodb", "putItem"),
    plain("dynamodb", "updateItem"),
    plain("dynamodb", "deleteItem"),
    both("ecs", "runTask"),
    plain("eks", "call"),
    job("eks", "createCluster"),
    job("eks", "createFargateProfile"),
    job("eks", "createNodegroup"),
    job("eks", "deleteCluster"),
    job("eks", "deleteFargateProfile"),
    job("eks", "deleteNodegroup"),
    job("eks", "runJob"),
    job("elasticmapreduce", "addStep"),
    plain("elasticmapreduce", "cancelStep"),
    job("elasticmapreduce", "createCluster"),
    plain("elasticmapreduce", "modifyInstanceFleetByName"),
    plain("elasticmapreduce", "modifyInstanceGroupByName"),
    plain("elasticmapreduce", "setClusterTerminationProtection"),
    job("elasticmapreduce", "terminateCluster"),
    plain("emr-containers", "createVirtualCluster"),
    job("emr-containers", "deleteVirtualCluster"),
    job("emr-containers", "startJobRun"),
    job("emr-serverless", "cancelJobRun"),
    job("emr-serverless", "createApplication"),
    job("emr-serverless", "deleteApplication"),
    job("emr-serverless", "startApplication"),
    job("emr-serverless", "startJobRun"),
    job("emr-serverless", "stopApplication"),
    told("events", "putEvents"),
    job("glue", "startJobRun"),
    plain("http", "invoke"),
    told("lambda", "invoke"),
    job("mediaconvert", "createJob"),
    plain("sagemaker", "createEndpoint"),
    plain("sagemaker", "createEndpointConfig"),
    job("sagemaker", "createHyperParameterTuningJob"),
    job("sagemaker", "createLabelingJob"),
    plain("sagemaker", "createModel"),
    job("sagemaker", "createProcessingJob"),
    job("sagemaker", "createTrainingJob"),
    job("sagemaker", "createTransformJob"),
    plain("sagemaker", "updateEndpoint"),
    told("sns", "publish"),
    told("sqs", "sendMessage"),
    both("states", "startExecution"),
];

/// The operations of a service.
pub(crate) fn operations(service: &str) -> impl Iterator<Item = &'static Optimized> {
    OPTIMIZED.iter().filter(move |it| it.service == service)
}

/// Whether any operation of a service can be waited for in this way. Of a service that is not known everything may be.
pub(super) fn can_wait(service: &str, pattern: Pattern, sync_version: u8) -> bool {
    let mut known = operations(service).peekable();
    known.peek().is_none() || known.any(|operation| operation.has(pattern, sync_version))
}

/// The services, some more than once.
pub(crate) fn services() -> impl Iterator<Item = &'static str> {
    OPTIMIZED.iter().map(|it| it.service)
}

impl Optimized {
    /// Whether AWS can wait in this way.
    pub(crate) fn has(&self, pattern: Pattern, sync_version: u8) -> bool {
        match pattern {
            Pattern::RequestResponse => true,
            Pattern::WaitForTaskToken => self.token,
            // `.sync:2` is of nested executions alone.
            Pattern::Sync => self.sync && (sync_version == 1 || self.service == "states"),
        }
    }

    /// How it can be called, as it is written: ``"`lambda:invoke`, `lambda:invoke.waitForTaskToken`"``.
    pub(crate) fn ways(&self) -> String {
        let of = [
            ("", true),
            (".sync", self.sync),
            (".sync:2", self.sync && self.service == "states"),
            (".waitForTaskToken", self.token),
        ];
        let ways = of.iter().filter(|(_, is_there)| *is_there);
        let ways = ways.map(|(suffix, _)| format!("`{}:{}{suffix}`", self.service, self.operation));
        ways.collect::<Vec<_>>().join(", ")
    }
}
