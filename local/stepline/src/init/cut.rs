//! Takes out of a template's text what another one has no use for, and leaves the rest as people wrote it.

/// A template without these parameters, conditions, resources and outputs, and without the comments above them.
pub(super) fn without(text: &str, names: &[&str]) -> String {
    let (mut kept, mut pending, mut is_dropped): (Vec<&str>, Vec<&str>, bool) = (Vec::new(), Vec::new(), false);
    for line in text.lines() {
        let is_entry = line.starts_with("  ") && !line.starts_with("   ");
        if line.trim().is_empty() || (is_entry && line.trim_start().starts_with('#')) {
            // Of two headlines in a row the first has nothing below it any more.
            if is_headline(line) {
                pending.retain(|above| !is_headline(above));
            }
            pending.push(line);
            continue;
        }
        if is_entry {
            let name = line.trim_start().split(':').next().unwrap_or_default();
            is_dropped = names.contains(&name);
        } else if !line.starts_with(' ') {
            is_dropped = false;
        }
        if is_dropped {
            pending.retain(|above| is_headline(above));
        } else {
            kept.append(&mut pending);
            kept.push(line);
        }
    }
    kept.join("\n") + "\n"
}

/// Whether a line says what the part of a template is about that follows.
fn is_headline(line: &str) -> bool {
    line.trim_start().starts_with("# ---")
}

/// A template in which `!If [CONDITION, …, …]`, in one line, is what it is where the condition is false.
pub(super) fn never(text: &str, condition: &str) -> String {
    const VALUE: &str = r#"(?:!Ref \w+|!Sub "[^"]*")"#;
    let pattern = format!(r"!If \[{condition}, {VALUE}, ({VALUE})\]");
    match regex_lite::Regex::new(&pattern) {
        Ok(pattern) => pattern.replace_all(text, "$1").into_owned(),
        Err(_) => text.to_owned(),
    }
}

/// The text of a resource, up to the next one.
pub(super) fn resource<'t>(text: &'t str, id: &str) -> &'t str {
    let Some(begin) = text.find(&format!("\n  {id}:\n")).map(|at| at + 1) else {
        return "";
    };
    let is_next =
        |line: &str| line.starts_with("  ") && !line.starts_with("   ") || line.starts_with(|c| c != ' ' && c != '\n');
    let mut end = begin;
    for (at, line) in text[begin..].split_inclusive('\n').enumerate() {
        if at > 0 && is_next(line) {
            break;
        }
        end += line.len();
    }
    &text[begin..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "\
Parameters:
  One:
    Type: String
  # Of two.
  Two:
    Type: String

Resources:
  # ---- one
  A:
    Type: X

    # Within.
    Value: 1

  # Of B.
  B:
    Type: Y
  # ---- two
  C:
    Arn: !If [Is, !Ref A, !Sub \"${B}:live\"]
Outputs:
  D:
    Value: 1
";

    #[test]
    fn what_is_left_reads_as_before() {
        assert_eq!(without(TEMPLATE, &[]), TEMPLATE);
        let expected = "\
Parameters:
  One:
    Type: String

Resources:
  # ---- two
  C:
    Arn: !Sub \"${B}:live\"
Outputs:
  D:
    Value: 1
";
        assert_eq!(never(&without(TEMPLATE, &["Two", "A", "B"]), "Is"), expected);
    }

    #[test]
    fn a_resource_ends_with_the_next_one() {
        assert_eq!(resource(TEMPLATE, "B"), "  B:\n    Type: Y\n");
        assert_eq!(resource(TEMPLATE, "A").lines().count(), 6);
        assert_eq!(resource(TEMPLATE, "E"), "");
    }
}
