//! Lambda function behind EventBridge: an image pushed to ECR starts the state machine that wants it.
