//! The files that a spec names. A spec can come from a stranger's pull request, so it reads and writes in its
//! own repository alone: wherever a path leads, by `..` or by links, it must end there, at an ordinary file
//! that is not large.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;
use trueup_model::Files;

use crate::keys;

/// The largest file beside a spec that is read, in bytes: policies and user data are far smaller.
const BYTES_MAX: u64 = 1 << 20;
/// What marks the top folder of a repository, and holds what is nobody's to read, such as credentials.
const GIT: &str = ".git";
/// What looks like ordinary files there is made up by the system while it is read. Devices do not look so,
/// and `/dev/shm` has ordinary files.
const OF_THE_SYSTEM: [&str; 2] = ["/proc", "/sys"];

/// Why a file that a spec names cannot be used.
#[derive(Debug, Error)]
pub enum FileError {
    /// Nothing has that name.
    #[error("there is no file {0}")]
    Missing(String),
    /// A link to nothing.
    #[error("{0} is a link to {to}, which is not there: make that file, or remove the link", to = .1.display())]
    Dangling(String, PathBuf),
    /// A directory.
    #[error("{0} is a directory")]
    Directory(String),
    /// It is in none of the folders that a spec may name files of.
    #[error("{path} is at {at}, outside of {root}, and a spec names files of its repository only: move it there, or give \
             --allow-files-outside DIR with the directory that it is in", at = .at.display(), root = .root.display())]
    Outside {
        /// As the spec has it.
        path: String,
        /// Where that leads.
        at: PathBuf,
        /// The top folder of the spec's repository, or the folder of the spec.
        root: PathBuf,
    },
    /// It belongs to git.
    #[error("{0} is inside of {GIT}, where git keeps what is nobody else's to read: name another file")]
    OfGit(String),
    /// A device, a pipe, or something that the system makes up.
    #[error("{0} is not an ordinary file")]
    Special(String),
    /// Larger than what belongs beside a spec.
    #[error("{0} is larger than {mib} MiB", mib = BYTES_MAX >> 20)]
    TooLarge(String),
    /// These eyes may not see it.
    #[error("{0} cannot be read: permission denied")]
    Denied(String),
    /// Anything else.
    #[error("{0} cannot be read: {1}")]
    Io(String, io::Error),
}

/// The files beside a spec.
#[derive(Clone, Debug)]
pub struct SpecDir {
    /// The directory of the spec, where its paths start.
    folder: PathBuf,
    /// Other directories that it may name files of.
    outside: Vec<PathBuf>,
}

impl SpecDir {
    /// The files of a spec in `folder`, of its repository, and of the directories `outside`.
    pub fn new(folder: PathBuf, outside: Vec<PathBuf>) -> Self {
        Self { folder, outside }
    }

    /// Reads a file.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, FileError> {
        let failed = |error| explain(path, error);
        let at = self.find(path)?;
        let seen = std::fs::metadata(&at).map_err(failed)?;
        let is_ordinary = |metadata: &Metadata| {
            metadata.is_file() && !OF_THE_SYSTEM.iter().any(|folder| at.starts_with(folder))
        };
        if seen.is_dir() {
            return Err(FileError::Directory(path.to_owned()));
        }
        // Before it is opened: opening a pipe waits for whoever writes into it.
        if !is_ordinary(&seen) {
            return Err(FileError::Special(path.to_owned()));
        }
        let file = File::open(&at).map_err(failed)?;
        let opened = file.metadata().map_err(failed)?;
        // Another file may have taken its place after it was looked at.
        if !is_ordinary(&opened) || (opened.dev(), opened.ino()) != (seen.dev(), seen.ino()) {
            return Err(FileError::Special(path.to_owned()));
        }
        let mut bytes = Vec::new();
        file.take(BYTES_MAX + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > BYTES_MAX {
            return Err(FileError::TooLarge(path.to_owned()));
        }
        Ok(bytes)
    }

    /// Where a file would be made, and the directory that must be there: one that a spec may name files of.
    pub fn place(&self, path: &str) -> Result<(PathBuf, PathBuf), FileError> {
        let full = self.folder.join(path);
        self.check_missing(path, &full)?;
        let folder = full.parent().unwrap_or(&self.folder).to_owned();
        Ok((folder, full))
    }

    /// Whether something has that name.
    pub fn exists(&self, path: &str) -> bool {
        self.folder.join(path).exists()
    }

    /// Who may do what with a file that is there: the nine bits of its mode.
    pub fn mode(&self, path: &str) -> Option<u32> {
        let metadata = std::fs::metadata(self.find(path).ok()?).ok()?;
        Some(metadata.permissions().mode() & 0o777)
    }

    /// Where a path leads, links resolved.
    fn find(&self, path: &str) -> Result<PathBuf, FileError> {
        let full = self.folder.join(path);
        match full.canonicalize() {
            Ok(at) => self.check(path, &at).map(|()| at),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.check_missing(path, &full)?;
                Err(FileError::Missing(path.to_owned()))
            }
            Err(error) => Err(explain(path, error)),
        }
    }

    /// What is not there is where the nearest folder is that is there; a link to nothing is reported as what
    /// it is.
    fn check_missing(&self, path: &str, full: &Path) -> Result<(), FileError> {
        let there = full.ancestors().find_map(|ancestor| ancestor.canonicalize().ok());
        self.check(path, &there.unwrap_or_else(|| full.to_owned()))?;
        match std::fs::read_link(full) {
            Ok(to) if !full.exists() => Err(FileError::Dangling(path.to_owned(), to)),
            _ => Ok(()),
        }
    }

    fn check(&self, path: &str, at: &Path) -> Result<(), FileError> {
        let root = self.root();
        if at
            .strip_prefix(&root)
            .is_ok_and(|inside| inside.iter().any(|part| part == GIT))
        {
            return Err(FileError::OfGit(path.to_owned()));
        }
        let mut allowed = self
            .outside
            .iter()
            .filter_map(|folder| folder.canonicalize().ok());
        if at.starts_with(&root) || allowed.any(|folder| at.starts_with(folder)) {
            return Ok(());
        }
        Err(FileError::Outside {
            path: path.to_owned(),
            at: at.to_owned(),
            root,
        })
    }

    /// The top folder of the repository that the spec is in; the spec's own where it is in none.
    fn root(&self) -> PathBuf {
        let folder = self.folder.canonicalize().unwrap_or_else(|_| self.folder.clone());
        let top = folder
            .ancestors()
            .find(|ancestor| ancestor.join(GIT).symlink_metadata().is_ok())
            .map(Path::to_owned);
        top.unwrap_or(folder)
    }
}

fn explain(path: &str, error: io::Error) -> FileError {
    match error.kind() {
        io::ErrorKind::NotFound => FileError::Missing(path.to_owned()),
        io::ErrorKind::PermissionDenied => FileError::Denied(path.to_owned()),
        _ => FileError::Io(path.to_owned(), error),
    }
}

impl Files for SpecDir {
    fn text(&self, path: &str) -> Result<String, String> {
        let bytes = self.read(path).map_err(|error| error.to_string())?;
        String::from_utf8(bytes).map_err(|_| format!("{path} is not UTF-8 text"))
    }

    fn bytes(&self, path: &str) -> Result<Vec<u8>, String> {
        self.read(path).map_err(|error| error.to_string())
    }

    fn public_key(&self, path: &str) -> Result<Option<String>, String> {
        match self.read(path) {
            Ok(bytes) => keys::public_half(&bytes)
                .map(Some)
                .map_err(|why| format!("{path} {why}")),
            Err(FileError::Missing(_)) => Ok(None),
            Err(error) => Err(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;

    /// A repository with a spec in a folder of it, and a folder beside the repository.
    struct Ground {
        top: tempfile::TempDir,
    }

    impl Ground {
        fn new() -> Self {
            let top = tempfile::tempdir().unwrap();
            for folder in ["repo/.git", "repo/specs", "elsewhere"] {
                std::fs::create_dir_all(top.path().join(folder)).unwrap();
            }
            for file in [
                "repo/.git/config",
                "repo/policy",
                "repo/specs/text",
                "elsewhere/secret",
            ] {
                std::fs::write(top.path().join(file), "hello").unwrap();
            }
            Self { top }
        }

        fn path(&self, path: &str) -> PathBuf {
            self.top.path().join(path)
        }

        fn beside(&self, outside: &[&str]) -> SpecDir {
            SpecDir::new(
                self.path("repo/specs"),
                outside.iter().map(|folder| self.path(folder)).collect(),
            )
        }
    }

    #[test]
    fn a_spec_reads_in_its_repository_and_nowhere_else_by_no_way() {
        let ground = Ground::new();
        let (beside, secret) = (ground.beside(&[]), ground.path("elsewhere/secret"));
        assert_eq!(beside.text("text").as_deref(), Ok("hello"));
        assert_eq!(beside.text("../policy").as_deref(), Ok("hello"));
        symlink(&secret, ground.path("repo/specs/link")).unwrap();
        symlink(ground.path("elsewhere"), ground.path("repo/specs/folder")).unwrap();
        symlink("../policy", ground.path("repo/specs/inner")).unwrap();
        assert_eq!(
            beside.text("inner").as_deref(),
            Ok("hello"),
            "a link inside of the repository"
        );
        let absolute = secret.display().to_string();
        for path in [
            "../../elsewhere/secret",
            "link",
            "folder/secret",
            "folder/nothing",
            absolute.as_str(),
            "/proc/self/environ",
            "/etc/none",
        ] {
            assert!(
                matches!(beside.read(path), Err(FileError::Outside { .. })),
                "{path}: {:?}",
                beside.read(path)
            );
            assert!(
                matches!(beside.public_key(path), Err(why) if why.contains("--allow-files-outside")),
                "{path}"
            );
            assert!(
                path == "link" || matches!(beside.place(path), Err(FileError::Outside { .. })),
                "{path}"
            );
        }
        for path in ["../.git/config", "../.git/new"] {
            assert!(matches!(beside.read(path), Err(FileError::OfGit(_))), "{path}");
            assert!(matches!(beside.place(path), Err(FileError::OfGit(_))), "{path}");
        }
    }

    #[test]
    fn who_needs_it_allows_a_directory() {
        let ground = Ground::new();
        let beside = ground.beside(&["elsewhere", "nowhere"]);
        assert_eq!(beside.text("../../elsewhere/secret").as_deref(), Ok("hello"));
        assert!(beside.place("../../elsewhere/new.pem").is_ok());
        assert!(matches!(
            beside.read("/etc/hostname"),
            Err(FileError::Outside { .. })
        ));
        let system = SpecDir::new(ground.path("repo/specs"), vec!["/proc".into()]);
        assert!(matches!(
            system.read("/proc/self/environ"),
            Err(FileError::Special(_))
        ));
    }

    #[test]
    fn without_a_repository_it_is_the_folder_of_the_spec() {
        let ground = Ground::new();
        std::fs::remove_dir_all(ground.path("repo/.git")).unwrap();
        let beside = ground.beside(&[]);
        assert!(
            beside.text("text").is_ok() && matches!(beside.read("../policy"), Err(FileError::Outside { .. }))
        );
        // A worktree or a submodule has a file of that name.
        std::fs::write(ground.path("repo/.git"), "gitdir: elsewhere").unwrap();
        assert!(beside.text("../policy").is_ok());
    }

    #[test]
    fn only_ordinary_files_that_are_not_large_are_read() {
        let ground = Ground::new();
        let beside = ground.beside(&[]);
        assert_eq!(beside.text("none"), Err("there is no file none".to_owned()));
        assert_eq!(beside.text("../specs"), Err("../specs is a directory".to_owned()));
        assert_eq!(beside.public_key("none"), Ok(None));
        assert_eq!(beside.public_key(".."), Err(".. is a directory".to_owned()));
        assert!(
            beside
                .public_key("text")
                .unwrap_err()
                .starts_with("text holds no private key")
        );
        let pipe = ground.path("repo/specs/pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(
            beside.text("pipe"),
            Err("pipe is not an ordinary file".to_owned())
        );
        File::create(ground.path("repo/specs/large"))
            .unwrap()
            .set_len(BYTES_MAX + 1)
            .unwrap();
        assert_eq!(beside.text("large"), Err("large is larger than 1 MiB".to_owned()));
        symlink("nothing", ground.path("repo/specs/dangling")).unwrap();
        let told = "dangling is a link to nothing, which is not there: make that file, or remove the link";
        assert_eq!(beside.public_key("dangling"), Err(told.to_owned()));
        assert!(matches!(beside.place("dangling"), Err(FileError::Dangling(..))));
    }
}
