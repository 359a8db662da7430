//! What the roles of the files that deploy may do, and what a change adds to it.

use crate::deploy::{self, DeployError};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

/// A statement that a role has: the role's name, and the statement as JSON.
type Granted = (String, String);

/// What the roles of an environment may do, by the files of the repository at `root`.
async fn granted(root: &Path, environment: &str) -> Result<BTreeSet<Granted>, DeployError> {
    let (cloud, _) = deploy::deploy_apart(root, environment).await?;
    let mut granted = BTreeSet::new();
    for role in cloud.iam.roles() {
        // A role that is gone between the two has nothing.
        let statements = cloud.iam.statements(&role.name).unwrap_or_default();
        let of_role = statements
            .iter()
            .map(|cited| (role.name.clone(), cited.statement.to_string()));
        granted.extend(of_role);
    }
    Ok(granted)
}

/// What the files of `root` let their roles do that those of `base` do not, and the other way round, in Markdown.
///
/// # Errors
/// The files of one of them are wrong.
pub async fn changed(root: &Path, (base, name): (&Path, &str), environment: &str) -> Result<String, DeployError> {
    let now = granted(root, environment).await?;
    let before = granted(base, environment).await?;
    let mut text = "### Permissions\n\n".to_owned();
    for (what, changed) in [
        ("added", now.difference(&before)),
        ("taken away", before.difference(&now)),
    ] {
        let changed: Vec<&Granted> = changed.collect();
        if changed.is_empty() {
            let _ = writeln!(text, "None {what} against `{name}`.\n");
            continue;
        }
        let _ = writeln!(text, "{} statements {what} against `{name}`:\n", changed.len());
        for (role, statement) in changed {
            let _ = writeln!(text, "- `{role}`: `{}`", statement.replace('`', "'"));
        }
        text.push('\n');
    }
    Ok(text)
}
