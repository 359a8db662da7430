//! Links inside of a report: those that lead nowhere in it are none.

use percent_encoding::percent_decode_str;
use std::collections::BTreeSet;

/// Takes out each link to an id that the document does not have.
pub(super) fn settle(document: &str) -> String {
    let ids: BTreeSet<&str> = values(document, " id=\"").map(|(_, id)| id).collect();
    let mut settled = String::with_capacity(document.len());
    let mut from = 0;
    for (at, target) in values(document, " href=\"#") {
        // An id is escaped as text of HTML, and a target as a part of an address, too.
        let decoded = percent_decode_str(target).decode_utf8_lossy();
        if !ids.contains(&*escaped(&decoded)) {
            settled.push_str(&document[from..at]);
            from = at + " href=\"#".len() + target.len() + 1;
        }
    }
    settled.push_str(&document[from..]);
    settled
}

/// Where each attribute begins that starts so, and its value.
fn values<'a>(document: &'a str, begins: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    document.match_indices(begins).filter_map(|(at, _)| {
        let rest = &document[at + begins.len()..];
        Some((at, &rest[..rest.find('"')?]))
    })
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_leads_nowhere_is_none() {
        let document =
            r##"<a href="#a/b%20c">1</a><a class="x" href="#gone">2</a><p id="a/b c"></p><a href="#a/b%20c">3</a>"##;
        let settled = r##"<a href="#a/b%20c">1</a><a class="x">2</a><p id="a/b c"></p><a href="#a/b%20c">3</a>"##;
        assert_eq!(settle(document), settled);
    }
}
