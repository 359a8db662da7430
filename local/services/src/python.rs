//! Python packages of builds, and of images that are built without an engine.
//!
//! No build image and no base image is there, and this machine's own Python runs builds and jobs. What `pip install`
//! installs must not go into that Python: it goes into a virtual environment. Each list of packages has one, which is made
//! once, on the first build that asks for it, and is used by every build and job after that. An image's label says what to
//! install, so that a job finds the environment wherever it runs.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The label of an image that says what to install: a list of [`Install`]s as JSON.
pub(crate) const LABEL: &str = "dev.stepline.pip-install";

/// The variable by which the stand-in for `docker` learns where environments are kept.
pub(crate) const FOLDER: &str = "STEPLINE_PYTHON_ENVIRONMENTS";

/// The variable by which the stand-ins for `python` and `pip` learn where the build's own environment is to be.
pub(crate) const OF_BUILD: &str = "STEPLINE_PYTHON_OF_BUILD";

/// The variable by which stand-ins learn which Python this machine has: `python3` on their `PATH` is one of them.
pub(crate) const PROGRAM: &str = "STEPLINE_PYTHON";

/// Settings of pip by which it would install into another place than it is told to.
const ELSEWHERE: [&str; 4] = ["PIP_PREFIX", "PIP_ROOT", "PIP_TARGET", "PIP_USER"];

/// This machine's Python.
pub(crate) fn program() -> OsString {
    std::env::var_os(PROGRAM).unwrap_or_else(|| "python3".into())
}

/// What stands before the names of variables that are meant for pip, in builds: there they mean nothing to any other
/// command.
const FOR_PIP: &str = "STEPLINE_FOR_PIP_";

/// Variables by which pip finds its settings and the network, beside its own `PIP_…`.
const NETWORK: [&str; 8] = [
    "HOME",
    "HTTPS_PROXY",
    "HTTP_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "https_proxy",
    "http_proxy",
    "no_proxy",
];

/// This process's variables, as far as they are text.
pub(crate) fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// The variables that a build gets for pip: what this machine's pip is set up with, under names of their own.
pub(crate) fn for_builds(variables: impl Iterator<Item = (String, String)>) -> impl Iterator<Item = (String, String)> {
    let meant = variables.filter(|(name, _)| name.starts_with("PIP_") || NETWORK.contains(&name.as_str()));
    let meant = meant.filter(|(name, _)| !ELSEWHERE.contains(&name.as_str()));
    meant.map(|(name, value)| (format!("{FOR_PIP}{name}"), value))
}

/// The variables that pip gets of those of a build.
pub(crate) fn for_pip(variables: impl Iterator<Item = (String, String)>) -> impl Iterator<Item = (String, String)> {
    variables.filter_map(|(name, value)| Some((name.strip_prefix(FOR_PIP)?.to_owned(), value)))
}

/// The file that an environment has when everything is installed.
const COMPLETE: &str = "complete";

/// One `pip install` of a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Install {
    /// Options that pip is given as they are.
    pub(crate) options: Vec<String>,
    /// Files of requirements, by their paths in the image.
    pub(crate) files: Vec<String>,
    /// Requirements that stand in the command itself.
    pub(crate) packages: Vec<String>,
}

/// An [`Install`] with the texts of its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Wanted {
    install: Install,
    texts: Vec<String>,
}

impl Install {
    /// Reads the files. `read` gives the text of a file of the image.
    ///
    /// # Errors
    /// What `read` says, with the file's path.
    pub(crate) fn wanted(&self, read: impl Fn(&str) -> Result<String, String>) -> Result<Wanted, String> {
        let texts = self.files.iter().map(|file| {
            let text = read(file).map_err(|error| format!("{file}: {error}"))?;
            match text.lines().find(|line| is_include(line)) {
                Some(line) => Err(format!(
                    "{file}: `{}` is not here: give each file to pip install by a --requirement of its own",
                    line.trim()
                )),
                None => Ok(text),
            }
        });
        let texts = texts.collect::<Result<_, String>>()?;
        Ok(Wanted {
            install: self.clone(),
            texts,
        })
    }
}

/// Whether a line of requirements leads to another file.
fn is_include(line: &str) -> bool {
    let line = line.trim_start();
    ["-r", "-c", "--requirement", "--constraint", "-e", "--editable"]
        .iter()
        .any(|option| {
            line.strip_prefix(option)
                .is_some_and(|rest| rest.starts_with([' ', '=']))
        })
}

impl Wanted {
    /// Whether the same packages come of it each time: they are known by their hashes.
    pub(crate) fn is_locked(&self) -> bool {
        let has_hashes = self.texts.iter().any(|text| text.contains("--hash="));
        let required = self.install.options.iter().any(|option| option == "--require-hashes");
        self.install.packages.is_empty() && (has_hashes || required)
    }

    /// Whether anything is to be installed.
    fn is_something(&self) -> bool {
        let mut lines = self.texts.iter().flat_map(|text| text.lines());
        !self.install.packages.is_empty()
            || lines.any(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
    }
}

/// Where the virtual environments are.
#[derive(Debug, Clone)]
pub struct Environments {
    folder: PathBuf,
}

impl Environments {
    /// Environments that are kept in this folder, which need not be there yet.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The folder that they are kept in.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The environment that has all of this. It is made now unless it is there; `say` gets what pip has to say then. None
    /// if nothing is to be installed.
    ///
    /// # Errors
    /// Why pip could not install it, and what to do about it.
    pub(crate) fn with(&self, wanted: &[Wanted], say: &mut dyn FnMut(&str)) -> Result<Option<PathBuf>, Missing> {
        if !wanted.iter().any(Wanted::is_something) {
            return Ok(None);
        }
        let environment = self.folder.join(key(wanted).map_err(Missing::Failed)?);
        if environment.join(COMPLETE).exists() {
            return Ok(Some(environment));
        }
        self.make(&environment, wanted, say)?;
        Ok(Some(environment))
    }

    /// An environment that has pip and nothing else.
    ///
    /// # Errors
    /// Why Python could not make it.
    pub(crate) fn with_pip(&self) -> Result<PathBuf, Missing> {
        let environment = self.folder.join(key(&[]).map_err(Missing::Failed)?);
        if !environment.join(COMPLETE).exists() {
            self.make(&environment, &[], &mut |_| {})?;
        }
        Ok(environment)
    }

    fn make(&self, environment: &Path, wanted: &[Wanted], say: &mut dyn FnMut(&str)) -> Result<(), Missing> {
        let text = |error: io::Error| Missing::Failed(error.to_string());
        fs::create_dir_all(&self.folder).map_err(text)?;
        // One process makes it, and others wait for that.
        let guard = File::create(environment.with_extension("lock")).map_err(text)?;
        guard.lock().map_err(text)?;
        if environment.join(COMPLETE).exists() {
            return Ok(());
        }
        // What an interrupted one left is begun anew.
        if environment.exists() {
            fs::remove_dir_all(environment).map_err(text)?;
        }
        say(&format!(
            "installing the packages into {}, once for this list of packages",
            environment.display()
        ));
        run(
            Command::new(program()).args(["-m", "venv"]).arg(environment),
            &mut |_| {},
        )?;
        for (at, wanted) in wanted.iter().enumerate() {
            let mut pip = Command::new(environment.join("bin/python3"));
            pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--no-input"]);
            pip.args(["--progress-bar", "off", "--retries", "2", "--no-compile"]);
            pip.args(&wanted.install.options).args(&wanted.install.packages);
            for (part, text) in wanted.texts.iter().enumerate() {
                let file = environment.join(format!("requirements-{at}-{part}.txt"));
                fs::write(&file, text).map_err(|error| Missing::Failed(error.to_string()))?;
                pip.arg("--requirement").arg(file);
            }
            run(&mut pip, &mut |line| told(line).into_iter().for_each(&mut *say))?;
        }
        if !wanted.is_empty() {
            compile(environment);
        }
        let mut complete = File::create(environment.join(COMPLETE)).map_err(text)?;
        complete.write_all(b"everything is installed\n").map_err(text)
    }
}

/// Compiles what was installed, as pip would, but on all cores: pip takes as long for that as for all else. What does not
/// compile is left to whoever imports it, as pip leaves it.
fn compile(environment: &Path) {
    let mut compiler = Command::new(environment.join("bin/python3"));
    compiler
        .args(["-m", "compileall", "-q", "-j", "0"])
        .arg(environment.join("lib"));
    run(&mut compiler, &mut |_| {}).ok();
}

/// Why packages are not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Missing {
    /// Nothing could be reached that has them.
    #[error(
        "the packages that are to be installed are not on this machine yet, and no index of packages can be reached: \
         {0}. Connect it to a network once, or name an index that it reaches in pip's PIP_INDEX_URL"
    )]
    Unreachable(String),
    /// Any other reason, which an engine's build would have as well.
    #[error("the packages cannot be installed: {0}")]
    Failed(String),
}

/// What pip, or the library under it, says when nothing answers.
const UNREACHABLE: [&str; 7] = [
    "Connection refused",
    "ConnectTimeoutError",
    "Failed to establish a new connection",
    "NameResolutionError",
    "Network is unreachable",
    "ProxyError",
    "Temporary failure in name resolution",
];

/// Runs a command of pip or for it, with what pip is set up with; its lines are told as they come.
///
/// # Errors
/// Why it did not succeed.
pub(crate) fn run(command: &mut Command, say: &mut dyn FnMut(&str)) -> Result<(), Missing> {
    let failed = |error: io::Error| Missing::Failed(format!("python3: {error}"));
    // An active virtual environment of the user's, or a folder of modules, is not the job's.
    for name in ["VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME"] {
        command.env_remove(name);
    }
    // Whatever a file of pip's settings says.
    command.envs(for_pip(variables())).env("PIP_USER", "0");
    let (lines, output) = io::pipe().map_err(failed)?;
    let errors = output.try_clone().map_err(failed)?;
    command.stdin(Stdio::null()).stdout(output).stderr(errors);
    let mut child = command.spawn().map_err(failed)?;
    // The command's ends of the pipe go with it.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let (mut reason, mut unreachable) = (String::new(), None);
    for line in BufReader::new(lines).lines().map_while(Result::ok) {
        say(&line);
        unreachable = unreachable.or_else(|| UNREACHABLE.iter().find(|sign| line.contains(**sign)));
        if line.starts_with("ERROR") || reason.is_empty() {
            reason = line;
        }
    }
    let status = child.wait().map_err(failed)?;
    match unreachable {
        _ if status.success() => Ok(()),
        Some(sign) => Err(Missing::Unreachable((*sign).to_owned())),
        None => Err(Missing::Failed(reason)),
    }
}

/// What of pip's lines is told: packages as they are found, and what goes wrong.
fn told(line: &str) -> Option<&str> {
    match line.strip_prefix("Collecting ") {
        Some(package) => package.split(" (from ").next(),
        None => ["ERROR", "Installing ", "Successfully "]
            .iter()
            .any(|begin| line.starts_with(begin))
            .then_some(line),
    }
}

/// What an environment is named after: everything that makes it what it is.
fn key(wanted: &[Wanted]) -> Result<String, String> {
    let mut hash = Sha256::new();
    hash.update(python()?);
    for wanted in wanted {
        let install = serde_json::to_vec(&(&wanted.install.options, &wanted.install.packages, &wanted.texts));
        hash.update(install.unwrap_or_default());
    }
    Ok(hex::encode(&hash.finalize()[..12]))
}

/// This machine's Python: its version, and where it is installed.
fn python() -> Result<&'static str, String> {
    static FOUND: OnceLock<Result<String, String>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        let question = "import sys; print(sys.version.split()[0], sys.base_prefix)";
        let output = Command::new(program()).args(["-c", question]).output();
        let output = output.map_err(|error| format!("there is no `python3` on the PATH: {error}"))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    });
    found.as_deref().map_err(Clone::clone)
}

/// This machine's Python: its version, and the program itself, behind whatever stands for it on the `PATH`.
pub(crate) fn interpreter() -> Result<(&'static str, PathBuf), String> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let version = python()?.split(' ').next().unwrap_or_default();
    let found = FOUND.get_or_init(|| {
        let output = Command::new(program())
            .args(["-c", "import sys; print(sys.executable)"])
            .output();
        let output = output.map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().into())
    });
    found.clone().map(|program| (version, program))
}

/// The smallest package of this name, for tests: it says hello.
#[cfg(test)]
pub(crate) fn smallest_wheel(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(format!("{name}-1-py3-none-any.whl"));
    let mut archive = zip::ZipWriter::new(File::create(&path).unwrap());
    let file = |part: &str| format!("{name}-1.dist-info/{part}");
    for (name, text) in [
        (format!("{name}.py"), "text = 'hello'\n".to_owned()),
        (
            file("METADATA"),
            format!("Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"),
        ),
        (
            file("WHEEL"),
            "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n".to_owned(),
        ),
        (file("RECORD"), String::new()),
    ] {
        let options = zip::write::SimpleFileOptions::default();
        archive.start_file(name, options).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap();
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn install(files: &[&str]) -> Install {
        Install {
            options: Vec::new(),
            files: files.iter().map(|&file| file.to_owned()).collect(),
            packages: Vec::new(),
        }
    }

    #[test]
    fn what_pip_is_set_up_with_reaches_it_through_a_build_and_nothing_else_does() {
        let given = [
            ("PIP_INDEX_URL", "i"),
            ("PIP_TARGET", "t"),
            ("HOME", "h"),
            ("HTTPS_PROXY", "p"),
            ("PATH", "x"),
            ("SECRET", "s"),
        ];
        let given = given.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let in_build: Vec<_> = for_builds(given.into_iter()).collect();
        assert!(
            in_build.iter().all(|(name, _)| name.starts_with(FOR_PIP)),
            "{in_build:?}"
        );
        let others = [("PIP_INDEX_URL".to_owned(), "the build's".to_owned())];
        let taken: Vec<_> = for_pip(in_build.into_iter().chain(others)).collect();
        let expected = [("PIP_INDEX_URL", "i"), ("HOME", "h"), ("HTTPS_PROXY", "p")];
        assert_eq!(taken, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn a_list_without_packages_needs_no_environment() {
        let folder = tempfile::tempdir().unwrap();
        let environments = Environments::new(folder.path().join("none"));
        let wanted = install(&["/r.txt"]).wanted(|_| Ok("# nothing\n\n".into())).unwrap();
        let made = environments.with(&[wanted], &mut |line| panic!("said {line}"));
        assert_eq!(made, Ok(None));
        assert!(!environments.folder().exists());
    }

    #[test]
    fn an_environment_is_made_once_and_begun_anew_where_it_was_not_completed() {
        let folder = tempfile::tempdir().unwrap();
        let environments = Environments::new(folder.path().to_owned());
        // A package of this machine, without an index.
        let package = folder.path().join("package");
        fs::create_dir_all(&package).unwrap();
        let text = format!("greeting @ file://{}\n", smallest_wheel(&package, "greeting").display());
        let wanted = || vec![install(&["/r.txt"]).wanted(|_| Ok(text.clone())).unwrap()];
        let mut said = Vec::new();
        let made = environments.with(&wanted(), &mut |line| said.push(line.to_owned()));
        let made = made.unwrap().unwrap();
        assert!(
            said.iter()
                .any(|line| line.starts_with("Successfully installed greeting")),
            "{said:?}"
        );
        let python = |code: &str| {
            Command::new(made.join("bin/python3"))
                .args(["-c", code])
                .status()
                .unwrap()
        };
        assert!(python("import greeting").success());

        let again = environments.with(&wanted(), &mut |line| panic!("said {line}"));
        assert_eq!(again.unwrap().as_deref(), Some(made.as_path()));

        fs::remove_file(made.join(COMPLETE)).unwrap();
        // Not its `python3`: that is a link to this machine's own.
        fs::write(made.join("pyvenv.cfg"), "broken").unwrap();
        let again = environments.with(&wanted(), &mut |_| {});
        assert_eq!(again.unwrap().as_deref(), Some(made.as_path()));
        assert!(python("import greeting").success());
    }

    #[test]
    fn what_cannot_be_installed_is_told_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let environments = Environments::new(folder.path().to_owned());
        let text = format!("file://{}/no-such-1-py3-none-any.whl\n", folder.path().display());
        let wanted = install(&["/r.txt"]).wanted(|_| Ok(text.clone())).unwrap();
        let error = environments.with(&[wanted], &mut |_| {}).unwrap_err();
        assert!(error.to_string().contains("cannot be installed: ERROR: "), "{error}");

        // No index answers at a port that nothing listens at.
        let options = ["--index-url", "http://127.0.0.1:9/simple"].map(str::to_owned);
        let install = Install {
            options: options.to_vec(),
            files: Vec::new(),
            packages: vec!["greeting".into()],
        };
        let wanted = install.wanted(|_| unreachable!()).unwrap();
        let error = environments.with(&[wanted], &mut |_| {}).unwrap_err();
        assert!(matches!(error, Missing::Unreachable(_)), "{error}");
        assert!(error.to_string().contains("Connect it to a network once"), "{error}");
    }

    #[test]
    fn files_that_lead_to_others_are_refused_by_name() {
        for line in ["-r other.txt", "--requirement=other.txt", " -c limits.txt", "-e ."] {
            let error = install(&["/r.txt"]).wanted(|_| Ok(line.to_owned())).err().unwrap();
            assert!(error.contains(line.trim()), "{error}");
        }
        let error = install(&["/r.txt"]).wanted(|_| Err("it is not there".into())).err();
        assert_eq!(error.as_deref(), Some("/r.txt: it is not there"));
    }
}
