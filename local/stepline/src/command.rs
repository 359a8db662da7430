//! How this command is called, for texts that tell people what to type.

/// `cargo run --` where cargo runs it, else `stepline`.
pub(crate) fn name() -> &'static str {
    match std::env::var_os("CARGO_MANIFEST_DIR") {
        Some(_) => "cargo run --",
        None => "stepline",
    }
}
