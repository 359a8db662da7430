//! What `stepline init` is asked for.

/// What is asked for. What is not is found, asked or usual.
#[derive(Debug, Default, Clone)]
pub struct Asked {
    /// The account, where the files name none.
    pub account: Option<String>,
    /// The region, where the files name none.
    pub region: Option<String>,
    /// The region of whoever asks, where nothing says which.
    pub usual_region: Option<String>,
    /// The repository on GitHub, `OWNER/NAME`.
    pub repository: Option<String>,
    /// The ARN of the connection to GitHub.
    pub connection: Option<String>,
    /// The environments, as `NAME=BRANCH`, the one in production last.
    pub environments: Vec<String>,
    /// The folder of the container, or its Dockerfile.
    pub container: Option<String>,
    /// The file of the definition.
    pub definition: Option<String>,
    /// Values of what the definition substitutes.
    pub substitutions: Vec<(String, String)>,
}
