//! A repository that `new` makes.

use crate::world::{Repository, stepline};

#[test]
fn a_new_repository_is_whole_and_deploys() {
    let folder = Repository::of(&[]);
    let arguments = ["new", "models", "--region", "eu-west-1", "--repository", "team/models"];
    let (code, said) = folder.stepline(&arguments);
    assert_eq!(code, 0, "{said}");
    let models = folder.root().join("models");
    let (code, said) = stepline(&models, &["check"]);
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("Succeeded: 4 definitions and 2 environments checked"),
        "{said}"
    );
    let (code, said) = stepline(&models, &["cost"]);
    assert_eq!(code, 0, "{said}");
    // There is something in it now.
    let (code, said) = folder.stepline(&arguments);
    assert_eq!(code, 2, "{said}");
    assert!(said.contains("models is not empty"), "{said}");
}
