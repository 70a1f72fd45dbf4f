//! Reading specs.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;
use trueup_spec::BYTES_MAX;

use crate::spec_dir::SpecDir;

/// The text of a spec and where it came from.
#[derive(Clone, Debug)]
pub struct Source {
    /// What the user calls it.
    pub name: String,
    /// The files that it may name.
    pub files: SpecDir,
    /// What it says.
    pub text: String,
}

/// Why a spec cannot be read.
#[derive(Debug, Error)]
pub enum SourceError {
    /// No such file.
    #[error("{0}: there is no such file")]
    Missing(String),
    /// A directory.
    #[error("{0} is a directory: name the spec's file")]
    Directory(String),
    /// More than is read.
    #[error("{name} is larger than {} MiB, the most that is read of a spec: split the topology into several specs", BYTES_MAX >> 20)]
    TooLarge {
        /// Which spec.
        name: String,
    },
    /// Not text.
    #[error("{name}:{line}:{column}: this is not UTF-8, so the file is not YAML text")]
    NotText {
        /// Which spec.
        name: String,
        /// The line of the first byte that is no text, from 1.
        line: usize,
        /// Its column in characters, from 1.
        column: usize,
    },
    /// Anything else.
    #[error("cannot read {name}")]
    Io {
        /// Which spec.
        name: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl Source {
    /// Reads the spec at `path`, which may name files of its repository and of the directories `outside`; `-`
    /// is what `stdin` gives, and is taken to be in the current directory.
    pub fn read(
        path: &Path,
        outside: &[PathBuf],
        stdin: impl FnOnce() -> Box<dyn io::BufRead + Send>,
    ) -> Result<Self, SourceError> {
        if path == Path::new("-") {
            let name = "<stdin>".to_owned();
            let text = read_text(&name, &mut stdin())?;
            return Ok(Self {
                name,
                files: SpecDir::new(PathBuf::from("."), outside.to_owned()),
                text,
            });
        }
        let name = path.display().to_string();
        let io = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => SourceError::Missing(name.clone()),
            io::ErrorKind::IsADirectory => SourceError::Directory(name.clone()),
            _ => SourceError::Io {
                name: name.clone(),
                source,
            },
        };
        let metadata = std::fs::metadata(path).map_err(io)?;
        if metadata.is_dir() {
            return Err(SourceError::Directory(name));
        }
        if metadata.len() > BYTES_MAX as u64 {
            return Err(SourceError::TooLarge { name });
        }
        let text = read_text(&name, &mut File::open(path).map_err(io)?)?;
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        Ok(Self {
            name,
            files: SpecDir::new(folder.to_owned(), outside.to_owned()),
            text,
        })
    }
}

/// Reads all of a text that is not too large.
fn read_text(name: &str, reader: &mut dyn Read) -> Result<String, SourceError> {
    let mut bytes = Vec::new();
    let limit = BYTES_MAX as u64 + 1;
    reader
        .take(limit)
        .read_to_end(&mut bytes)
        .map_err(|source| SourceError::Io {
            name: name.to_owned(),
            source,
        })?;
    if bytes.len() > BYTES_MAX {
        return Err(SourceError::TooLarge {
            name: name.to_owned(),
        });
    }
    String::from_utf8(bytes).map_err(|error| {
        let good =
            String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()]).into_owned();
        let line = good.matches('\n').count() + 1;
        let column = good.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        SourceError::NotText {
            name: name.to_owned(),
            line,
            column,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_stdin() -> Box<dyn io::BufRead + Send> {
        Box::new(io::empty())
    }

    #[test]
    fn what_is_no_spec_is_said_to_be_none() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name: &str| Source::read(&folder.path().join(name), &[], no_stdin);
        assert!(matches!(read("missing.yaml"), Err(SourceError::Missing(_))));
        assert!(matches!(read(""), Err(SourceError::Directory(_))));
        std::fs::write(folder.path().join("latin.yaml"), b"a: 1\nb: \xe9\n").unwrap();
        assert!(matches!(
            read("latin.yaml"),
            Err(SourceError::NotText {
                line: 2,
                column: 4,
                ..
            })
        ));
        let large = File::create(folder.path().join("large.yaml")).unwrap();
        large.set_len(BYTES_MAX as u64 + 1).unwrap();
        assert!(matches!(read("large.yaml"), Err(SourceError::TooLarge { .. })));
    }

    #[test]
    fn standard_input_is_bounded_too() {
        let endless = || -> Box<dyn io::BufRead + Send> { Box::new(io::BufReader::new(io::repeat(b'#'))) };
        assert!(matches!(
            Source::read(Path::new("-"), &[], endless),
            Err(SourceError::TooLarge { .. })
        ));
    }
}
