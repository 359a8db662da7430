//! Whom a connection trusts.

use std::io::Read as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, Stream};

use super::{EXECUTION, at};
use crate::ports::CallErrorKind;
use crate::ports::step_functions::DescribeExecution;

/// A port that speaks TLS with a certificate of an authority that nobody knows.
fn stranger() -> u16 {
    let authority_key = KeyPair::generate().unwrap();
    let mut parameters = CertificateParams::new(Vec::new()).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = Issuer::new(parameters, authority_key);
    let key = KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut session = ServerConnection::new(Arc::clone(&config)).unwrap();
            // The client leaves in the middle of the handshake: that is what is tested.
            let _ = Stream::new(&mut session, &mut stream.unwrap()).read(&mut [0]);
        }
    });
    port
}

#[tokio::test]
async fn a_certificate_that_no_trusted_root_stands_behind_is_refused() {
    let aws = at(format!("https://127.0.0.1:{}", stranger()));
    let error = aws.step_functions().describe_execution(EXECUTION).await.unwrap_err();
    assert_eq!(error.kind, CallErrorKind::Unavailable);
    assert!(error.message.contains("UnknownIssuer"), "{}", error.message);
}
