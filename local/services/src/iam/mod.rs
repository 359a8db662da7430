//! IAM's API, as far as it shows users and shows and changes roles. What they allow is decided in [`platform::iam`].

mod asked;
mod changes;
mod operations;
mod policies;
mod roles;
mod shown;
#[cfg(test)]
mod tests;
mod users;

/// IAM's API.
#[derive(Debug, Default)]
pub struct IamApi {}
