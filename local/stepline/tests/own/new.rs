//! A repository that `new` makes, and one whose functions are not built.

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

#[test]
fn a_run_says_at_once_which_functions_cannot_run_here() {
    let template = "Transform: AWS::Serverless-2016-10-31
Resources:
  Waits:
    Type: AWS::Serverless::StateMachine
    Properties: {Name: waits, Definition: {StartAt: A, States: {A: {Type: Succeed}}}}
  Made:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: makefile}
    Properties: {FunctionName: made, CodeUri: made/, Handler: a.b, Runtime: provided.al2023}
";
    let repository = Repository::of(&[("template.yaml", template), ("made/Makefile", "")]);
    let (code, said) = repository.stepline(&["run", "--state-machine", "waits"]);
    assert_eq!(code, 0, "{said}");
    let told = "functions: made cannot run here: the local run does not build with `BuildMethod: makefile`";
    assert!(said.contains(told), "{said}");
}
