//! The sessions of roles, for as long as somebody may ask for them.

use super::credentials::Credentials;
use crate::principal::Principal;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;

/// How long the credentials of a session hold unless asked otherwise, as with `AssumeRole`.
pub const SESSION_LENGTH: SignedDuration = SignedDuration::from_hours(1);

/// How many sessions are kept before it is looked which are over.
const MANY: usize = 10_000;

/// Sessions by access key id.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    sessions: HashMap<String, Session>,
    /// How many there are when it is next looked.
    look_at: usize,
}

/// What stands behind an access key.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) credentials: Credentials,
    pub(super) principal: Principal,
}

impl Sessions {
    /// Keeps a session until an hour after it expires, so that whoever comes late hears that it did. After that, its key is
    /// one that nobody knows. Gives the credentials that are forgotten.
    pub(super) fn keep(&mut self, session: Session) -> Vec<Credentials> {
        let mut gone = Vec::new();
        if self.sessions.len() >= self.look_at.max(MANY) {
            let past = Timestamp::now() - SESSION_LENGTH;
            let over = self
                .sessions
                .extract_if(|_, session| session.credentials.expiration <= past);
            gone = over.map(|(_, session)| session.credentials).collect();
            self.look_at = 2 * self.sessions.len();
        }
        self.sessions.insert(session.credentials.access_key_id.clone(), session);
        gone
    }

    pub(super) fn get(&self, access_key: &str) -> Option<&Session> {
        self.sessions.get(access_key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn a_session_is_forgotten_an_hour_after_it_expires() {
        let mut sessions = Sessions::default();
        let mut keep = |minutes| {
            let credentials = Credentials::issue(Timestamp::now() - SignedDuration::from_mins(minutes));
            let key = credentials.access_key_id.clone();
            let principal = Principal::Administrator;
            sessions.keep(Session { credentials, principal });
            key
        };
        let (holds, is_over, is_long_over) = (keep(-1), keep(1), keep(61));
        for _ in 0..MANY {
            keep(61);
        }
        assert!(sessions.get(&holds).is_some() && sessions.get(&is_over).is_some());
        assert!(sessions.get(&is_long_over).is_none());
        assert!(sessions.sessions.len() < MANY);
    }
}
