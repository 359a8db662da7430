//! Whom a connection trusts.

use test_support::{Authority, Reply, Server};

use super::{EXECUTION, at};
use crate::ports::CallErrorKind;
use crate::ports::step_functions::DescribeExecution;

#[tokio::test]
async fn a_certificate_that_no_trusted_root_stands_behind_is_refused() {
    let stranger = Server::start_with_tls(&Authority::new(), |_| async { Reply::new(200, "{}") });
    let aws = at(format!("https://{}", stranger.address()));
    let error = aws.step_functions().describe_execution(EXECUTION).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Unavailable);
    assert!(error.message.contains("UnknownIssuer"), "{}", error.message);
}
