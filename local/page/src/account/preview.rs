//! What an object is, by its name and how it begins, so that it can be shown.

use serde_json::Value;

/// An object as it is shown.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Preview {
    /// The first rows of a table, the names of the columns first; and whether there are more.
    Table(Vec<Vec<String>>, bool),
    /// JSON.
    Json(Value),
    /// How a text begins, and whether there is more of it.
    Text(String, bool),
    /// An image that a browser can show.
    Image,
    /// Something else, of which only the size is shown.
    Other,
}

/// The most rows of a table that are shown.
const ROWS: usize = 12;

/// The content type of an image that is safe to be shown, by how it begins. A name can say anything.
pub(crate) fn image_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        _ => None,
    }
}

impl Preview {
    /// What an object of this name is, which begins with `text` once its secrets are hidden. `is_whole` says whether that
    /// is all of it; nothing in the place of text is no UTF-8.
    pub(crate) fn of(name: &str, bytes: &[u8], text: Option<&str>, is_whole: bool) -> Self {
        if image_type(bytes).is_some() {
            return Self::Image;
        }
        let Some(text) = text.filter(|text| !text.contains('\0')) else {
            return Self::Other;
        };
        let ending = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
        match &*ending {
            "csv" => table(text, ',', is_whole),
            "tsv" => table(text, '\t', is_whole),
            "json" if is_whole => match serde_json::from_str(text) {
                Ok(value) => Self::Json(value),
                Err(_) => Self::Text(text.to_owned(), false),
            },
            _ => Self::Text(text.to_owned(), !is_whole),
        }
    }
}

/// The first rows of comma-separated values.
fn table(text: &str, between: char, is_whole: bool) -> Preview {
    let mut rows = rows(text, between, ROWS + 2);
    if !is_whole && rows.len() <= ROWS + 1 {
        // The last one may be cut.
        rows.pop();
    }
    let has_more = !is_whole || rows.len() > ROWS + 1;
    rows.truncate(ROWS + 1);
    Preview::Table(rows, has_more)
}

/// Rows with their fields, of which one in quotes may have anything in it: <https://www.rfc-editor.org/rfc/rfc4180>.
pub(crate) fn rows(text: &str, between: char, most: usize) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut is_quoted = false;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                field.push('"');
            }
            '"' if is_quoted || field.is_empty() => is_quoted = !is_quoted,
            '\r' if !is_quoted && characters.peek() == Some(&'\n') => {}
            '\n' if !is_quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
                if rows.len() == most {
                    return rows;
                }
            }
            _ if character == between && !is_quoted => row.push(std::mem::take(&mut field)),
            _ => field.push(character),
        }
    }
    if !field.is_empty() || !row.is_empty() {
        row.push(field);
        rows.push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn of(name: &str, text: &str, is_whole: bool) -> Preview {
        Preview::of(name, text.as_bytes(), Some(text), is_whole)
    }

    #[test]
    fn an_object_is_what_it_begins_with() {
        assert_eq!(of("a.json", "{\"a\": 1}", true), Preview::Json(json!({"a": 1})));
        assert_eq!(of("a.json", "{\"a\":", false), Preview::Text("{\"a\":".into(), true));
        assert_eq!(of("a.svg", "<svg/>", true), Preview::Text("<svg/>".into(), false));
        assert_eq!(Preview::of("a.png", b"\x89PNG\r\n\x1a\n..", None, true), Preview::Image);
        assert_eq!(Preview::of("model.tar.gz", b"\x1f\x8b", None, true), Preview::Other);
        assert_eq!(image_type(b"<svg xmlns='http://www.w3.org/2000/svg'/>"), None);
    }

    #[test]
    fn a_table_has_its_first_rows() {
        let text = "a,b\n1,\"x, \"\"y\"\"\n2\"\r\n";
        let expected = [["a", "b"], ["1", "x, \"y\"\n2"]]
            .map(|row| row.map(str::to_owned).to_vec())
            .to_vec();
        assert_eq!(of("t.csv", text, true), Preview::Table(expected, false));
        let long: String = (0..50).map(|row| format!("{row},x\n")).collect();
        let Preview::Table(rows, true) = of("t.csv", &long, true) else {
            panic!("a table with more rows")
        };
        assert_eq!(rows.len(), ROWS + 1);
        let Preview::Table(rows, true) = of("t.csv", "a,b\n1,2\n3,", false) else {
            panic!("a table that is cut")
        };
        assert_eq!(rows.len(), 2, "the row that is cut is left out");
    }
}
