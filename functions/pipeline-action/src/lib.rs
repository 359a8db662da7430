//! Lambda function behind a CodePipeline Invoke action: starts a state machine and follows its execution.
