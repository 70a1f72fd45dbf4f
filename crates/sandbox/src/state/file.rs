//! The state file and its journal: every change is in the journal before it is answered; closing writes the
//! state file anew and empties the journal.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::ids::Ids;
use super::line::{self, Line};
use super::region::Region;
use super::table::Change;

/// Why a state file could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process holds the file.
    #[error(
        "{} is in use by another process; run one `trueup sandbox serve --state {}` and point the others at it with --endpoint-url",
        .path.display(),
        .path.display()
    )]
    Locked {
        /// The state file.
        path: PathBuf,
    },
    /// The file, or its journal, is not what a sandbox writes.
    #[error("{} is not a sandbox state file: {reason}", .path.display())]
    Corrupted {
        /// The state file or its journal.
        path: PathBuf,
        /// What is wrong, with the line in a journal.
        reason: String,
    },
    /// A line of the journal, or the file, is not as it was written.
    #[error(
        "{} was changed or damaged {at}; move it and what lies beside it away to start anew, or take the damaged part out to go back \
         to what was before it",
        .path.display()
    )]
    Damaged {
        /// The state file or its journal.
        path: PathBuf,
        /// Where in it.
        at: String,
    },
    /// The file, its journal or its folder cannot be read or written.
    #[error("cannot use {} as a sandbox state file", .path.display())]
    Io {
        /// What could not be used.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// The first member of a state file.
const FORMAT: &str = "trueup-sandbox";
/// The version of its shape.
const VERSION: u32 = 1;

/// Everything that lasts.
#[derive(Debug)]
pub struct World {
    /// The source of ids.
    pub ids: Ids,
    /// The regions that were ever asked about.
    pub regions: BTreeMap<String, Region>,
}

#[derive(Serialize, Deserialize)]
struct Snapshot {
    format: String,
    version: u32,
    /// Of what follows; files of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checksum: Option<String>,
    ids: Ids,
    /// Region, table, id, row.
    regions: BTreeMap<String, BTreeMap<String, BTreeMap<String, Value>>>,
}

/// One line of the journal.
#[derive(Serialize, Deserialize)]
struct Entry {
    counter: u64,
    region: String,
    /// Table, id, row.
    changes: Vec<(String, String, Option<Value>)>,
}

/// The open files of a sandbox.
#[derive(Debug)]
pub struct Files {
    path: PathBuf,
    /// Its lock is the lock of the whole.
    journal: File,
    /// How long the journal is with all that was answered; what is behind that was written in part and must
    /// go.
    length: u64,
}

/// What each of the files may be done with: by its owner alone, whatever the umask.
#[cfg(unix)]
fn make_private(file: &File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))
}

#[cfg(not(unix))]
fn make_private(_: &File) -> std::io::Result<()> {
    Ok(())
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> OpenError + '_ {
    move |source| OpenError::Io {
        path: path.to_owned(),
        source,
    }
}

fn corrupted(path: &Path, reason: impl Into<String>) -> OpenError {
    OpenError::Corrupted {
        path: path.to_owned(),
        reason: reason.into(),
    }
}

impl Files {
    /// Opens the state file at `path`, or makes it, and locks it.
    pub fn open(path: &Path, seed: u64) -> Result<(Self, World), OpenError> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            std::fs::create_dir_all(folder).map_err(io(path))?;
        }
        if path.is_dir() {
            return Err(io(path)(std::io::ErrorKind::IsADirectory.into()));
        }
        let journal_path = beside(path, ".journal");
        let mut journal = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .open(&journal_path)
            .map_err(io(&journal_path))?;
        match journal.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::Locked {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(io(&journal_path)(source)),
        }
        make_private(&journal).map_err(io(&journal_path))?;
        let mut world = read_snapshot(path)?.unwrap_or_else(|| World {
            ids: Ids::new(seed),
            regions: BTreeMap::new(),
        });
        let length = replay(&journal_path, &mut journal, &mut world)?;
        let files = Self {
            path: path.to_owned(),
            journal,
            length,
        };
        if !path.exists() {
            files.write_snapshot(&mut world).map_err(io(path))?;
        }
        Ok((files, world))
    }

    /// Puts one call's changes into the journal: all of them, or nothing.
    pub fn append(&mut self, region: &str, counter: u64, changes: &[Change]) -> std::io::Result<()> {
        let changes = changes
            .iter()
            .map(|change| (change.table.to_owned(), change.id.clone(), change.row.clone()))
            .collect();
        let line = line::write(&serde_json::to_vec(&Entry {
            counter,
            region: region.to_owned(),
            changes,
        })?);
        // Half a line of an earlier failure may still be there, where taking it away failed too.
        self.journal.set_len(self.length)?;
        if let Err(error) = self.journal.write_all(&line) {
            // What stays here is cut off before the next line, or with the journal's last line when it is
            // opened again.
            let _ = self.journal.set_len(self.length);
            return Err(error);
        }
        self.length += line.len() as u64;
        Ok(())
    }

    /// Writes the state file anew and empties the journal.
    pub fn compact(&mut self, world: &mut World) -> std::io::Result<()> {
        self.write_snapshot(world)?;
        self.journal.set_len(0)?;
        self.length = 0;
        Ok(())
    }

    fn write_snapshot(&self, world: &mut World) -> std::io::Result<()> {
        let mut regions = BTreeMap::new();
        for (name, region) in &mut world.regions {
            let mut tables = BTreeMap::new();
            for table in region.tables_mut() {
                let rows = table.dump()?;
                if !rows.is_empty() {
                    tables.insert(table.name().to_owned(), rows);
                }
            }
            regions.insert(name.clone(), tables);
        }
        let checksum = Some(line::checksum(&serde_json::to_vec(&(&world.ids, &regions))?));
        let snapshot = Snapshot {
            format: FORMAT.into(),
            version: VERSION,
            checksum,
            ids: world.ids.clone(),
            regions,
        };
        let folder = self
            .path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        make_private(file.as_file())?;
        serde_json::to_writer(std::io::BufWriter::new(&mut file), &snapshot)?;
        file.as_file().sync_all()?;
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }
}

fn read_snapshot(path: &Path) -> Result<Option<World>, OpenError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(io(path)(source)),
    };
    let snapshot: Snapshot =
        serde_json::from_slice(&bytes).map_err(|error| corrupted(path, error.to_string()))?;
    if snapshot.format != FORMAT || snapshot.version != VERSION {
        return Err(corrupted(
            path,
            format!("it is of format {} {}", snapshot.format, snapshot.version),
        ));
    }
    if let Some(expected) = &snapshot.checksum {
        let found = serde_json::to_vec(&(&snapshot.ids, &snapshot.regions))
            .map_err(|error| corrupted(path, error.to_string()))?;
        if line::checksum(&found) != *expected {
            return Err(OpenError::Damaged {
                path: path.to_owned(),
                at: "since it was written".to_owned(),
            });
        }
    }
    let mut world = World {
        ids: snapshot.ids,
        regions: BTreeMap::new(),
    };
    for (name, tables) in snapshot.regions {
        let mut region = Region::empty(&name);
        for (table, rows) in tables {
            for (id, row) in rows {
                load(&mut region, &table, &id, Some(row)).map_err(|reason| corrupted(path, reason))?;
            }
        }
        world.regions.insert(name, region);
    }
    Ok(Some(world))
}

fn load(region: &mut Region, table: &str, id: &str, row: Option<Value>) -> Result<(), String> {
    let found = region
        .tables_mut()
        .into_iter()
        .find(|known| known.name() == table);
    let table = found.ok_or_else(|| format!("it has no table `{table}`"))?;
    table.load(id, row).map_err(|error| format!("{id}: {error}"))
}

/// Reads the journal and gives the length of what holds. A last line that was torn by the end of a process
/// was never answered, and is cut off.
fn replay(path: &Path, journal: &mut File, world: &mut World) -> Result<u64, OpenError> {
    let damaged = |number: usize| OpenError::Damaged {
        path: path.to_owned(),
        at: format!("in line {number}"),
    };
    journal.seek(SeekFrom::Start(0)).map_err(io(path))?;
    let mut reader = BufReader::new(&*journal);
    let mut bytes = Vec::new();
    let (mut good, mut summed) = (0_u64, false);
    for number in 1_usize.. {
        bytes.clear();
        let length = reader.read_until(b'\n', &mut bytes).map_err(io(path))?;
        if length == 0 {
            break;
        }
        let Some(whole) = bytes.strip_suffix(b"\n") else {
            if line::is_torn(&bytes) {
                break;
            }
            return Err(damaged(number));
        };
        let json = match line::read(whole) {
            Line::Sound(json) => {
                summed = true;
                json
            }
            // Until the first of this version's lines.
            Line::WithoutSum(json) if !summed => json,
            _ => return Err(damaged(number)),
        };
        let entry: Entry = serde_json::from_slice(json)
            .map_err(|error| corrupted(path, format!("line {number}: {error}")))?;
        world.ids.counter = world.ids.counter.max(entry.counter);
        let region = world
            .regions
            .entry(entry.region)
            .or_insert_with_key(|name| Region::empty(name));
        for (table, id, row) in entry.changes {
            load(region, &table, &id, row)
                .map_err(|reason| corrupted(path, format!("line {number}: {reason}")))?;
        }
        good += length as u64;
    }
    journal.set_len(good).map_err(io(path))?;
    Ok(good)
}
