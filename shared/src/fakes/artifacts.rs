//! Objects in memory that only a job's own credentials open.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::ports::artifacts::{GetObject, JobCredentials, ObjectRange, PutObject, S3Location};
use crate::ports::{CallError, CallErrorKind};

/// Objects by bucket and key.
#[derive(Debug)]
pub struct ArtifactStore {
    secret_access_key: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<(String, String), Object>,
    reads: usize,
}

#[derive(Debug, Clone)]
struct Object {
    bytes: Vec<u8>,
    kms_key_id: Option<String>,
    version: usize,
}

impl ArtifactStore {
    /// A store that this secret access key opens.
    #[must_use]
    pub fn opened_by(secret_access_key: &str) -> Self {
        Self {
            secret_access_key: secret_access_key.to_owned(),
            state: Mutex::default(),
        }
    }

    /// Puts an object there, whoever may open it.
    pub fn put(&self, bucket: &str, key: &str, bytes: Vec<u8>) {
        let mut state = self.state();
        let version = state.objects.len();
        state.objects.insert(
            (bucket.to_owned(), key.to_owned()),
            Object {
                bytes,
                kms_key_id: None,
                version,
            },
        );
    }

    /// An object's bytes, and the KMS key that it was encrypted with.
    #[must_use]
    pub fn object(&self, bucket: &str, key: &str) -> Option<(Vec<u8>, Option<String>)> {
        let state = self.state();
        let object = state.objects.get(&(bucket.to_owned(), key.to_owned()))?;
        Some((object.bytes.clone(), object.kms_key_id.clone()))
    }

    /// How many ranges were read.
    #[must_use]
    pub fn reads(&self) -> usize {
        self.state().reads
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check(&self, operation: &'static str, credentials: &JobCredentials) -> Result<(), CallError> {
        if credentials.secret_access_key.expose() == &self.secret_access_key {
            return Ok(());
        }
        Err(CallError::new(operation, CallErrorKind::Denied, "Access Denied").with_code("AccessDenied"))
    }
}

impl GetObject for ArtifactStore {
    async fn get_object(
        &self,
        credentials: &JobCredentials,
        location: &S3Location,
        range: Range<u64>,
    ) -> Result<ObjectRange, CallError> {
        const OPERATION: &str = "GetObject";
        self.check(OPERATION, credentials)?;
        let mut state = self.state();
        state.reads += 1;
        let object = state
            .objects
            .get(&(location.bucket.clone(), location.key.clone()))
            .ok_or_else(|| {
                CallError::new(OPERATION, CallErrorKind::NotFound, "The specified key does not exist.")
                    .with_code("NoSuchKey")
            })?;
        let total = object.bytes.len() as u64;
        if range.start >= total {
            let message = "The requested range is not satisfiable";
            return Err(CallError::new(OPERATION, CallErrorKind::Invalid, message).with_code("InvalidRange"));
        }
        let bytes = object.bytes[range.start as usize..range.end.min(total) as usize].to_vec();
        Ok(ObjectRange {
            bytes,
            total,
            etag: object.version.to_string(),
        })
    }
}

impl PutObject for ArtifactStore {
    async fn put_object(
        &self,
        credentials: &JobCredentials,
        location: &S3Location,
        bytes: Vec<u8>,
        kms_key_id: Option<&str>,
    ) -> Result<(), CallError> {
        self.check("PutObject", credentials)?;
        let mut state = self.state();
        let version = state.objects.len();
        let object = Object {
            bytes,
            kms_key_id: kms_key_id.map(str::to_owned),
            version,
        };
        state
            .objects
            .insert((location.bucket.clone(), location.key.clone()), object);
        Ok(())
    }
}
