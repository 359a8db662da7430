//! What a client sees of the server, byte by byte.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use serde_json::json;
use test_support::{Loopback, Reply, RuntimeApi, Server};

/// Sends a request and reads until the connection ends, which may be in the middle of the answer.
fn read(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = Vec::new();
    // A connection that is cut off may end with an error.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).expect("text")
}

fn get(address: SocketAddr, target: &str) -> String {
    read(
        address,
        &format!("GET {target} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n\r\n"),
    )
}

fn post(address: SocketAddr, target: &str, body: &str) -> String {
    let length = body.len();
    read(
        address,
        &format!("POST {target} HTTP/1.1\r\nhost: here\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"),
    )
}

fn answering(reply: Reply) -> Server {
    Server::start(move |_| std::future::ready(reply.clone()))
}

#[test]
fn a_server_remembers_what_it_was_asked() {
    let server = Loopback::start(|request| Reply::json(201, &json!({"path": request.path()})));
    let address: SocketAddr = server.url()["http://".len()..].parse().expect("an address");
    let answer = post(address, "/a/b?c=d", "body");
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert!(answer.ends_with("\r\n\r\n{\"path\":\"/a/b\"}"), "{answer}");
    // A body whose length nobody knew beforehand.
    let chunked =
        "PUT /c HTTP/1.1\r\nConnection: close\r\ntransfer-encoding: chunked\r\n\r\n2\r\nto\r\n3\r\nday\r\n0\r\n\r\n";
    assert!(read(address, chunked).starts_with("HTTP/1.1 201 "));
    let [first, second] = &server.requests()[..] else {
        panic!("two requests")
    };
    assert_eq!((first.method.as_str(), first.query()), ("POST", "c=d"));
    assert_eq!((first.text().as_str(), first.header("Host")), ("body", Some("here")));
    assert_eq!((second.method.as_str(), second.text().as_str()), ("PUT", "today"));
    assert!(
        TcpStream::connect(&Loopback::closed().url()["http://".len()..]).is_err(),
        "nobody listens there"
    );
}

#[test]
fn an_answer_is_cut_off_where_it_is_said() {
    let whole = get(answering(Reply::new(200, "0123456789")).address(), "/");
    assert!(whole.ends_with("\r\n\r\n0123456789"), "{whole}");
    for length in [0, 10, whole.len() - 3] {
        let server = answering(Reply::new(200, "0123456789").cut_after(length));
        assert_eq!(get(server.address(), "/"), whole[..length]);
    }
    assert_eq!(get(answering(Reply::cut_off()).address(), "/"), "");
}

#[test]
fn an_answer_in_pieces_is_the_same_answer() {
    let reply = Reply::new(200, "0123456789");
    let whole = get(answering(reply.clone()).address(), "/");
    let pieces = answering(reply.in_pieces(7, Duration::from_nanos(1)));
    assert_eq!(get(pieces.address(), "/"), whole);
}

#[test]
fn a_server_ends_when_it_is_dropped() {
    let server = answering(Reply::new(200, ""));
    let mut stream = TcpStream::connect(server.address()).expect("a connection");
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("sent");
    stream.read_exact(&mut [0; 12]).expect("an answer");
    drop(server);
    // The connection, which would have stayed open.
    let _ = stream.read_to_end(&mut Vec::new());
}

#[test]
fn a_unix_socket_is_as_good() {
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("socket");
    let _server = Server::start_at(&socket, |request| async move { Reply::new(200, request.target) });
    let mut stream = UnixStream::connect(&socket).expect("a connection");
    stream
        .write_all(b"GET /here HTTP/1.1\r\nconnection: close\r\n\r\n")
        .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.ends_with("/here"), "{answer}");
}

#[test]
fn the_runtime_api_hands_events_over_and_notes_what_comes_of_them() {
    let lambda = RuntimeApi::beside(|target, body| Reply::json(200, &json!([target, body])));
    let address = lambda.address();
    for (end, answer) in [
        ("response", Ok(json!({"a": 1}))),
        ("error", Err(json!({"errorType": "Bad"}))),
    ] {
        lambda.hand_over(r#"{"number":  1.50}"#.to_owned());
        let event = get(address, "/2018-06-01/runtime/invocation/next");
        assert!(event.contains("lambda-runtime-aws-request-id: "), "{event}");
        assert!(event.ends_with(r#"{"number":  1.50}"#), "{event}");
        lambda.asked().expect("it asked");
        let (Ok(body) | Err(body)) = &answer;
        let target = format!("/2018-06-01/runtime/invocation/1/{end}");
        let accepted = post(address, &target, &body.to_string());
        assert!(accepted.starts_with("HTTP/1.1 202 "), "{accepted}");
        assert_eq!(lambda.ended().expect("it ended").1, answer);
    }
    post(address, "/2018-06-01/runtime/init/error", r#"{"errorType":"Settings"}"#);
    assert_eq!(lambda.asked(), Err(r#"{"errorType":"Settings"}"#.to_owned()));
    let call = "POST / HTTP/1.1\r\nx-amz-target: A.B\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    assert!(read(address, call).ends_with(r#"["A.B",{}]"#));
}
