//! IAM: roles and users, their policies, the credentials of sessions, access keys, and what they are allowed.
//!
//! Follows <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>. Identity-based
//! policies, permissions boundaries, session policies, trust policies and policies of resources are enforced;
//! organisations' policies are not in the local run.

mod asking;
mod attached;
mod condition;
mod could;
mod credentials;
mod deleting;
mod denial;
mod document;
mod evaluate;
mod made;
mod managed;
mod pattern;
mod reason;
mod requirement;
mod role;
mod sessions;
mod shape;
mod state;
#[cfg(test)]
mod tests;
mod user;
mod users;

pub use credentials::Credentials;
pub use reason::{Cited, PolicyKind, Reason};
pub use requirement::Requirement;
pub use role::{NewRole, Role, RoleDetails};
pub use sessions::SESSION_LENGTH;
pub use user::{AccessKey, NewUser, User};

use crate::account::Account;
use crate::error::ServiceError;
use crate::principal::Principal;
use crate::secrets::Secrets;
use crate::store::{Rows, Store, StoreError};
use attached::Attached;
use document::{Document, Kind, Statement};
use evaluate::{Deciding, Policies, Verdict};
use jiff::Timestamp;
use serde_json::Value;
use sessions::Session;
use state::State;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many characters a customer managed policy may have, white space not counted.
const MANAGED_POLICY_SIZE: usize = 6144;

/// The account's roles and users, their sessions and keys, and the policies that are attached to resources.
#[derive(Debug, Default)]
pub struct Iam {
    state: Mutex<State>,
    /// The policies of resources that were put as a whole. Roles are made anew from the templates.
    kept: Rows<Value>,
    /// The access keys of users, by the names that [`access_key`](Self::access_key) is given. Users are made anew.
    keys: Rows<AccessKey>,
    /// The roles that nobody's template makes.
    made: Rows<Role>,
    secrets: Arc<Secrets>,
}

impl Iam {
    /// IAM with what this store keeps of it. The credentials that it issues are among `secrets`.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn open(store: &Store, secrets: Arc<Secrets>) -> Result<Self, StoreError> {
        let kept = Rows::open(store, "iam/resource-policies")?;
        let keys: Rows<AccessKey> = Rows::open(store, "iam/access-keys")?;
        for key in keys.lock().values() {
            secrets.keep(&key.secret);
        }
        let made: Rows<Role> = Rows::open(store, "iam/roles")?;
        let state = State {
            resources: attached::of(&kept),
            ..State::default()
        };
        let state = Mutex::new(state.with_made(made.lock().values()));
        Ok(Self {
            state,
            kept,
            keys,
            made,
            secrets,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates a role and gives its ARN.
    ///
    /// # Errors
    /// EntityAlreadyExists, MalformedPolicyDocument, or NoSuchEntity for a managed policy or a permissions boundary that is
    /// not there.
    pub fn create_role(&self, account: &Account, new: NewRole) -> Result<String, ServiceError> {
        let mut state = self.state();
        if state.roles.contains_key(&new.name) {
            return Err(ServiceError::new(
                "EntityAlreadyExists",
                format_args!("Role with name {} already exists.", new.name),
            )
            .with_status(409));
        }
        let role = Role::create(account, new, |arn| state.managed_policy(arn))?;
        let arn = role.arn.clone();
        state.roles.insert(role.name.clone(), role);
        state.read.clear();
        Ok(arn)
    }

    /// Adds, or replaces, an inline policy of a role.
    ///
    /// # Errors
    /// NoSuchEntity or MalformedPolicyDocument.
    pub fn put_role_policy(&self, role: &str, policy_name: &str, document: Value) -> Result<(), ServiceError> {
        Document::read(&document, Kind::Identity)?;
        let mut state = self.state();
        let role = state.role_mut(role)?;
        role.policies.insert(policy_name.to_owned(), document);
        state.read.clear();
        Ok(())
    }

    /// Creates a customer managed policy under `arn`.
    ///
    /// # Errors
    /// MalformedPolicyDocument, or LimitExceeded for a document of more than 6,144 characters, white space not counted
    /// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>).
    pub fn create_policy(&self, arn: &str, document: Value) -> Result<(), ServiceError> {
        Document::read(&document, Kind::Identity)?;
        if document.to_string().chars().filter(|c| !c.is_whitespace()).count() > MANAGED_POLICY_SIZE {
            let message = format_args!("Cannot exceed quota for PolicySize: {MANAGED_POLICY_SIZE}");
            return Err(ServiceError::new("LimitExceeded", message).with_status(409));
        }
        let mut state = self.state();
        // Whoever has it already has it as it is now.
        for held in state.roles.values_mut().filter_map(|role| role.policies.get_mut(arn)) {
            held.clone_from(&document);
        }
        state.users.with_policy(arn, &document);
        state.managed.insert(arn.to_owned(), document);
        state.read.clear();
        state.read_of_users.clear();
        Ok(())
    }

    /// A role by name or ARN.
    ///
    /// # Errors
    /// NoSuchEntity.
    pub fn role(&self, role: &str) -> Result<Role, ServiceError> {
        self.state().role_mut(role).cloned()
    }

    /// The document of a managed policy, the account's own or AWS's, by its ARN.
    pub fn managed_policy(&self, arn: &str) -> Option<Value> {
        self.state().managed_policy(arn)
    }

    /// All roles, by name.
    pub fn roles(&self) -> Vec<Role> {
        self.state().roles.values().cloned().collect()
    }

    /// What the policies of a role say, statement by statement, as the [`Reason`] of a decision cites them.
    ///
    /// # Errors
    /// NoSuchEntity.
    pub fn statements(&self, role: &str) -> Result<Vec<Cited>, ServiceError> {
        let policies = self.role(role)?.identity_policies()?;
        Ok(evaluate::statements(&policies).map(Deciding::cited).collect())
    }

    /// The policy of a resource, replaced whole: a bucket's, a queue's, a repository's. Services that have such
    /// policies put them here, and [`decide`](Self::decide) asks them.
    ///
    /// # Errors
    /// MalformedPolicyDocument.
    pub fn put_resource_policy(&self, resource_arn: &str, document: &Value) -> Result<(), ServiceError> {
        let attached = Attached::read(resource_arn, document)?;
        self.state().resources.insert(resource_arn.to_owned(), attached);
        self.kept.lock().insert(resource_arn.to_owned(), document.clone());
        Ok(())
    }

    /// Takes a resource's policy away, with the resource.
    pub fn delete_resource_policy(&self, resource_arn: &str) {
        self.state().resources.remove(resource_arn);
        self.kept.lock().remove(resource_arn);
    }

    /// The statements of all policies of resources as they were given, each with the ARN that it is attached to.
    pub fn resource_statements(&self) -> Vec<(String, Value)> {
        let state = self.state();
        let attached = state.resources.iter();
        let statements = attached.flat_map(|(arn, attached)| {
            let statements = attached.statements.iter();
            statements.map(|statement| (arn.clone(), statement.clone()))
        });
        statements.collect()
    }

    /// Adds one statement to a resource's policy, as Lambda's `AddPermission` does.
    ///
    /// # Errors
    /// MalformedPolicyDocument, or ResourceConflictException where a statement has that `Sid` already.
    pub fn add_resource_statement(&self, resource_arn: &str, statement: &Value) -> Result<(), ServiceError> {
        let given = statement.clone();
        let statement = Statement::read(statement, Kind::Resource)?;
        let mut state = self.state();
        let attached = state.resources.entry(resource_arn.to_owned());
        let attached = attached.or_insert_with(|| Attached::new(resource_arn));
        if let Some(sid) = &statement.sid
            && attached
                .document
                .statements
                .iter()
                .any(|other| other.sid.as_ref() == Some(sid))
        {
            return Err(ServiceError::new(
                "ResourceConflictException",
                format_args!(
                    "The statement id ({sid}) provided already exists. Please provide a new statement id, or remove the existing statement."
                ),
            )
            .with_status(409));
        }
        attached.document.statements.push(statement);
        attached.statements.push(given);
        Ok(())
    }

    /// A session of `role` (its name or ARN), narrowed by `session_policies`: the principal that a service acts as.
    ///
    /// # Errors
    /// NoSuchEntity, or MalformedPolicyDocument for a session policy.
    pub fn session(&self, role: &str, session: &str, session_policies: Vec<String>) -> Result<Principal, ServiceError> {
        for policy in &session_policies {
            read_session_policy(policy)?;
        }
        Ok(Principal::RoleSession {
            role: self.role(role)?.name,
            session: session.to_owned(),
            session_policies,
            issued: None,
        })
    }

    /// Credentials for a session of `role` (its name or ARN), narrowed by `session_policies`, for an hour.
    ///
    /// # Errors
    /// NoSuchEntity, or MalformedPolicyDocument for a session policy.
    pub fn assume_role(
        &self,
        role: &str,
        session: &str,
        session_policies: Vec<String>,
    ) -> Result<Credentials, ServiceError> {
        self.assume_role_until(role, session, session_policies, Timestamp::now() + SESSION_LENGTH)
    }

    /// The same with a moment at which the credentials stop working.
    ///
    /// # Errors
    /// NoSuchEntity, or MalformedPolicyDocument for a session policy.
    pub fn assume_role_until(
        &self,
        role: &str,
        session: &str,
        session_policies: Vec<String>,
        expiration: Timestamp,
    ) -> Result<Credentials, ServiceError> {
        let mut principal = self.session(role, session, session_policies)?;
        if let Principal::RoleSession { issued, .. } = &mut principal {
            *issued = Some(Timestamp::now());
        }
        let credentials = Credentials::issue(expiration);
        let session = Session {
            credentials: credentials.clone(),
            principal,
        };
        for (prefix, digits) in credentials.digits() {
            self.secrets.issue(prefix, digits);
        }
        for gone in self.state().sessions.keep(session) {
            gone.digits().iter().for_each(|(_, digits)| self.secrets.forget(digits));
        }
        Ok(credentials)
    }

    /// Whether `role` (its name or ARN) trusts a service, such as `lambda.amazonaws.com`, to act as it on behalf of
    /// `source_arn`.
    ///
    /// # Errors
    /// NoSuchEntity.
    pub fn trusts_service(
        &self,
        account: &Account,
        role: &str,
        service: &str,
        source_arn: Option<&str>,
    ) -> Result<bool, ServiceError> {
        let trust = Document::read(&self.role(role)?.trust, Kind::Trust)?;
        let caller = Principal::Service {
            name: service.to_owned(),
            source_arn: source_arn.map(str::to_owned),
        };
        let mut state = self.state();
        let context = asking::context(&mut state, account, &caller, Vec::new());
        let asker = asking::asker(&mut state, account, &caller);
        Ok(evaluate::trusts(&trust, &asker, "sts:AssumeRole", &context))
    }

    /// Whether `caller` may assume `role` (its name or ARN): its trust policy counts as a resource's does, so that a
    /// role that trusts its account leaves the decision to the caller's own policies.
    ///
    /// # Errors
    /// NoSuchEntity.
    pub fn may_assume(&self, account: &Account, role: &str, caller: &Principal) -> Result<bool, ServiceError> {
        self.may_assume_with(account, role, caller, Vec::new())
    }

    /// The same with what the request says of itself, such as (`sts:ExternalId`, `…`).
    ///
    /// # Errors
    /// NoSuchEntity.
    pub fn may_assume_with(
        &self,
        account: &Account,
        role: &str,
        caller: &Principal,
        own: Vec<(String, String)>,
    ) -> Result<bool, ServiceError> {
        if *caller == Principal::Administrator {
            return self.role(role).map(|_| true);
        }
        let role = self.role(role)?;
        let policies = Policies {
            resource: vec![Document::read(&role.trust, Kind::Trust)?],
            ..self.policies_for(caller)?
        };
        let mut state = self.state();
        let asker = asking::asker(&mut state, account, caller);
        let context = asking::context(&mut state, account, caller, own);
        drop(state);
        let (verdict, _) = evaluate::decide(&policies, &asker, "sts:AssumeRole", &role.arn, &context);
        Ok(matches!(verdict, Verdict::Allowed(_)))
    }

    /// Who signs with an access key. Keys that this account did not issue are the person's at the keyboard, who may
    /// use any. A role session's key works with its own token only, and until it expires; a user's has no token.
    ///
    /// # Errors
    /// UnrecognizedClientException or ExpiredTokenException.
    pub fn principal_of(&self, access_key: &str, token: Option<&str>) -> Result<Principal, ServiceError> {
        let state = self.state();
        if let Some(key) = state.users.key(access_key) {
            return match state.users.get(&key.user) {
                // A user's key has no token.
                Ok(user) if key.is_active && token.is_none() => Ok(Principal::User {
                    name: user.name.clone(),
                    path: user.path.clone(),
                }),
                Ok(_) | Err(_) => Err(unrecognized()),
            };
        }
        let Some(session) = state.sessions.get(access_key) else {
            drop(state);
            // A key that nothing here has asked for yet, or not any more.
            if self.keys.lock().values().any(|kept| kept.id == access_key) {
                return Err(unrecognized());
            }
            return match token {
                // A token that looks like ours under a key that is not: a mix of two credentials.
                Some(token) if token.starts_with(credentials::TOKEN_PREFIX) => Err(unrecognized()),
                _ => Ok(Principal::Administrator),
            };
        };
        if token != Some(session.credentials.session_token.as_str()) {
            return Err(unrecognized());
        }
        if session.credentials.expiration <= Timestamp::now() {
            return Err(ServiceError::new(
                "ExpiredTokenException",
                "The security token included in the request is expired",
            )
            .with_status(403));
        }
        Ok(session.principal.clone())
    }

    /// The secret that belongs to an access key of a session or a user, to verify signatures with.
    pub fn secret_of(&self, access_key: &str) -> Option<String> {
        let state = self.state();
        if let Some(key) = state.users.key(access_key) {
            return Some(key.secret.clone());
        }
        let session = state.sessions.get(access_key)?;
        Some(session.credentials.secret_access_key.clone())
    }

    /// Whether `caller` may have `requirement`.
    ///
    /// # Errors
    /// AccessDenied, in the words of AWS.
    pub fn decide(&self, account: &Account, caller: &Principal, requirement: &Requirement) -> Result<(), ServiceError> {
        self.explain(account, caller, requirement).0
    }

    /// The same with the reason. The administrator, who may do everything, needs none.
    pub fn explain(
        &self,
        account: &Account,
        caller: &Principal,
        requirement: &Requirement,
    ) -> (Result<(), ServiceError>, Option<Arc<Reason>>) {
        if *caller == Principal::Administrator {
            return (Ok(()), None);
        }
        let policies = match self.policies_for(caller) {
            Ok(own) => Policies {
                resource: self.policies_of(&requirement.resource),
                ..own
            },
            Err(error) => return (Err(error), None),
        };
        let mut state = self.state();
        let context = asking::context(&mut state, account, caller, requirement.context.clone());
        let asker = asking::asker(&mut state, account, caller);
        drop(state);
        let (verdict, by) = evaluate::decide(&policies, &asker, &requirement.action, &requirement.resource, &context);
        let least = match verdict {
            Verdict::NotAllowed(kind) => Some(reason::least(caller, requirement, kind)),
            Verdict::Allowed(_) | Verdict::Denied(_) => None,
        };
        let reason = Arc::new(Reason {
            kind: verdict.kind(),
            statement: by.map(Deciding::cited),
            least: least.map(|least| least.to_string().into()),
        });
        let decision = match denial::message(&caller.arn(account), requirement, verdict) {
            None => Ok(()),
            Some(message) => Err(ServiceError::access_denied(message)),
        };
        (decision, Some(reason))
    }

    /// The policies that a caller brings along.
    fn policies_for(&self, caller: &Principal) -> Result<Policies, ServiceError> {
        match caller {
            Principal::Administrator | Principal::Service { .. } => Ok(Policies::default()),
            Principal::User { name, .. } => Ok(Policies {
                own: self.state().policies_of_user(name)?,
                ..Policies::default()
            }),
            Principal::RoleSession {
                role, session_policies, ..
            } => {
                let session = session_policies.iter().map(|policy| read_session_policy(policy));
                Ok(Policies {
                    own: self.state().own_policies(role)?,
                    session: session.collect::<Result<_, _>>()?,
                    resource: Vec::new(),
                })
            }
        }
    }

    /// The policies of the resource itself or of what it lies in: of the bucket for an object.
    fn policies_of(&self, resource: &str) -> Vec<Document> {
        let state = self.state();
        let attached = state.resources.iter().filter(|(arn, _)| {
            resource
                .strip_prefix(arn.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ':']))
        });
        attached.map(|(_, attached)| attached.document.clone()).collect()
    }
}

fn unrecognized() -> ServiceError {
    ServiceError::new(
        "UnrecognizedClientException",
        "The security token included in the request is invalid.",
    )
    .with_status(403)
}

fn read_session_policy(policy: &str) -> Result<Document, ServiceError> {
    let document = serde_json::from_str(policy)
        .map_err(|error| shape::malformed(format_args!("a session policy is not JSON: {error}")))?;
    Document::read(&document, Kind::Identity)
}
