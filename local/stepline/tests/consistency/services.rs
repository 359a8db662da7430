//! The services and operations that the documents list are those that are there.

use super::house::text;

#[test]
fn the_document_lists_what_is_there() {
    let listed = text("docs/services.md");
    let table = listed.find("| service ").map(|at| &listed[at..]);
    let mend = "write what `cargo run -- services` prints into docs/services.md";
    assert_eq!(table, Some(stepline::cloud::operations().as_str()), "{mend}");
}
