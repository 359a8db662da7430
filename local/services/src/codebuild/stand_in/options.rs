//! What `docker` is called with: the options of `docker build`, and the names of images.

use super::failure::Failure;
use super::media::{ImageStore, MediaTypes};
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
    pub(super) media_types: MediaTypes,
    /// Whether an attestation of provenance was asked for, or refused; where neither, the environment says.
    pub(super) provenance: Option<bool>,
    pub(super) context: PathBuf,
}

impl Build {
    /// Reads what stands behind `docker build`, for images that come into this store.
    pub(super) fn read(args: &[&str], store: ImageStore) -> Result<Self, Failure> {
        let mut build = Self {
            media_types: store.media_types(),
            ..Self::default()
        };
        let mut context = None;
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let (name, mut inline) = match arg.split_once('=') {
                Some((name, value)) if arg.starts_with("--") => (name, Some(value)),
                _ => (*arg, None),
            };
            let off = inline == Some("false");
            let on = matches!(inline, Some("true" | "mode=min" | "mode=max"));
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
                "-o" | "--output" => build.output(value()?)?,
                "-q" | "--quiet" => build.quiet = true,
                "--provenance" if off => build.provenance = Some(false),
                "--provenance" if on => build.provenance = Some(true),
                "--sbom" if off => {}
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

    /// Reads `--output`: an image, with what <https://docs.docker.com/build/exporters/image-registry/> has for one.
    fn output(&mut self, given: &str) -> Result<(), Failure> {
        let unknown = |part: &str| {
            usage(format_args!(
                "the stand-in for docker does not have `build --output {part}`"
            ))
        };
        let truth = |name: &str, value: &str| match value {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(usage(format_args!(
                "--output: `{name}` is `{value}`, and must be true or false"
            ))),
        };
        let (mut is_image, mut named) = (false, None);
        for part in given.split(',') {
            let (name, value) = part.split_once('=').ok_or_else(|| unknown(given))?;
            match (name, value) {
                ("type", "image") => is_image = true,
                ("type", "registry") => (is_image, self.push) = (true, true),
                ("name", name) => named = Some(with_tag(name)),
                ("push", value) => self.push = truth(name, value)?,
                ("oci-mediatypes", value) => {
                    self.media_types = match truth(name, value)? {
                        true => MediaTypes::Oci,
                        false => MediaTypes::Docker,
                    }
                }
                _ => return Err(unknown(part)),
            }
        }
        if !is_image {
            return Err(unknown(given));
        }
        self.tags.extend(named);
        Ok(())
    }
}

/// A mistake in how `docker` was called.
pub(super) fn usage(message: impl std::fmt::Display) -> Failure {
    Failure::new(125, format_args!("docker: {message}"))
}

/// A name with a tag: `latest` where it has none.
pub(super) fn with_tag(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    if last.contains(':') {
        name.to_owned()
    } else {
        format!("{name}:latest")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_of_a_build_are_read() {
        let line = "--tag a --build-arg=A=1 --platform linux/amd64 --provenance=false --pull --no-cache -q container";
        let build = Build::read(&line.split(' ').collect::<Vec<_>>(), ImageStore::Containerd).unwrap();
        assert_eq!(build.tags, ["a:latest"]);
        assert_eq!(build.args["A"], "1");
        assert_eq!(build.platform.as_deref(), Some("linux/amd64"));
        assert!(build.pull && build.no_cache && build.quiet && !build.push);
        assert_eq!(build.provenance, Some(false));
        assert_eq!(build.context, PathBuf::from("container"));
        assert_eq!(
            build.media_types,
            MediaTypes::Oci,
            "as Docker's image store has it by itself"
        );
        let line = "-t a --output type=image,oci-mediatypes=false,push=true .";
        let build = Build::read(&line.split(' ').collect::<Vec<_>>(), ImageStore::Containerd).unwrap();
        assert_eq!((build.media_types, build.push), (MediaTypes::Docker, true));
        assert_eq!(build.provenance, None);
        for (line, part) in [
            ("--output type=tar,dest=x .", "`build --output type=tar`"),
            ("--output type=image,store=no .", "`build --output store=no`"),
            ("--output type=image,push=perhaps .", "`perhaps`"),
            ("--output container .", "`build --output container`"),
            ("--tag a", "1 argument"),
            ("--secret x .", "`build --secret`"),
            (". --file", "--file"),
        ] {
            let failure = Build::read(&line.split(' ').collect::<Vec<_>>(), ImageStore::Containerd).unwrap_err();
            assert!(failure.message.contains(part), "{line}: {}", failure.message);
        }
    }
}
