//! Reads the text of an XML element by the element's name: answers need no more.

use quick_xml::Reader;
use quick_xml::events::Event;

/// The text of the first element with this name, at any depth.
pub(crate) fn text(document: &str, element: &str) -> Option<String> {
    let mut reader = Reader::from_str(document);
    loop {
        match reader.read_event() {
            Ok(Event::Start(start)) if start.local_name().as_ref() == element => {
                let text = reader.read_text(start.name()).ok()?;
                return Some(quick_xml::escape::unescape(&text).ok()?.into_owned());
            }
            Ok(Event::Eof) | Err(_) => return None,
            Ok(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_element_with_the_name() {
        let document = "<?xml version=\"1.0\"?>\n<A xmlns=\"urn:a\"><B/><C>x &amp; y</C><D><C>z</C></D></A>";
        for (element, expected) in [("C", Some("x & y")), ("D", Some("<C>z</C>")), ("E", None)] {
            assert_eq!(text(document, element).as_deref(), expected, "{element}");
        }
        assert_eq!(text("not XML <", "A"), None);
    }
}
