//! Key files: made here, read here. No private key ever leaves this file but into the file that the spec
//! names.

use std::io::{self, Write};
use std::path::PathBuf;

use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey;
use ssh_key::private::{Ed25519Keypair, KeypairData, RsaKeypair};
use ssh_key::rand_core::OsRng;
use ssh_key::{Algorithm, LineEnding, PrivateKey};
use thiserror::Error;
use trueup_model::kinds::key_pair::{action, attr, read_public_key};
use trueup_model::{
    Act, Acted, Attr, Cloud, CloudError, Diagnostic, ErrorClass, Kind, Observed, Plan, Resolved, Scope,
    Settled, Topology, Wait,
};

use crate::spec_dir::{FileError, SpecDir};

/// The attribute that names a key file.
const FILE: Attr<str> = attr::PRIVATE_KEY_FILE;

/// EC2 takes RSA keys of 1024, 2048 and 4096 bits.
const RSA_BITS: usize = 4096;

/// Why a key file cannot be written, or not be used.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The directory that it belongs in is missing.
    #[error("{file} cannot be written: there is no directory {}; make it first", .folder.display())]
    NoFolder {
        /// The file, as the spec has it.
        file: String,
        /// The directory.
        folder: PathBuf,
    },
    /// The directory takes no file.
    #[error("{file} cannot be written into {}", .folder.display())]
    Folder {
        /// The file, as the spec has it.
        file: String,
        /// The directory.
        folder: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is no file that a spec may name.
    #[error(transparent)]
    File(#[from] FileError),
    /// The file is there and is no key.
    #[error("{file} {why}")]
    NoKey {
        /// The file, as the spec has it.
        file: String,
        /// What it is instead.
        why: String,
    },
    /// The key cannot be made.
    #[error("no key can be made for {file}")]
    Make {
        /// The file, as the spec has it.
        file: String,
        /// What is wrong.
        #[source]
        source: ssh_key::Error,
    },
}

/// The public half of a private key file in OpenSSH's form or in PEM (PKCS#1, PKCS#8), or what the file is
/// instead.
pub fn public_half(bytes: &[u8]) -> Result<String, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "holds no private key: it is not text".to_owned())?;
    let label = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("-----BEGIN ")?.strip_suffix("-----"));
    let key = match label {
        Some("OPENSSH PRIVATE KEY") => {
            return spell(PrivateKey::from_openssh(text).map_err(|_| broken())?.public_key());
        }
        Some("RSA PRIVATE KEY") if text.contains("ENCRYPTED") => return Err(encrypted()),
        Some("ENCRYPTED PRIVATE KEY") => return Err(encrypted()),
        Some("RSA PRIVATE KEY") => rsa_pair(rsa::RsaPrivateKey::from_pkcs1_pem(text).map_err(|_| broken())?)?,
        Some("PRIVATE KEY") => pkcs8_pair(text)?,
        Some("EC PRIVATE KEY" | "DSA PRIVATE KEY") => {
            return Err("holds a key of a sort that EC2 does not take: ed25519 or RSA".to_owned());
        }
        Some(label) if label.contains("PUBLIC KEY") || label.contains("CERTIFICATE") => {
            return Err(format!(
                "holds no private key but a {}",
                label.to_ascii_lowercase()
            ));
        }
        _ => return Err("holds no private key in OpenSSH's or PEM form".to_owned()),
    };
    spell(PrivateKey::new(key, "").map_err(|_| broken())?.public_key())
}

fn broken() -> String {
    "holds a private key that is broken".to_owned()
}

fn encrypted() -> String {
    "is locked by a passphrase, so its public half cannot be read: give `public_key_file` instead".to_owned()
}

fn rsa_pair(key: rsa::RsaPrivateKey) -> Result<KeypairData, String> {
    RsaKeypair::try_from(key)
        .map(KeypairData::from)
        .map_err(|_| broken())
}

/// The OID of Ed25519 of RFC 8410; its key is an OCTET STRING of 32 bytes in the OCTET STRING that every
/// PKCS#8 key is.
const ED25519: &str = "1.3.101.112";

fn pkcs8_pair(text: &str) -> Result<KeypairData, String> {
    if let Ok(key) = rsa::RsaPrivateKey::from_pkcs8_pem(text) {
        return rsa_pair(key);
    }
    let (_, document) = rsa::pkcs8::SecretDocument::from_pem(text).map_err(|_| broken())?;
    let info = rsa::pkcs8::PrivateKeyInfo::try_from(document.as_bytes()).map_err(|_| broken())?;
    if info.algorithm.oid.to_string() != ED25519 {
        return Err("holds a key of a sort that EC2 does not take: ed25519 or RSA".to_owned());
    }
    let seed = info
        .private_key
        .strip_prefix(&[0x04, 0x20])
        .and_then(|seed| <&[u8; 32]>::try_from(seed).ok())
        .ok_or_else(broken)?;
    Ok(KeypairData::from(Ed25519Keypair::from_seed(seed)))
}

/// A public key as the spec's reader spells it.
fn spell(key: &ssh_key::PublicKey) -> Result<String, String> {
    let text = key.to_openssh().map_err(|_| broken())?;
    read_public_key(&text).map_err(|_| {
        format!(
            "holds a key of the sort {}, and EC2 takes ed25519 and RSA",
            key.algorithm()
        )
    })
}

/// Checks that every key file that a plan will write can be written, before anything is changed.
pub fn check(plan: &Plan, base: &SpecDir) -> Result<(), KeyError> {
    for step in plan
        .steps
        .iter()
        .filter(|step| step.call.action == action::WRITE_FILE)
    {
        let file = step.call.sets.text(FILE);
        let (folder, _) = place(base, file)?;
        tempfile::tempfile_in(&folder).map_err(|source| KeyError::Folder {
            file: file.to_owned(),
            folder,
            source,
        })?;
    }
    Ok(())
}

/// Warns of key files that others can read, before anything is done with them.
pub fn open_to_others(topology: &Topology, files: &SpecDir) -> Vec<Diagnostic> {
    let open = topology.of(Kind::KeyPair).filter_map(|resource| {
        let file = resource.record.get(FILE)?;
        let mode = files.mode(file).filter(|mode| mode & 0o077 != 0)?;
        let message = format!(
            "{file} holds a private key, and others than its owner can use it (its mode is {mode:04o})"
        );
        let warning = Diagnostic::warning("key-file-mode", message).at(resource.place(FILE), "");
        Some(warning.help(format!(
            "chmod 600 {file}; where others could read it before, make a new key"
        )))
    });
    open.collect()
}

/// The directory of a key file, which must be there, and its full path.
fn place(base: &SpecDir, file: &str) -> Result<(PathBuf, PathBuf), KeyError> {
    let (folder, path) = base.place(file)?;
    if folder.is_dir() {
        return Ok((folder, path));
    }
    Err(KeyError::NoFolder {
        file: file.to_owned(),
        folder,
    })
}

/// Makes a key and writes its private half, readable by its owner alone. A file that is there already is
/// never overwritten, and its key is the one: then all that is checked is that it is a key.
fn write(base: &SpecDir, file: &str, rsa: bool) -> Result<(), KeyError> {
    let (folder, path) = place(base, file)?;
    if base.exists(file) {
        return read(base, file).map(|_| ());
    }
    let make = |source| KeyError::Make {
        file: file.to_owned(),
        source,
    };
    let key = if rsa {
        let pair = RsaKeypair::random(&mut OsRng, RSA_BITS).map_err(make)?;
        PrivateKey::new(KeypairData::from(pair), "").map_err(make)?
    } else {
        PrivateKey::random(&mut OsRng, Algorithm::Ed25519).map_err(make)?
    };
    let text = key.to_openssh(LineEnding::LF).map_err(make)?;
    // Whole or not at all, whatever happens to the process or the machine: a temporary file has mode 0600,
    // and is given its name only when its content is on the disk and only where nothing has that name.
    let save = || -> io::Result<()> {
        let mut temporary = tempfile::Builder::new()
            .prefix(".trueup-key-")
            .tempfile_in(&folder)?;
        temporary.write_all(text.as_bytes())?;
        temporary.as_file().sync_all()?;
        temporary.persist_noclobber(&path).map_err(|error| error.error)?;
        std::fs::File::open(&folder)?.sync_all()
    };
    save().map_err(|source| KeyError::Folder {
        file: file.to_owned(),
        folder: folder.clone(),
        source,
    })
}

/// The public half of a key file of the spec.
fn read(base: &SpecDir, file: &str) -> Result<String, KeyError> {
    let bytes = base.read(file)?;
    public_half(&bytes).map_err(|why| KeyError::NoKey {
        file: file.to_owned(),
        why,
    })
}

/// A cloud whose key pairs are made here: it writes key files, and gives EC2 the public half of them.
#[derive(Debug)]
pub struct WithKeys<C> {
    cloud: C,
    base: SpecDir,
}

impl<C> WithKeys<C> {
    /// Puts `cloud` behind the key files of a spec that may name the files `base`.
    pub fn new(cloud: C, base: SpecDir) -> Self {
        Self { cloud, base }
    }

    /// The cloud behind.
    pub fn cloud(&self) -> &C {
        &self.cloud
    }
}

impl<C: Cloud> Cloud for WithKeys<C> {
    async fn observe(&self, scope: &Scope) -> Result<Observed, CloudError> {
        self.cloud.observe(scope).await
    }

    async fn act(&self, act: &Act, retrying: &dyn Fn(&str)) -> Result<Acted, CloudError> {
        let sets = act.sets.record();
        let file = sets.get(FILE).map(str::to_owned);
        match (act.action, file) {
            (action::WRITE_FILE, Some(file)) => {
                let (base, rsa) = (self.base.clone(), sets.text(attr::KEY_TYPE) == "rsa");
                let written = if rsa {
                    // Looking for primes takes seconds, in which other steps go on.
                    let written = tokio::task::spawn_blocking(move || write(&base, &file, rsa)).await;
                    written.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
                } else {
                    // At once: it takes no longer than writing the file, and runs on a simulated clock are
                    // the same every time.
                    write(&base, &file, rsa)
                };
                written.map_err(|error| local(&error))?;
                Ok(Acted::default())
            }
            (action::IMPORT, Some(file)) => {
                // guard: private keys
                let key = read(&self.base, &file).map_err(|error| local(&error))?;
                let sets = sets.without(&[FILE.name]).with(attr::PUBLIC_KEY, key);
                // Every reference is an id already: this only puts the record back.
                let sets = Resolved::new(&sets, &|_| None)
                    .map_err(|address| refused(format!("{address} is not known yet")))?;
                self.cloud.act(&Act { sets, ..act.clone() }, retrying).await
            }
            _ => self.cloud.act(act, retrying).await,
        }
    }

    async fn rehearse(&self, act: &Act) -> Result<(), CloudError> {
        // What is in a key file is for the call itself.
        if act.action == action::WRITE_FILE || act.sets.record().has(FILE) {
            Ok(())
        } else {
            self.cloud.rehearse(act).await
        }
    }

    fn give_up_repeats(&self, now: bool) {
        self.cloud.give_up_repeats(now);
    }

    async fn settle(&self, kind: Kind, waits: &[Wait]) -> Result<Vec<Settled>, CloudError> {
        self.cloud.settle(kind, waits).await
    }
}

fn local(error: &KeyError) -> CloudError {
    let cause = std::error::Error::source(error)
        .map(|cause| format!(": {cause}"))
        .unwrap_or_default();
    refused(format!("{error}{cause}"))
}

fn refused(message: String) -> CloudError {
    CloudError {
        class: ErrorClass::Refused,
        code: String::new(),
        message,
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::path::Path;
    use std::process::Command;

    use trueup_model::{Record, Value};

    use super::*;
    use trueup_model::ApiAction;

    /// What `ssh-keygen -y` says about a file.
    fn ssh_keygen(path: &Path) -> Option<String> {
        let output = Command::new("ssh-keygen")
            .arg("-y")
            .arg("-f")
            .arg(path)
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        read_public_key(&text).ok()
    }

    fn beside(folder: &tempfile::TempDir) -> SpecDir {
        SpecDir::new(folder.path().to_owned(), Vec::new())
    }

    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt;
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_written_is_read_by_us_and_by_others_and_by_nobody_else() {
        let folder = tempfile::tempdir().unwrap();
        for (name, rsa, form) in [("ed.pem", false, "ssh-ed25519 "), ("rsa.pem", true, "ssh-rsa ")] {
            write(&beside(&folder), name, rsa).unwrap();
            let path = folder.path().join(name);
            assert_eq!(mode(&path), 0o600);
            let public = read(&beside(&folder), name).unwrap();
            assert!(public.starts_with(form), "{public}");
            // Where OpenSSH is not installed, the interoperation tests say so.
            if let Some(theirs) = ssh_keygen(&path) {
                assert_eq!(public, theirs);
            }
        }
        let names: Vec<_> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        assert_eq!(names.len(), 2, "nothing else is left: {names:?}");
    }

    #[test]
    fn a_file_that_is_there_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("k.pem");
        write(&beside(&folder), "k.pem", false).unwrap();
        let first = std::fs::read(&path).unwrap();
        write(&beside(&folder), "k.pem", false).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), first);
        std::fs::write(&path, "my notes").unwrap();
        assert!(matches!(
            write(&beside(&folder), "k.pem", false),
            Err(KeyError::NoKey { .. })
        ));
        assert_eq!(std::fs::read(&path).unwrap(), b"my notes");
    }

    #[test]
    fn no_directory_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let missing = write(&beside(&folder), "keys/k.pem", false).unwrap_err();
        assert!(matches!(&missing, KeyError::NoFolder { .. }), "{missing}");
        assert!(!folder.path().join("keys").exists());
    }

    #[test]
    fn every_form_of_a_private_key_is_read() {
        use rsa::pkcs1::EncodeRsaPrivateKey;
        use rsa::pkcs8::EncodePrivateKey;
        let key = rsa::RsaPrivateKey::new(&mut OsRng, 2048).unwrap();
        let pkcs1 = public_half(key.to_pkcs1_pem(LineEnding::LF).unwrap().as_bytes()).unwrap();
        let pkcs8 = public_half(key.to_pkcs8_pem(LineEnding::LF).unwrap().as_bytes()).unwrap();
        let pair = rsa_pair(key).unwrap();
        let openssh = PrivateKey::new(pair, "me@here")
            .unwrap()
            .to_openssh(LineEnding::LF)
            .unwrap();
        assert_eq!(public_half(openssh.as_bytes()).as_ref(), Ok(&pkcs1));
        assert_eq!(pkcs1, pkcs8);
        // The example of RFC 8410, section 10.3, and its public half.
        let ed25519 = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
        let public = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBm/RAlphM3+hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWbh";
        assert_eq!(public_half(ed25519.as_bytes()).as_deref(), Ok(public));
    }

    #[test]
    fn what_is_no_usable_key_is_said_to_be_none() {
        let cases: [(&[u8], &str); 8] = [
            (b"", "holds no private key in"),
            (b"hello", "holds no private key in"),
            (b"\xff\xfe", "it is not text"),
            (
                b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBm me",
                "holds no private key in",
            ),
            (
                b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
                "but a public key",
            ),
            (
                b"-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
                "does not take",
            ),
            (
                b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
                "passphrase",
            ),
            (
                b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
                "broken",
            ),
        ];
        for (bytes, expected) in cases {
            let why = public_half(bytes).unwrap_err();
            assert!(why.contains(expected), "{why}");
        }
    }

    /// Remembers what it was asked to do.
    #[derive(Default)]
    struct Seen(RefCell<Vec<(ApiAction, Record)>>);

    impl Cloud for Seen {
        async fn observe(&self, _scope: &Scope) -> Result<Observed, CloudError> {
            Ok(Observed::default())
        }

        async fn act(&self, act: &Act, _retrying: &dyn Fn(&str)) -> Result<Acted, CloudError> {
            self.0.borrow_mut().push((act.action, act.sets.record().clone()));
            Ok(Acted::default())
        }

        async fn settle(&self, _kind: Kind, _waits: &[Wait]) -> Result<Vec<Settled>, CloudError> {
            Ok(Vec::new())
        }
    }

    fn act(action: ApiAction, sets: &Record) -> Act {
        Act {
            step: 1,
            topology: "t".into(),
            address: "key_pair.k".parse().unwrap(),
            action,
            target: None,
            sets: Resolved::new(sets, &|_| None).unwrap(),
            unsets: Resolved::default(),
            ownership: Record::new(),
            replaces: None,
        }
    }

    #[tokio::test]
    async fn only_the_public_half_reaches_the_cloud() {
        let folder = tempfile::tempdir().unwrap();
        let cloud = WithKeys::new(Seen::default(), beside(&folder));
        let file = Record::new().with(FILE, "k.pem");
        cloud.act(&act(action::WRITE_FILE, &file), &|_| {}).await.unwrap();
        assert!(cloud.cloud.0.borrow().is_empty(), "writing a file is no call");
        cloud
            .act(&act(action::IMPORT, &file.with(attr::KEY_NAME, "k")), &|_| {})
            .await
            .unwrap();
        let seen = cloud.cloud.0.borrow();
        let names: BTreeMap<&str, &Value> = seen[0].1.iter().collect();
        assert_eq!(
            names.keys().copied().collect::<Vec<_>>(),
            ["key_name", "public_key"]
        );
        assert_eq!(
            seen[0].1.text(attr::PUBLIC_KEY),
            read(&beside(&folder), "k.pem").unwrap()
        );
    }
}
