//! What is wrong with an expression that cannot be read, as AWS says it: in JSONata's own words.
//!
//! The parser names tokens as its code does, and puts the error's code, such as `S0207`, before the sentence. AWS leaves the
//! code out.

/// Tokens by the parser's names, and how they are written.
const TOKENS: [(&str, &str); 34] = [
    ("RightBracket", "]"),
    ("LeftBracket", "["),
    ("RightParen", ")"),
    ("LeftParen", "("),
    ("RightBrace", "}"),
    ("LeftBrace", "{"),
    ("Comma", ","),
    ("Semicolon", ";"),
    ("ColonEqual", ":="),
    ("QuestionColon", "?:"),
    ("QuestionQuestion", "??"),
    ("Colon", ":"),
    ("Question", "?"),
    ("TildeArrow", "~>"),
    ("Plus", "+"),
    ("Minus", "-"),
    ("StarStar", "**"),
    ("Star", "*"),
    ("Slash", "/"),
    ("Percent", "%"),
    ("NotEqual", "!="),
    ("Equal", "="),
    ("LessThanOrEqual", "<="),
    ("GreaterThanOrEqual", ">="),
    ("LessThan", "<"),
    ("GreaterThan", ">"),
    ("And", "and"),
    ("Or", "or"),
    ("Ampersand", "&"),
    ("DotDot", ".."),
    ("Dot", "."),
    ("Caret", "^"),
    ("Pipe", "|"),
    ("Hash", "#"),
];

/// The sentence of a parser's error.
pub(super) fn told(message: &str) -> String {
    let mut before = "";
    let words = without_code(message).split(' ').map(|word| {
        let is_token = matches!(before, "Expected" | "got" | "symbol");
        before = word;
        if is_token { token(word) } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// A token as JSONata writes it, between quotes; another word as it is.
fn token(word: &str) -> String {
    let (name, comma) = word.strip_suffix(',').map_or((word, ""), |name| (name, ","));
    let written = TOKENS.iter().find(|(known, _)| *known == name);
    match (
        written,
        name.strip_prefix("Identifier(").and_then(|rest| rest.strip_suffix(')')),
    ) {
        (Some((_, symbol)), _) => format!("\"{symbol}\"{comma}"),
        (None, Some(name)) => format!("{name}{comma}"),
        (None, None) => word.to_owned(),
    }
}

fn without_code(message: &str) -> &str {
    let rest = message.split_once(": ").filter(|(code, _)| {
        let digits = code.strip_prefix('S').unwrap_or_default();
        digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    rest.map_or(message, |(_, rest)| rest)
}
