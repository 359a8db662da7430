//! An image that is built from a Dockerfile and pushed to a repository.
//!
//! See <https://docs.aws.amazon.com/codepipeline/latest/userguide/action-reference-ECRBuildAndPublish.html>.

use super::compute::{self, Commands};
use crate::codepipeline::work::{Done, Failure, Work};
use serde_json::json;

/// What the action does. A path is the folder with the Dockerfile, or the Dockerfile itself. A push that fails leaves no
/// digest, since a loop that is left has succeeded.
const COMMANDS: [&str; 3] = [
    "aws ecr get-login-password --region \"$AWS_REGION\" | \
     docker login --username AWS --password-stdin \"${REPOSITORY_URI%%/*}\"",
    "if [ -d \"$DOCKER_FILE_PATH\" ]; then docker build -t \"$REPOSITORY_URI:built\" \"$DOCKER_FILE_PATH\"; \
     else docker build -t \"$REPOSITORY_URI:built\" -f \"$DOCKER_FILE_PATH\" .; fi",
    "for tag in $IMAGE_TAGS; do \
     docker tag \"$REPOSITORY_URI:built\" \"$REPOSITORY_URI:$tag\" && \
     docker push \"$REPOSITORY_URI:$tag\" >\"$HOME/pushed\" 2>&1 || { cat \"$HOME/pushed\"; ECRImageDigestId=; break; }; \
     cat \"$HOME/pushed\"; \
     ECRImageDigestId=$(sed -n 's/.* digest: \\(sha256:[0-9a-f]*\\) .*/\\1/p' \"$HOME/pushed\"); done && \
     [ -n \"$ECRImageDigestId\" ] && export ECRImageDigestId",
];

pub(super) async fn perform(work: Work<'_>) -> Result<Done, Failure> {
    let repository = work.configured("ECRRepositoryName").to_owned();
    let question = json!({"repositoryNames": [repository]});
    let found = work
        .platform
        .call(&work.caller, "ecr", "DescribeRepositories", question);
    let found = found.await?;
    let uri = found["repositories"][0]["repositoryUri"].as_str().unwrap_or_default();
    let or = |key: &str, default: &str| match work.configured(key) {
        "" => default.to_owned(),
        given => given.to_owned(),
    };
    let tags = or("ImageTags", "latest");
    let tags: Vec<&str> = tags.split(',').map(str::trim).filter(|tag| !tag.is_empty()).collect();
    let is_tag = |tag: &&str| tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    if let Some(wrong) = tags.iter().find(|tag| !is_tag(tag)) {
        return Err(Failure::new(
            "ConfigurationError",
            format!("ImageTags: `{wrong}` is no tag"),
        ));
    }
    let variables = [
        ("REPOSITORY_URI", uri.to_owned()),
        ("IMAGE_TAGS", tags.join(" ")),
        ("DOCKER_FILE_PATH", or("DockerFilePath", ".")),
        ("ECRRepositoryName", repository),
    ]
    .map(|(name, value)| (name.to_owned(), value));
    let buildspec = json!({
        "version": 0.2,
        "env": {"exported-variables": ["ECRImageDigestId", "ECRRepositoryName"]},
        "phases": {"build": {"commands": COMMANDS}},
    });
    let variables = variables.into();
    compute::run(work, Commands { buildspec, variables }).await
}
