//! Regular expressions: JavaScript's in the form that the evaluator's engine reads.

/// The same expression for an engine whose `\w`, `\d` and `\b` know all of Unicode, and whose classes nest.
pub(super) fn for_engine(pattern: &str) -> String {
    let mut translated = String::with_capacity(pattern.len());
    let mut in_class = false;
    let mut signs = pattern.chars().peekable();
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => match signs.next() {
                Some('w') => translated.push_str("[0-9A-Za-z_]"),
                Some('W') => translated.push_str("[^0-9A-Za-z_]"),
                Some('d') => translated.push_str("[0-9]"),
                Some('D') => translated.push_str("[^0-9]"),
                Some('b') if in_class => translated.push_str("\\x08"),
                Some('b') => translated.push_str("(?-u:\\b)"),
                // `\B` of bytes could stand within a letter, which the engine refuses.
                Some('/') => translated.push('/'),
                Some(other) => translated.extend(['\\', other]),
                None => translated.push('\\'),
            },
            '[' if in_class => translated.push_str("\\["),
            '[' => {
                in_class = true;
                translated.push('[');
                if signs.next_if_eq(&'^').is_some() {
                    translated.push('^');
                }
            }
            ']' if in_class => {
                in_class = false;
                translated.push(']');
            }
            // Two of these are an operation on classes.
            '&' | '~' if in_class => translated.extend(['\\', sign]),
            '-' if in_class && signs.peek() == Some(&'-') => translated.push_str("\\-"),
            _ => translated.push(sign),
        }
    }
    translated
}
