//! What `stepline new` is asked for.

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The region, in the place of us-east-1.
    pub region: Option<String>,
    /// The repository on GitHub, `OWNER/NAME`.
    pub repository: Option<String>,
}
