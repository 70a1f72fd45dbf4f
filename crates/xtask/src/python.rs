//! The Python environment of the interoperation tests: `target/python`, made from
//! `tests/interop/requirements.txt`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Failure, root, run, target, tell};

/// How the tests are told where the environment's programs are.
pub const VARIABLE: &str = "TRUEUP_PYTHON";

/// The first version that every pinned package runs on.
const OLDEST: (u32, u32) = (3, 11);

/// Whether there is an environment.
pub enum Python {
    /// Its folder of programs.
    Ready(PathBuf),
    /// There is no Python that could make one, and why.
    Missing(String),
}

/// Makes the environment, unless it is there and made from the same requirements.
pub fn environment() -> Result<Python, Failure> {
    let target = target();
    let (folder, lock_path) = (target.join("python"), target.join("python.lock"));
    let requirements = root().join("tests/interop/requirements.txt");
    let wanted =
        fs::read_to_string(&requirements).map_err(|error| Failure::of("read", &requirements, &error))?;
    fs::create_dir_all(&target).map_err(|error| Failure::of("make", &target, &error))?;
    // Two commands at a time would write into each other's environment.
    let lock = File::create(&lock_path).map_err(|error| Failure::of("make", &lock_path, &error))?;
    lock.lock()
        .map_err(|error| Failure::of("lock", &lock_path, &error))?;

    let (programs, stamp) = (folder.join("bin"), folder.join("requirements.txt"));
    if is_made(&stamp, &wanted, &programs.join("python")) {
        return Ok(Python::Ready(programs));
    }
    if let Some(why) = missing(|line| answer(Path::new("python3"), line)) {
        return Ok(Python::Missing(why));
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| Failure::of("remove", &folder, &error))?;
    }
    tell("installing the AWS CLI, boto3 and moto into target/python");
    run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    let mut install = Command::new(programs.join("python"));
    install
        .args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--requirement",
        ])
        .arg(&requirements);
    run(&mut install)?;
    // Last, so that an environment that was cut short is made again.
    fs::write(&stamp, &wanted).map_err(|error| Failure::of("write", &stamp, &error))?;
    Ok(Python::Ready(programs))
}

/// Whether the environment is made from these requirements and its Python still runs: the system's own may
/// have gone.
fn is_made(stamp: &Path, wanted: &str, python: &Path) -> bool {
    fs::read_to_string(stamp).is_ok_and(|made| made == wanted) && answer(python, "pass").is_some()
}

/// Why a Python cannot make an environment, if it cannot; `answer` gives what it prints for a line.
fn missing(answer: impl Fn(&str) -> Option<String>) -> Option<String> {
    let Some(version) = answer("import sys; print(sys.version_info[0], sys.version_info[1])") else {
        return Some("there is no `python3`".to_owned());
    };
    let mut numbers = version
        .split_whitespace()
        .map(|number| number.parse::<u32>().unwrap_or_default());
    let found = (
        numbers.next().unwrap_or_default(),
        numbers.next().unwrap_or_default(),
    );
    if found < OLDEST {
        return Some(format!(
            "`python3` is {}.{}, and {}.{} or later is needed",
            found.0, found.1, OLDEST.0, OLDEST.1
        ));
    }
    // Debian and its kin ship it apart.
    answer("import ensurepip, venv")
        .is_none()
        .then(|| "`python3` has no `venv` module; install python3-venv".to_owned())
}

/// What a line of Python prints, if it runs.
fn answer(python: &Path, line: &str) -> Option<String> {
    let output = Command::new(python).args(["-c", line]).output().ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_that_cannot_make_an_environment_is_told() {
        let why = |version: Option<&str>, has_venv: bool| {
            let answer = |line: &str| {
                if line.contains("version") {
                    version.map(str::to_owned)
                } else {
                    has_venv.then(String::new)
                }
            };
            missing(answer).unwrap_or_default()
        };
        assert_eq!(why(None, true), "there is no `python3`");
        assert_eq!(
            why(Some("3 9\n"), true),
            "`python3` is 3.9, and 3.11 or later is needed"
        );
        assert_eq!(
            why(Some("3 12\n"), false),
            "`python3` has no `venv` module; install python3-venv"
        );
        assert_eq!(why(Some("3 11\n"), true), "");
        assert_eq!(answer(Path::new("/nonexistent/python3"), "pass"), None);
    }

    #[test]
    fn an_environment_is_used_only_if_its_requirements_are_the_same_and_it_runs() {
        let folder = tempfile::tempdir().unwrap();
        let stamp = folder.path().join("requirements.txt");
        // Programs that end well and badly, whatever they are given.
        let (good, broken) = (Path::new("true"), Path::new("false"));
        assert!(!is_made(&stamp, "a==1", good), "it was cut short");
        fs::write(&stamp, "a==1").unwrap();
        assert!(is_made(&stamp, "a==1", good));
        assert!(!is_made(&stamp, "a==2", good), "its requirements have changed");
        assert!(!is_made(&stamp, "a==1", broken), "its Python does not run");
    }
}
