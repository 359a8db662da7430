//! TRANSITION: services that are still written as two matches.
use platform::{Platform, Principal, Requirement, ServiceError};
use serde_json::Value;
use std::sync::Arc;

#[async_trait::async_trait]
pub(crate) trait ByName: Send + Sync + Sized + 'static {
    fn signing_name(&self) -> &'static str;
    fn requirements(
        &self,
        platform: &Platform,
        operation: &str,
        input: &Value,
    ) -> Result<Vec<Requirement>, ServiceError>;
    async fn call(
        self: &Arc<Self>,
        platform: &Arc<Platform>,
        caller: &Principal,
        operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError>;
    fn hear(&self, _platform: &Arc<Platform>, _event: &Value) {}
}

macro_rules! by_name {
    ($service:ty) => {
        impl platform::Service for $service {
            fn signing_name(&self) -> &'static str {
                crate::by_name::ByName::signing_name(self)
            }
            fn operations(&self) -> Vec<&'static str> {
                Vec::new()
            }
            fn prepare(
                self: std::sync::Arc<Self>,
                platform: &std::sync::Arc<platform::Platform>,
                operation: &str,
                input: serde_json::Value,
            ) -> Result<platform::Prepared, platform::ServiceError> {
                let requirements = crate::by_name::ByName::requirements(&*self, platform, operation, &input)?;
                let operation = operation.to_owned();
                Ok(platform::Prepared::new(requirements, move |call| async move {
                    crate::by_name::ByName::call(&self, &call.platform, &call.caller, &operation, input)
                        .await
                        .map(Into::into)
                }))
            }
            fn hear(&self, platform: &std::sync::Arc<platform::Platform>, event: &serde_json::Value) {
                crate::by_name::ByName::hear(self, platform, event)
            }
        }
    };
}
pub(crate) use by_name;
