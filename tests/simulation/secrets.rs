//! The private keys of a simulation: written into their files, and to be found nowhere else.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use trueup_cli::SpecDir;
use trueup_model::Files;

/// The parameters that carry files.
const CARRIES: [&str; 2] = ["PublicKeyMaterial", "UserData"];
/// Shorter pieces of a key may be anywhere by chance.
const RUN_MIN: usize = 16;

/// The folder of the key files, and what is in them.
#[derive(Debug)]
pub struct Secrets {
    folder: tempfile::TempDir,
    /// By file: what is only in the private half.
    known: Mutex<Vec<(String, String)>>,
}

impl Secrets {
    /// A folder without keys. In memory where the system has such a place: the files are many and
    /// short-lived.
    pub fn empty() -> Self {
        let shared = Path::new("/dev/shm");
        let folder = if shared.is_dir() {
            tempfile::tempdir_in(shared)
        } else {
            tempfile::tempdir()
        };
        Self {
            folder: folder.unwrap_or_else(|error| panic!("no folder for key files: {error}")),
            known: Mutex::default(),
        }
    }

    /// Where the key files are.
    pub fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// The files of a spec that is there.
    pub fn files(&self) -> SpecDir {
        SpecDir::new(self.folder(), Vec::new())
    }

    /// Learns what was written since the last time. How many files there are.
    pub fn learn(&self) -> usize {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut names: BTreeSet<String> = known.iter().map(|(name, _)| name.clone()).collect();
        for entry in std::fs::read_dir(self.folder.path())
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !names.insert(name.clone()) {
                continue;
            }
            let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
            // The first two lines hold the public half. What is not a letter or a digit is written in many
            // ways.
            let lines = text.lines().filter(|line| !line.starts_with('-')).skip(2);
            let runs = lines
                .flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric()))
                .filter(|run| run.len() >= RUN_MIN);
            // The private half repeats the public one.
            let public = self.public_key(&name).ok().flatten().unwrap_or_default();
            known.extend(
                runs.filter(|run| !public.contains(run))
                    .map(|run| (name.clone(), run.to_owned())),
            );
        }
        names.len()
    }

    /// The file whose private half is in a request: in its parameters as they are, or in what they encode.
    pub fn told_in_request(&self, request: &str) -> Option<String> {
        if !CARRIES.iter().any(|name| request.contains(name)) {
            return self.told_in(request);
        }
        self.learn();
        form_urlencoded::parse(request.as_bytes()).find_map(|(_, value)| {
            let inside = base64::engine::general_purpose::STANDARD
                .decode(value.as_bytes())
                .unwrap_or_default();
            self.told_in(&value)
                .or_else(|| self.told_in(&String::from_utf8_lossy(&inside)))
        })
    }

    /// The file whose private half is in a text.
    pub fn told_in(&self, text: &str) -> Option<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .iter()
            .find(|(_, secret)| text.contains(secret.as_str()))
            .map(|(name, _)| name.clone())
    }
}

impl Files for Secrets {
    fn text(&self, path: &str) -> Result<String, String> {
        self.files().text(path)
    }

    fn public_key(&self, path: &str) -> Result<Option<String>, String> {
        self.files().public_key(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_private_key_is_found_however_it_is_sent() {
        let secrets = Secrets::empty();
        // What no real key has, in a file of the form of one.
        let line = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ+/abcd";
        let file = format!(
            "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\nBBBB\n{line}\n-----END OPENSSH PRIVATE KEY-----\n"
        );
        std::fs::write(secrets.folder().join("k.pem"), &file).unwrap();
        let encoded = base64::engine::general_purpose::STANDARD.encode(&file);
        let request = form_urlencoded::Serializer::new(String::new())
            .append_pair("Action", "ImportKeyPair")
            .append_pair("PublicKeyMaterial", &encoded)
            .finish();
        assert_eq!(secrets.told_in_request(&request).as_deref(), Some("k.pem"));
        assert_eq!(
            secrets.told_in(&format!("it says {line}")).as_deref(),
            Some("k.pem")
        );
        let harmless = "Action=ImportKeyPair&PublicKeyMaterial=c3NoLWVkMjU1MTkgQUFBQQ%3D%3D";
        assert_eq!(secrets.told_in_request(harmless), None);
    }
}
