//! What is different in a new repository: functions are zips, and names are its own.

use super::asked::Asked;

/// The version of the SAM CLI that the workflows install.
const SAM_CLI: &str = "1.170.0";

/// The text of a file as a new repository has it; none where it is the same.
pub(super) fn rewritten(path: &str, content: &[u8], name: &str, asked: &Asked) -> Option<String> {
    let text = std::str::from_utf8(content).ok()?;
    let rewritten = match path {
        "sam/template.yaml" | "sam/serving.yaml" => with_zips(text),
        "sam/samconfig.toml" => configured(text, asked),
        "README.md" => text.replace("NAME", name),
        _ if path.starts_with(".github/workflows/") => text.replace("SAM_CLI_VERSION", SAM_CLI),
        _ => return None,
    };
    Some(rewritten)
}

/// A template whose functions are zips: nothing says how they are built.
fn with_zips(text: &str) -> String {
    let mut kept: Vec<String> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let builds = |line: &&str| line.trim_start().starts_with("BuildMethod: rust-cargolambda");
        if line.trim_end() == "    Metadata:" && lines.peek().is_some_and(builds) {
            // The method, the properties, and the binary in them.
            lines.nth(2);
            continue;
        }
        let is_function = line.trim_start().starts_with("CodeUri: ../functions/");
        kept.push(if is_function {
            format!("{}.zip", line.trim_end())
        } else {
            line.to_owned()
        });
    }
    kept.join("\n") + "\n"
}

/// `samconfig.toml` without what is about building, and with the region and the repository.
fn configured(text: &str, asked: &Asked) -> String {
    let mut kept: Vec<String> = Vec::new();
    let mut is_about_building = false;
    for line in text.lines() {
        if line.starts_with('[') && !line.starts_with("[\"") {
            is_about_building = line.contains(".build.");
        }
        if is_about_building || line.starts_with("# `cached` would miss") {
            continue;
        }
        kept.push(line.to_owned());
    }
    let mut text = kept.join("\n") + "\n";
    if let Some(region) = &asked.region {
        text = text.replace("us-east-1", region);
    }
    if let Some(repository) = &asked.repository {
        text = text.replace("OWNER/REPOSITORY", repository);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::files;
    use super::*;

    fn text(path: &str) -> String {
        let file = files::all().find(|file| file.path == path).expect(path);
        let asked = Asked {
            region: Some("ap-northeast-1".into()),
            repository: Some("team/models".into()),
        };
        rewritten(path, file.content, "models", &asked).expect(path)
    }

    #[test]
    fn functions_are_zips_that_nothing_builds() {
        for (path, functions) in [("sam/template.yaml", 3), ("sam/serving.yaml", 1)] {
            let text = text(path);
            assert!(
                !text.contains("rust-cargolambda") && !text.contains("Binary:"),
                "{path}"
            );
            assert_eq!(text.matches("CodeUri: ../functions/").count(), functions, "{path}");
            assert_eq!(text.matches(".zip\n").count(), functions, "{path}");
        }
    }

    #[test]
    fn the_configuration_has_the_region_and_the_repository() {
        let text = text("sam/samconfig.toml");
        assert!(text.parse::<toml::Table>().is_ok());
        for absent in [".build.", "us-east-1", "OWNER", "cached"] {
            assert!(!text.contains(absent), "{absent}");
        }
        assert_eq!(text.matches("Repository=team/models").count(), 3);
        assert!(self::text("README.md").starts_with("# models\n"));
        assert!(self::text(".github/workflows/deploy.yml").contains("aws-sam-cli==1."));
    }
}
