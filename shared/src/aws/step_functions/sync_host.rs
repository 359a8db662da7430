//! The host of StartSyncExecution.

/// Where StartSyncExecution is answered, beside this endpoint of Step Functions: AWS has it at
/// `sync-states.<region>.amazonaws.com`. An `AWS_ENDPOINT_URL` that is an address or `localhost` has no such neighbour, and
/// the SDKs of other languages leave it alone.
pub(super) fn of(endpoint: &str) -> String {
    let Some((scheme, rest)) = endpoint.split_once("://") else {
        return endpoint.to_owned();
    };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let host = authority
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .map_or_else(
            || authority.split(':').next().unwrap_or_default(),
            |(address, _port)| address,
        );
    if host == "localhost" || host.parse::<std::net::IpAddr>().is_ok() {
        endpoint.to_owned()
    } else {
        format!("{scheme}://sync-{rest}")
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn only_hosts_that_can_have_the_prefix_get_it() {
        for (endpoint, expected) in [
            ("http://127.0.0.1:4566/", "http://127.0.0.1:4566/"),
            ("http://localhost:4566", "http://localhost:4566"),
            ("http://[::1]:4566/", "http://[::1]:4566/"),
            (
                "https://states.us-east-1.amazonaws.com",
                "https://sync-states.us-east-1.amazonaws.com",
            ),
            ("https://localhost.example.com/", "https://sync-localhost.example.com/"),
        ] {
            assert_eq!(of(endpoint), expected);
        }
    }
}
