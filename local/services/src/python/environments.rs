//! Virtual environments, each of which is made once.

use super::copied;
use super::interpreter::{program, python};
use super::list::Wanted;
use super::locked::Locked;
use super::pip::{Missing, run, told};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The file that an environment has when everything is installed: it says what, as [`Installed`].
const COMPLETE: &str = "complete";

/// What an environment has.
#[derive(Serialize, Deserialize)]
struct Installed {
    python: String,
    wanted: Vec<Wanted>,
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
        if !self.take(environment, wanted, say) {
            install(environment, wanted, say)?;
        }
        let installed = Installed {
            python: python().map_err(Missing::Failed)?.to_owned(),
            wanted: wanted.to_vec(),
        };
        let mut complete = File::create(environment.join(COMPLETE)).map_err(text)?;
        let said = serde_json::to_vec(&installed).unwrap_or_default();
        complete.write_all(&said).map_err(text)
    }

    /// Makes an environment of one that has all of its packages, and maybe more; says whether it did.
    fn take(&self, environment: &Path, wanted: &[Wanted], say: &mut dyn FnMut(&str)) -> bool {
        let (Some(wanted), Ok(python)) = (Locked::read(wanted).filter(|_| !wanted.is_empty()), python()) else {
            return false;
        };
        let kept = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        kept.map(|entry| entry.path()).any(|other| {
            let said = fs::read(other.join(COMPLETE)).unwrap_or_default();
            let installed = serde_json::from_slice::<Installed>(&said);
            let Some(installed) = installed.ok().filter(|installed| installed.python == python) else {
                return false;
            };
            let more = Locked::read(&installed.wanted);
            let Some(beyond) = more.as_ref().and_then(|more| more.beyond(&wanted)) else {
                return false;
            };
            say(&format!("taking the packages from {}, which has them", other.display()));
            let mut venv = Command::new(program());
            venv.args(["-m", "venv", "--without-pip"]).arg(environment);
            let taken = run(&mut venv, &mut |_| {}).is_ok_and(|()| copied::take(&other, environment, &beyond).is_ok());
            // Whatever was the matter with it, pip installs into a new one.
            if !taken {
                fs::remove_dir_all(environment).ok();
            }
            taken
        })
    }
}

/// Has pip install lists into a new environment.
fn install(environment: &Path, wanted: &[Wanted], say: &mut dyn FnMut(&str)) -> Result<(), Missing> {
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
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::super::list::Install;
    use super::super::wheel::smallest_wheel;
    use super::*;
    use std::process::Stdio;

    fn install(files: &[&str]) -> Install {
        Install {
            options: Vec::new(),
            files: files.iter().map(|&file| file.to_owned()).collect(),
            packages: Vec::new(),
        }
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
    fn a_locked_list_is_taken_from_a_longer_one_that_is_installed() {
        let folder = tempfile::tempdir().unwrap();
        let index = folder.path().join("index");
        fs::create_dir_all(&index).unwrap();
        let line = |name: &str| {
            let wheel = fs::read(smallest_wheel(&index, name)).unwrap();
            format!("{name}==1 --hash=sha256:{}\n", hex::encode(Sha256::digest(wheel)))
        };
        let (greeting, farewell) = (line("greeting"), line("farewell"));
        let locked = |text: String| {
            let options = [
                "--require-hashes",
                "--no-index",
                &format!("--find-links={}", index.display()),
            ];
            let install = Install {
                options: options.map(str::to_owned).to_vec(),
                ..install(&["/r.txt"])
            };
            vec![install.wanted(|_| Ok(text.clone())).unwrap()]
        };
        let environments = Environments::new(folder.path().join("environments"));
        let tests = environments.with(&locked(format!("{greeting}{farewell}")), &mut |_| {});
        let tests = tests.unwrap().unwrap();
        let modules = |environment: &Path| copied::packages(environment).unwrap();
        let bytecode = modules(&tests).join("__pycache__");
        assert!(fs::read_dir(&bytecode).is_ok_and(|mut found| found.next().is_some()));

        // No pip can find it any more.
        fs::remove_dir_all(&index).unwrap();
        let mut said = Vec::new();
        let image = environments.with(&locked(greeting), &mut |line| said.push(line.to_owned()));
        let image = image.unwrap().unwrap();
        assert_eq!(
            said,
            [format!("taking the packages from {}, which has them", tests.display())]
        );
        let python = |code: &str| {
            let mut python = Command::new(image.join("bin/python3"));
            python
                .args(["-c", code])
                .stderr(Stdio::null())
                .status()
                .unwrap()
                .success()
        };
        assert!(python("import greeting, pip"));
        assert!(!python("import farewell"));
        assert!(python(
            "import greeting, sys; sys.exit(sys.prefix not in greeting.__file__)"
        ));
        let program = fs::read_to_string(image.join("bin/pip")).unwrap();
        assert!(
            program.starts_with(&format!("#!{}/bin/python", image.display())),
            "{program}"
        );
        let names = |folder: PathBuf| {
            let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
            names.filter_map(|name| name.into_string().ok()).collect::<Vec<_>>()
        };
        let compiled = names(modules(&image).join("__pycache__"));
        assert!(
            compiled.iter().any(|name| name.starts_with("greeting.")),
            "{compiled:?}"
        );
        assert!(
            !compiled.iter().any(|name| name.starts_with("farewell.")),
            "{compiled:?}"
        );
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
}
