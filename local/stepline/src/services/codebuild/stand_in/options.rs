//! The options of `docker build`.

use super::Failure;
use super::docker::{usage, with_tag};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// The options of `docker build`.
#[derive(Debug, Default)]
pub(super) struct Build {
    pub(super) tags: Vec<String>,
    pub(super) file: Option<PathBuf>,
    pub(super) platform: Option<String>,
    pub(super) args: BTreeMap<String, String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) push: bool,
    pub(super) quiet: bool,
    pub(super) no_cache: bool,
    pub(super) pull: bool,
    pub(super) image_id_file: Option<PathBuf>,
    pub(super) context: PathBuf,
}

impl Build {
    /// Reads what stands behind `docker build`.
    pub(super) fn read(args: &[&str]) -> Result<Self, Failure> {
        let mut build = Self::default();
        let mut context = None;
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let (name, mut inline) = match arg.split_once('=') {
                Some((name, value)) if arg.starts_with("--") => (name, Some(value)),
                _ => (*arg, None),
            };
            let off = inline == Some("false");
            let mut value = || {
                let value = inline.take().or_else(|| args.next().copied());
                value.ok_or_else(|| usage(format_args!("flag needs an argument: {name}")))
            };
            match name {
                "-t" | "--tag" => build.tags.push(with_tag(value()?)),
                "-f" | "--file" => build.file = Some(value()?.into()),
                "--platform" => build.platform = Some(value()?.to_owned()),
                "--build-arg" => {
                    let given = value()?;
                    let (name, value) = match given.split_once('=') {
                        Some((name, value)) => (name.to_owned(), value.to_owned()),
                        None => (given.to_owned(), std::env::var(given).unwrap_or_default()),
                    };
                    build.args.insert(name, value);
                }
                "--label" => {
                    let given = value()?;
                    let (name, value) = given.split_once('=').unwrap_or((given, ""));
                    build.labels.insert(name.to_owned(), value.to_owned());
                }
                "--iidfile" => build.image_id_file = Some(value()?.into()),
                "--push" => build.push = true,
                "-q" | "--quiet" => build.quiet = true,
                // No attestation is made, and output is plain.
                "--provenance" | "--sbom" if off => {}
                "--load" => {}
                "--no-cache" => build.no_cache = !off,
                "--pull" => build.pull = !off,
                "--progress" => drop(value()?),
                option if option.starts_with('-') && option != "-" => {
                    return Err(usage(format_args!(
                        "the stand-in for docker does not have `build {arg}`"
                    )));
                }
                path => context = Some(PathBuf::from(path)),
            }
        }
        build.context = context.ok_or_else(|| usage("build requires 1 argument: the context's folder"))?;
        Ok(build)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_of_a_build_are_read() {
        let line = "--tag a --build-arg=A=1 --platform linux/amd64 --provenance=false --pull --no-cache -q container";
        let build = Build::read(&line.split(' ').collect::<Vec<_>>()).unwrap();
        assert_eq!(build.tags, ["a:latest"]);
        assert_eq!(build.args["A"], "1");
        assert_eq!(build.platform.as_deref(), Some("linux/amd64"));
        assert!(build.pull && build.no_cache && build.quiet && !build.push);
        assert_eq!(build.context, PathBuf::from("container"));
        for (line, part) in [
            ("--tag a", "1 argument"),
            ("--secret x .", "`build --secret`"),
            (". --file", "--file"),
        ] {
            let failure = Build::read(&line.split(' ').collect::<Vec<_>>()).unwrap_err();
            assert!(failure.message.contains(part), "{line}: {}", failure.message);
        }
    }
}
