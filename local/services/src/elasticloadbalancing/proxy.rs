//! What answers at a load balancer's port: it hands requests on to healthy targets.
//!
//! Follows <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html> for what it
//! adds, and
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html> for what it
//! answers by itself.

use super::account::{ElasticLoadBalancing, Next, Picked};
use super::client;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use hyper::body::{Frame, Incoming, SizeHint};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::task::AbortHandle;

/// How long a target may take until it begins to answer: `idle_timeout.timeout_seconds`.
const IDLE: Duration = Duration::from_secs(60);

/// Headers that are between two ends of one connection.
const BETWEEN_TWO: [HeaderName; 7] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

#[derive(Clone)]
struct Proxy {
    service: Arc<ElasticLoadBalancing>,
    balancer: String,
    port: u16,
}

/// Where load balancers answer if nothing else does there: neither where the system takes its ports from, nor where
/// usual servers are.
const PORTS: std::ops::Range<u16> = 20_000..30_000;

/// A port for a load balancer: the one that it had, or else one that its name always leads to, or else any.
pub(super) fn listen(name: &str, before: Option<u16>) -> io::Result<(TcpListener, u16)> {
    let hash = name
        .bytes()
        .fold(0_u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    let usual = PORTS.start + u16::try_from(hash % u32::from(PORTS.end - PORTS.start)).unwrap_or_default();
    let wanted = before.into_iter().chain([usual, 0]);
    let mut tried = Err(io::ErrorKind::AddrInUse.into());
    for port in wanted {
        tried = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        if tried.is_ok() {
            break;
        }
    }
    let listener = tried?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    Ok((listener, port))
}

/// Answers for a load balancer from now on.
pub(super) fn serve(
    service: &Arc<ElasticLoadBalancing>,
    balancer: &str,
    listener: TcpListener,
    port: u16,
) -> io::Result<AbortHandle> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let proxy = Proxy {
        service: Arc::clone(service),
        balancer: balancer.to_owned(),
        port,
    };
    let router = Router::new().fallback(answer).with_state(proxy);
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = tokio::spawn(async move {
        // Serving ends with the task only: what goes wrong on one connection stays there.
        let _ = axum::serve(listener, router).await;
    });
    Ok(serving.abort_handle())
}

async fn answer(
    State(proxy): State<Proxy>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request<Body>,
) -> Response<Body> {
    match proxy.service.next(&proxy.balancer) {
        Next::Ask(picked) => hand_on(&proxy, picked, client, request).await,
        Next::Answer {
            status,
            content_type,
            body,
        } => {
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
            if let Ok(content_type) = HeaderValue::from_str(&content_type) {
                response.headers_mut().insert(header::CONTENT_TYPE, content_type);
            }
            response
        }
        Next::Unavailable => own(StatusCode::SERVICE_UNAVAILABLE, "503 Service Temporarily Unavailable"),
    }
}

async fn hand_on(proxy: &Proxy, picked: Picked, client: SocketAddr, request: Request<Body>) -> Response<Body> {
    let (mut parts, body) = request.into_parts();
    forwarded(&mut parts.headers, client, proxy.port);
    // A target is asked for a path, whatever the client has asked for.
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = path.parse().unwrap_or_default();
    let Picked { target, flight } = picked;
    let asked = client::send((&target.id, target.port), Request::from_parts(parts, body));
    match tokio::time::timeout(IDLE, asked).await {
        Ok(Ok(answer)) => {
            let (mut parts, body) = answer.into_parts();
            drop_between_two(&mut parts.headers);
            let body = Counted { body, _flight: flight };
            Response::from_parts(parts, Body::new(body))
        }
        Ok(Err(_)) => own(StatusCode::BAD_GATEWAY, "502 Bad Gateway"),
        Err(_) => own(StatusCode::GATEWAY_TIMEOUT, "504 Gateway Time-out"),
    }
}

fn drop_between_two(headers: &mut HeaderMap) {
    for name in BETWEEN_TWO {
        headers.remove(name);
    }
}

/// Tells the target who asks, and over what.
fn forwarded(headers: &mut HeaderMap, client: SocketAddr, port: u16) {
    drop_between_two(headers);
    let before = headers.get("x-forwarded-for").and_then(|value| value.to_str().ok());
    let chain = before.map_or_else(
        || client.ip().to_string(),
        |before| format!("{before}, {}", client.ip()),
    );
    for (name, value) in [
        ("x-forwarded-for", chain),
        ("x-forwarded-proto", "http".to_owned()),
        ("x-forwarded-port", port.to_string()),
        ("connection", "close".to_owned()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

/// What a load balancer answers itself.
fn own(status: StatusCode, title: &str) -> Response<Body> {
    let page = format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    );
    let mut response = Response::new(Body::from(page));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::SERVER, HeaderValue::from_static("awselb/2.0"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response
}

/// The body of a target's answer. The target is busy until its end.
struct Counted {
    body: Incoming,
    _flight: Arc<()>,
}

impl hyper::body::Body for Counted {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
