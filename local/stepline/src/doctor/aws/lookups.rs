//! Each question to AWS, as a call of the service that answers it.

use super::access::Access;
use super::services::{
    CLOUDFORMATION, CODEBUILD, CODECONNECTIONS, CODEPIPELINE, CODESTAR_CONNECTIONS, ECR, IAM, LAMBDA, LOGS, PRICING,
    S3, SERVICE_QUOTAS, SQS, SSM, STATES, STS, Service,
};
use super::xml;
use crate::doctor::facts::{Account, Identity, Looked, LookupError, Quota, Standing};
use crate::doctor::intent::Named;
use crate::doctor::names::ResourceKind;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

impl Access {
    /// The products of AWS's price list with these attributes.
    pub(crate) async fn get_products(&self, service: &str, filters: &[(&str, &str)]) -> Looked<Vec<Value>> {
        let filters = filters.iter();
        let filters = filters.map(|(field, value)| json!({"Type": "TERM_MATCH", "Field": field, "Value": value}));
        let mut input =
            json!({"ServiceCode": service, "Filters": filters.collect::<Vec<_>>(), "FormatVersion": "aws_v1"});
        let mut products = Vec::new();
        loop {
            let answer = self.json(&PRICING, "GetProducts", input.clone()).await?;
            // Each one is JSON in a text.
            let listed = answer["PriceList"].as_array().into_iter().flatten();
            let listed = listed.map(|product| match product {
                Value::String(text) => serde_json::from_str(text).unwrap_or_default(),
                product => product.clone(),
            });
            products.extend(listed);
            match answer["NextToken"].as_str() {
                Some(token) if !token.is_empty() => input["NextToken"] = token.into(),
                _ => return Ok(products),
            }
        }
    }
}

#[async_trait::async_trait]
impl Account for Access {
    async fn get_caller_identity(&self) -> Looked<Identity> {
        let answer = self.query(&STS, "GetCallerIdentity", &[]).await?;
        let text = |element: &str| xml::text(&answer, element).unwrap_or_default();
        Ok(Identity {
            account: text("Account"),
            arn: text("Arn"),
        })
    }

    async fn get_connection_status(&self, arn: &str) -> Looked<Option<String>> {
        let service = if arn.contains(":codestar-connections:") {
            CODESTAR_CONNECTIONS
        } else {
            CODECONNECTIONS
        };
        let answer = self
            .json(&service, "GetConnection", json!({"ConnectionArn": arn}))
            .await;
        let answer = unless(answer, &["ResourceNotFoundException"])?;
        Ok(answer.map(|answer| text_at(&answer, "/Connection/ConnectionStatus")))
    }

    async fn describe_stack_status(&self, name: &str) -> Looked<Option<String>> {
        let answer = self
            .query(&CLOUDFORMATION, "DescribeStacks", &[("StackName", name)])
            .await;
        // CloudFormation has no error code for a stack that is not there: it answers ValidationError.
        let answer = unless(answer, &["ValidationError"])?;
        Ok(answer.and_then(|answer| xml::text(&answer, "StackStatus")))
    }

    async fn describe_stack_of(&self, physical_id: &str) -> Looked<Option<String>> {
        let input = [("PhysicalResourceId", physical_id)];
        let answer = self.query(&CLOUDFORMATION, "DescribeStackResources", &input).await;
        let answer = unless(answer, &["ValidationError"])?;
        Ok(answer.and_then(|answer| xml::text(&answer, "StackName")))
    }

    async fn standing(&self, named: &Named) -> Looked<Standing> {
        if !self.exists(named).await? {
            return Ok(Standing::Free);
        }
        let stack = self.describe_stack_of(&named.physical_id).await?;
        Ok(stack.map_or(Standing::OfNobody, Standing::OfStack))
    }

    async fn list_service_quotas(&self, service: &str) -> Looked<Vec<Quota>> {
        let mut quotas = self.pages("ListServiceQuotas", service).await?;
        // A quota that never changed may be only in the list of defaults.
        for default in self.pages("ListAWSDefaultServiceQuotas", service).await? {
            if !quotas.iter().any(|quota| quota.code == default.code) {
                quotas.push(default);
            }
        }
        Ok(quotas)
    }

    async fn get_role_subjects(&self, role: &str) -> Looked<Option<Vec<String>>> {
        let answer = self.query(&IAM, "GetRole", &[("RoleName", role)]).await;
        let Some(answer) = unless(answer, &["NoSuchEntity"])? else {
            return Ok(None);
        };
        let encoded = xml::text(&answer, "AssumeRolePolicyDocument").unwrap_or_default();
        let document = percent_decode_str(&encoded).decode_utf8_lossy();
        let trust: Value = serde_json::from_str(&document).map_err(|error| LookupError {
            call: "iam:GetRole".to_owned(),
            code: "Unreadable".to_owned(),
            message: format!("who may take the role {role}: {error}"),
        })?;
        Ok(Some(subjects(&trust)))
    }

    async fn get_unreserved_concurrency(&self) -> Looked<u64> {
        let call = "lambda:GetAccountSettings";
        let answer = self.rest(&LAMBDA, call, "GET", "/2016-08-19/account-settings").await?;
        let answer = answer.into_json(call)?;
        let limit = answer.pointer("/AccountLimit/UnreservedConcurrentExecutions");
        Ok(limit.and_then(Value::as_u64).unwrap_or_default())
    }
}

impl Access {
    /// Whether something has the name.
    async fn exists(&self, named: &Named) -> Looked<bool> {
        let name = named.name.as_str();
        let json = |service: Service, operation: &'static str, input: Value, absent: &'static [&'static str]| async move {
            unless(self.json(&service, operation, input).await, absent)
        };
        Ok(match named.kind {
            ResourceKind::Function => {
                let call = "lambda:GetFunction";
                let path = format!("/2015-03-31/functions/{name}");
                let answer = self.rest(&LAMBDA, call, "GET", &path).await?;
                unless(answer.into_json(call), &["ResourceNotFoundException"])?.is_some()
            }
            ResourceKind::Bucket => self.bucket_exists(name).await?,
            ResourceKind::Role => {
                let answer = self.query(&IAM, "GetRole", &[("RoleName", name)]).await;
                unless(answer, &["NoSuchEntity"])?.is_some()
            }
            ResourceKind::StateMachine => {
                let input = json!({"stateMachineArn": named.physical_id});
                json(STATES, "DescribeStateMachine", input, &["StateMachineDoesNotExist"])
                    .await?
                    .is_some()
            }
            ResourceKind::Repository => {
                let input = json!({"repositoryNames": [name]});
                let absent = &["RepositoryNotFoundException"];
                json(ECR, "DescribeRepositories", input, absent).await?.is_some()
            }
            ResourceKind::Pipeline => {
                let absent = &["PipelineNotFoundException"];
                json(CODEPIPELINE, "GetPipeline", json!({"name": name}), absent)
                    .await?
                    .is_some()
            }
            ResourceKind::Queue => {
                let absent = &["QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"];
                json(SQS, "GetQueueUrl", json!({"QueueName": name}), absent)
                    .await?
                    .is_some()
            }
            ResourceKind::Project => {
                let found = json(CODEBUILD, "BatchGetProjects", json!({"names": [name]}), &[]).await?;
                has_items(found, "/projects")
            }
            ResourceKind::Parameter => {
                let found = json(SSM, "GetParameters", json!({"Names": [name]}), &[]).await?;
                has_items(found, "/Parameters")
            }
            ResourceKind::LogGroup => {
                let found = json(LOGS, "DescribeLogGroups", json!({"logGroupNamePrefix": name}), &[]).await?;
                let groups = found.as_ref().and_then(|found| found.pointer("/logGroups")?.as_array());
                groups.into_iter().flatten().any(|group| group["logGroupName"] == name)
            }
        })
    }

    /// Whether a bucket has the name, in this account or in another one. The status of HeadBucket says so.
    ///
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html>
    async fn bucket_exists(&self, name: &str) -> Looked<bool> {
        let call = "s3:ListBucket";
        let answer = self.rest(&S3, call, "HEAD", &format!("/{name}")).await?;
        match answer.status {
            404 => Ok(false),
            // It is in this account, in another region, or in another account.
            200 | 301 | 403 => Ok(true),
            status => Err(LookupError {
                call: call.to_owned(),
                code: status.to_string(),
                message: format!("HEAD of the bucket {name}"),
            }),
        }
    }

    /// All pages of a list of quotas.
    async fn pages(&self, operation: &str, service: &str) -> Looked<Vec<Quota>> {
        let mut quotas = Vec::new();
        let mut token = Value::Null;
        loop {
            let mut input = json!({"ServiceCode": service, "MaxResults": 100});
            if !token.is_null() {
                input["NextToken"] = token;
            }
            let mut answer = self.json(&SERVICE_QUOTAS, operation, input).await?;
            let page = answer["Quotas"].as_array().into_iter().flatten();
            quotas.extend(page.map(|quota| Quota {
                code: text_at(quota, "/QuotaCode"),
                name: text_at(quota, "/QuotaName"),
                value: quota["Value"].as_f64().unwrap_or_default(),
            }));
            token = answer["NextToken"].take();
            if token.is_null() {
                return Ok(quotas);
            }
        }
    }
}

/// The `sub` values that a trust policy accepts.
///
/// <https://docs.github.com/en/actions/reference/security/oidc>
fn subjects(trust: &Value) -> Vec<String> {
    let conditions = each(&trust["Statement"]).flat_map(|statement| statement["Condition"].as_object());
    let operators = conditions.flat_map(|condition| condition.values().filter_map(Value::as_object));
    let wanted = operators.flat_map(|keys| keys.iter().filter(|(key, _)| key.ends_with(":sub")));
    wanted
        .flat_map(|(_, values)| each(values).filter_map(Value::as_str))
        .map(str::to_owned)
        .collect()
}

/// The items of a list. IAM lets a list of one item be written without brackets.
fn each(value: &Value) -> impl Iterator<Item = &Value> {
    let items = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    items.iter()
}

/// An answer; None where the error has one of the codes in `absent`.
fn unless<T>(answer: Looked<T>, absent: &[&str]) -> Looked<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if absent.iter().any(|code| error.code.ends_with(code)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn text_at(value: &Value, pointer: &str) -> String {
    let text = value.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_default().to_owned()
}

fn has_items(answer: Option<Value>, pointer: &str) -> bool {
    let items = answer.as_ref().and_then(|answer| answer.pointer(pointer)?.as_array());
    items.is_some_and(|items| !items.is_empty())
}
