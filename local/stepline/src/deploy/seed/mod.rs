//! What an account begins with: the files of `seed/`.
//!
//! On AWS `sam/seed` puts the same there.

pub(super) mod buckets;
pub(super) mod parameters;
