//! Policies of several kinds together, and who is named by those of resources.

use super::{GUIDE, allow, policy, zhang};
use crate::account::Account;
use crate::iam::{Iam, NewRole, NewUser, Requirement};
use serde_json::{Value, json};

const ROLE: &str = "arn:aws:iam::123456789012:role/r";
const SESSION: &str = "arn:aws:sts::123456789012:assumed-role/r/s";
const USER: &str = "arn:aws:iam::123456789012:user/Zhang";
const ROOT: &str = "arn:aws:iam::123456789012:root";

/// What the policies of each kind say of `s3:GetObject`; None is no policy, Some(None) one about something else.
#[derive(Clone, Copy)]
struct Said {
    identity: Option<bool>,
    boundary: Option<Option<bool>>,
    session: Option<Option<bool>>,
    /// The effect, the element, and the principals of the bucket's policy.
    resource: Option<(bool, &'static str, &'static [&'static str])>,
}

const NOTHING: Said = Said {
    identity: None,
    boundary: None,
    session: None,
    resource: None,
};

fn says(what: Option<bool>) -> Value {
    let effect = if what == Some(false) { "Deny" } else { "Allow" };
    let action = if what.is_some() { "s3:GetObject" } else { "s3:PutObject" };
    policy(json!({"Effect": effect, "Action": action, "Resource": "*"}))
}

fn decided(said: &Said, as_user: bool) -> bool {
    let account = Account::local();
    let iam = Iam::default();
    let boundary = said.boundary.map(|what| {
        let arn = "arn:aws:iam::123456789012:policy/boundary".to_owned();
        iam.create_policy(&arn, says(what)).unwrap();
        arn
    });
    let mut role = NewRole::for_service("r", "lambda.amazonaws.com").with_policy("p", says(said.identity));
    role.permissions_boundary.clone_from(&boundary);
    iam.create_role(&account, role).unwrap();
    let mut user = NewUser::new("Zhang").with_policy("p", says(said.identity));
    user.permissions_boundary = boundary;
    iam.create_user(&account, user).unwrap();
    if let Some((allows, element, principals)) = said.resource {
        let mut statement = allow("s3:GetObject", "arn:aws:s3:::b/*");
        statement["Effect"] = if allows { "Allow" } else { "Deny" }.into();
        statement[element] = json!({"AWS": principals});
        iam.put_resource_policy("arn:aws:s3:::b", &policy(statement)).unwrap();
    }
    let caller = if as_user {
        zhang()
    } else {
        let policies = said.session.map(|what| says(what).to_string());
        iam.session("r", "s", policies.into_iter().collect()).unwrap()
    };
    iam.decide(&account, &caller, &Requirement::new("s3:GetObject", "arn:aws:s3:::b/k"))
        .is_ok()
}

#[test]
fn kinds_of_policies_together() {
    let page = "reference_policies_evaluation-logic_policy-eval-basics.html";
    let allowed = Said {
        identity: Some(true),
        ..NOTHING
    };
    let by_bucket = |principals| Said {
        resource: Some((true, "Principal", principals)),
        ..NOTHING
    };
    // Whether a session of the role may, and whether the user may.
    for (said, session, user) in [
        (NOTHING, false, false),
        (allowed, true, true),
        (
            Said {
                identity: Some(false),
                ..by_bucket(&[SESSION, USER])
            },
            false,
            false,
        ),
        // A boundary and a session's policy narrow, and give nothing.
        (
            Said {
                boundary: Some(Some(true)),
                ..NOTHING
            },
            false,
            false,
        ),
        (
            Said {
                boundary: Some(Some(true)),
                ..allowed
            },
            true,
            true,
        ),
        (
            Said {
                boundary: Some(None),
                ..allowed
            },
            false,
            false,
        ),
        (
            Said {
                boundary: Some(Some(false)),
                ..allowed
            },
            false,
            false,
        ),
        (
            Said {
                session: Some(Some(true)),
                ..NOTHING
            },
            false,
            false,
        ),
        (
            Said {
                session: Some(Some(true)),
                ..allowed
            },
            true,
            true,
        ),
        (
            Said {
                session: Some(None),
                ..allowed
            },
            false,
            true,
        ),
        (
            Said {
                session: Some(Some(false)),
                ..allowed
            },
            false,
            true,
        ),
        (
            Said {
                session: Some(Some(true)),
                boundary: Some(None),
                ..allowed
            },
            false,
            false,
        ),
        // In one account, the bucket's policy or the caller's own is enough.
        (by_bucket(&[SESSION]), true, false),
        (by_bucket(&[ROLE]), true, false),
        (by_bucket(&[USER]), false, true),
        (by_bucket(&[ROOT]), false, false),
        (by_bucket(&["123456789012"]), false, false),
        (by_bucket(&["arn:aws:iam::999999999999:root"]), false, false),
        (
            Said {
                identity: Some(true),
                ..by_bucket(&[ROOT])
            },
            true,
            true,
        ),
        // What is given to the role is narrowed, what is given to the session or the user is not.
        (
            Said {
                boundary: Some(None),
                ..by_bucket(&[ROLE])
            },
            false,
            false,
        ),
        (
            Said {
                session: Some(None),
                ..by_bucket(&[ROLE])
            },
            false,
            false,
        ),
        (
            Said {
                boundary: Some(None),
                ..by_bucket(&[SESSION, USER])
            },
            true,
            true,
        ),
        (
            Said {
                session: Some(None),
                ..by_bucket(&[SESSION])
            },
            true,
            false,
        ),
        (
            Said {
                boundary: Some(Some(false)),
                ..by_bucket(&[SESSION, USER])
            },
            false,
            false,
        ),
        (
            Said {
                session: Some(Some(false)),
                ..by_bucket(&[SESSION])
            },
            false,
            false,
        ),
        // A bucket that denies the account denies all who are in it.
        (
            Said {
                resource: Some((false, "Principal", &[ROOT])),
                ..allowed
            },
            false,
            false,
        ),
        (
            Said {
                resource: Some((false, "Principal", &[ROLE])),
                ..allowed
            },
            false,
            true,
        ),
        (
            Said {
                resource: Some((false, "Principal", &[USER])),
                ..allowed
            },
            true,
            false,
        ),
    ] {
        assert_eq!(decided(&said, false), session, "{GUIDE}{page}: session, {said:?}");
        assert_eq!(decided(&said, true), user, "{GUIDE}{page}: user, {said:?}");
    }
}

#[test]
fn everyone_but_somebody() {
    let page = "reference_policies_elements_notprincipal.html";
    for (principals, session, user) in [
        (&[USER, ROOT] as &'static [&'static str], false, true),
        (&[SESSION, ROLE, ROOT], true, false),
        (&[SESSION, ROLE, ROOT, USER], true, true),
        // Whoever is spared has to be named with role and account.
        (&[USER], false, false),
        (&[SESSION, ROOT], false, false),
        (&[ROLE, ROOT], false, false),
        // The account alone is not all who are in it.
        (&[ROOT], false, false),
        (&["*"], true, true),
    ] {
        let said = Said {
            identity: Some(true),
            resource: Some((false, "NotPrincipal", principals)),
            ..NOTHING
        };
        assert_eq!(decided(&said, false), session, "{GUIDE}{page}: session, {principals:?}");
        assert_eq!(decided(&said, true), user, "{GUIDE}{page}: user, {principals:?}");
    }
    let said = |principals| Said {
        resource: Some((true, "NotPrincipal", principals)),
        ..NOTHING
    };
    assert!(decided(&said(&[USER]), false), "everyone but the user");
    assert!(!decided(&said(&[USER]), true), "the user");
}

impl std::fmt::Debug for Said {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            identity,
            boundary,
            session,
            resource,
        } = self;
        write!(
            formatter,
            "own {identity:?}, boundary {boundary:?}, session {session:?}, bucket {resource:?}"
        )
    }
}

#[test]
fn a_third_party_says_its_external_id() {
    let page = "confused-deputy.html";
    let account = Account::local();
    let iam = Iam::default();
    let mut trust = json!({"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "sts:AssumeRole"});
    trust["Condition"] =
        json!({"StringEquals": {"sts:ExternalId": "12345"}, "StringLike": {"sts:RoleSessionName": "${aws:username}"}});
    let role = NewRole {
        trust: policy(trust),
        ..NewRole::for_service("r", "lambda.amazonaws.com")
    };
    iam.create_role(&account, role).unwrap();
    iam.create_user(&account, NewUser::new("Zhang")).unwrap();
    for (external_id, session, expected) in [
        (Some("12345"), "Zhang", true),
        (Some("12346"), "Zhang", false),
        (Some("12345"), "Bob", false),
        (None, "Zhang", false),
    ] {
        let mut own = vec![("sts:RoleSessionName".to_owned(), session.to_owned())];
        own.extend(external_id.map(|id| ("sts:ExternalId".to_owned(), id.to_owned())));
        let may = iam.may_assume_with(&account, "r", &zhang(), own).unwrap();
        assert_eq!(may, expected, "{GUIDE}{page}: {external_id:?} {session}");
    }
}
