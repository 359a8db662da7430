//! The root certificates that the functions trust: Amazon's own, or the system's if there is a proxy in between.
//!
//! All of AWS's public endpoints chain to the roots of Amazon Trust Services, published at
//! <https://www.amazontrust.com/repository/>. Trusting only those is stricter than the system's hundred and more, and
//! quicker: reading the system's takes most of a function's start. Where a proxy breaks TLS open, its certificate is
//! none of these: `TRUST_SYSTEM_ROOTS=true` goes back to the system's.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::start::StartError;

/// The certificates, as PEM.
const AMAZON: &str = include_str!("roots.pem");

/// Which certificates a connection may chain to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Roots {
    /// Those of Amazon Trust Services. They are in this crate.
    Amazon,
    /// Those of the machine.
    System,
}

impl Roots {
    /// The certificates as the TLS provider takes them.
    ///
    /// # Errors
    /// [`StartError::Tls`] when there is none: a machine without certificates could reach nothing.
    pub(crate) fn certificates(self) -> Result<RootCertStore, StartError> {
        let mut store = RootCertStore::empty();
        match self {
            Self::Amazon => {
                for certificate in CertificateDer::pem_slice_iter(AMAZON.as_bytes()).flatten() {
                    store
                        .add(certificate)
                        .map_err(|error| StartError::Tls(error.to_string()))?;
                }
            }
            // A certificate of the machine that cannot be read is left out, as in other TLS clients.
            Self::System => {
                store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            }
        }
        if store.is_empty() {
            return Err(StartError::Tls("the system has no root certificates".to_owned()));
        }
        Ok(store)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime, UNIX_EPOCH};

    use sha2::{Digest, Sha256};

    use super::*;

    /// SHA-256 of each certificate, as Amazon Trust Services publishes it.
    const FINGERPRINTS: [(&str, &str); 5] = [
        (
            "Amazon Root CA 1",
            "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e",
        ),
        (
            "Amazon Root CA 2",
            "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4",
        ),
        (
            "Amazon Root CA 3",
            "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4",
        ),
        (
            "Amazon Root CA 4",
            "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092",
        ),
        (
            "Starfield Services Root CA G2",
            "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5",
        ),
    ];

    fn certificates() -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(AMAZON.as_bytes())
            .collect::<Result<_, _>>()
            .expect("the file is PEM")
    }

    #[test]
    fn the_file_holds_exactly_the_published_certificates() {
        let found: Vec<String> = certificates()
            .iter()
            .map(|der| Sha256::digest(der).iter().map(|byte| format!("{byte:02x}")).collect())
            .collect();
        let published: Vec<&str> = FINGERPRINTS.iter().map(|(_, fingerprint)| *fingerprint).collect();
        assert_eq!(found, published);
    }

    #[test]
    fn all_of_them_are_trusted() {
        assert_eq!(Roots::Amazon.certificates().unwrap().len(), FINGERPRINTS.len());
    }

    #[test]
    fn no_certificate_ends_within_two_years() {
        let soon = SystemTime::now() + Duration::from_secs(2 * 365 * 24 * 3600);
        for (der, (name, _)) in certificates().iter().zip(FINGERPRINTS) {
            let end = not_after(der);
            assert!(
                end > soon,
                "`{name}` ends soon: see amazontrust.com/repository for what follows it"
            );
        }
    }

    #[test]
    fn the_end_of_a_certificate_is_read_right() {
        // Amazon Root CA 1 ends on 2038-01-17, 00:00:00 UTC.
        assert_eq!(
            not_after(&certificates()[0]),
            UNIX_EPOCH + Duration::from_secs(2_147_299_200)
        );
    }

    /// The end of a certificate's validity: the second of the first two UTCTime values in its DER (RFC 5280, 4.1.2.5).
    fn not_after(der: &[u8]) -> SystemTime {
        let times: Vec<&[u8]> = der
            .windows(15)
            .filter(|window| window.starts_with(b"\x17\x0d"))
            .collect();
        let digits = |from: usize| -> i64 {
            std::str::from_utf8(&times[1][from..from + 2])
                .expect("digits")
                .parse()
                .expect("digits")
        };
        let (year, month, day) = (2000 + digits(2), digits(4), digits(6));
        let seconds = days_since_epoch(year, month, day) * 86_400 + digits(8) * 3600 + digits(10) * 60 + digits(12);
        UNIX_EPOCH + Duration::from_secs(seconds.try_into().expect("after 1970"))
    }

    /// Days from 1970-01-01 to a date of the Gregorian calendar.
    fn days_since_epoch(year: i64, month: i64, day: i64) -> i64 {
        let (year, month) = if month <= 2 {
            (year - 1, month + 9)
        } else {
            (year, month - 3)
        };
        365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1 - 719_468
    }
}
