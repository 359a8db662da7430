//! The folder: SQLite for rows, a file for each body, and the thread that writes.

use super::body::Body;
use super::error::StoreError;
use super::late::{Late, Present, Write};
use bytes::Bytes;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// The format of what is written. A change of the tables, or of a row that an older one cannot be read as, makes the next.
const FORMAT: i64 = 1;

/// How many changes are written at once at most.
const BATCH: usize = 4096;

/// How late it is written what may be written late.
const LATE: Duration = Duration::from_millis(500);

/// The file of the rows.
const DATABASE: &str = "state.db";

/// Where the other regions have theirs.
const REGIONS: &str = "regions";

const MAKE: &str = "
    CREATE TABLE rows (
        space TEXT NOT NULL,
        key TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (space, key)
    ) WITHOUT ROWID;
    CREATE TABLE bodies (id TEXT PRIMARY KEY) WITHOUT ROWID;";

/// What is kept in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inventory {
    /// How many rows there are in each space.
    pub rows: BTreeMap<String, u64>,
    /// How many bytes the folder has.
    pub bytes: u64,
}

/// How far the writing is: how many changes last, or what is in the way.
type Progress = Result<u64, String>;

/// Those who have something to be written late.
type Lates = Mutex<Vec<Arc<dyn Late>>>;

/// A folder that is open.
#[derive(Debug)]
pub(super) struct Database {
    folder: PathBuf,
    /// Says that the folder is ours, for as long as it is open.
    _lock: File,
    reader: Mutex<Connection>,
    writes: Mutex<Writes>,
    progress: watch::Receiver<Progress>,
    late: Arc<Lates>,
}

/// What was handed to the thread.
#[derive(Debug)]
struct Writes {
    /// None once it is to end.
    sender: Option<Sender<Write>>,
    handed: u64,
    thread: Option<JoinHandle<()>>,
}

impl Database {
    pub(super) fn open(folder: &Path) -> Result<Self, StoreError> {
        let unusable = |problem: String| StoreError::Unusable {
            folder: folder.to_owned(),
            problem,
        };
        fs::create_dir_all(bodies(folder)).map_err(|error| unusable(error.to_string()))?;
        only_for_its_owner(folder).map_err(|error| unusable(error.to_string()))?;
        let lock = locked(folder)?;
        let writer = connect(folder).map_err(|error| unusable(error.to_string()))?;
        match prepare(&writer).map_err(|error| unusable(error.to_string()))? {
            FORMAT => {}
            found => {
                return Err(StoreError::Format {
                    folder: folder.to_owned(),
                    found,
                    expected: FORMAT,
                });
            }
        }
        sweep(&writer, folder).map_err(|error| unusable(error.to_string()))?;
        let reader = connect(folder).map_err(|error| unusable(error.to_string()))?;
        let (sender, receiver) = channel();
        let (told, progress) = watch::channel(Ok(0));
        let late = Arc::<Lates>::default();
        let lates = Arc::clone(&late);
        let thread = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || write(writer, &receiver, &told, &lates))
            .map_err(|error| unusable(error.to_string()))?;
        Ok(Self {
            folder: folder.to_owned(),
            _lock: lock,
            reader: Mutex::new(reader),
            writes: Mutex::new(Writes {
                sender: Some(sender),
                handed: 0,
                thread: Some(thread),
            }),
            progress,
            late,
        })
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    fn unusable(&self, problem: impl ToString) -> StoreError {
        StoreError::Unusable {
            folder: self.folder.clone(),
            problem: problem.to_string(),
        }
    }

    fn writes(&self) -> MutexGuard<'_, Writes> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn read(&self, space: &str, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let read = || {
            let mut query = reader.prepare_cached(
                "SELECT key, value FROM rows WHERE space = ?1 AND key >= ?2 AND substr(key, 1, ?3) = ?2 ORDER BY key",
            )?;
            let length = i64::try_from(prefix.chars().count()).unwrap_or(i64::MAX);
            let rows = query.query_map(params![space, prefix, length], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| self.unusable(error))
    }

    pub(super) fn read_between(
        &self,
        space: &str,
        first: &str,
        last: &str,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let read = || {
            let mut query = reader.prepare_cached(
                "SELECT key, value FROM rows WHERE space = ?1 AND key >= ?2 AND key <= ?3 ORDER BY key",
            )?;
            let rows = query.query_map(params![space, first, last], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().map_err(|error| self.unusable(error))
    }

    pub(super) fn count(&self, space: &str, prefix: &str) -> Result<usize, StoreError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = || {
            let mut query = reader.prepare_cached(
                "SELECT count(*) FROM rows WHERE space = ?1 AND key >= ?2 AND substr(key, 1, ?3) = ?2",
            )?;
            let length = i64::try_from(prefix.chars().count()).unwrap_or(i64::MAX);
            query.query_row(params![space, prefix, length], |row| row.get::<_, i64>(0))
        };
        let counted = counted().map_err(|error| self.unusable(error))?;
        Ok(usize::try_from(counted).unwrap_or_default())
    }

    /// Hands a change to the thread.
    pub(super) fn write(&self, change: Write) {
        let mut writes = self.writes();
        writes.handed += 1;
        // Fails only when the thread has ended, and then `settled` says why.
        let _ = writes.sender.as_ref().map(|sender| sender.send(change));
    }

    /// From now on this one is asked for what may be written late.
    pub(super) fn write_late(&self, late: Arc<dyn Late>) {
        self.late.lock().unwrap_or_else(PoisonError::into_inner).push(late);
    }

    /// Says that something is to be written late.
    pub(super) fn nudge(&self) {
        // Fails only when the thread has ended, and then nothing is written any more.
        let _ = self.writes().sender.as_ref().map(|sender| sender.send(Write::Nudge));
    }

    /// The last key of a space.
    pub(super) fn last_key(&self, space: &str) -> Result<Option<String>, StoreError> {
        let reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        let query = "SELECT max(key) FROM rows WHERE space = ?1";
        let last = reader.query_row(query, [space], |row| row.get(0));
        last.map_err(|error| self.unusable(error))
    }

    /// Writes a body's file at once, so that its bytes need not be held.
    pub(super) fn keep(&self, bytes: &Bytes) -> Result<Body, StoreError> {
        let id = uuid::Uuid::new_v4().to_string();
        let kept = OpenOptions::new()
            .write(true)
            .create_new(true)
            .open(bodies(&self.folder).join(&id))
            .and_then(|mut file| file.write_all(bytes));
        kept.map_err(|error| self.unusable(error))?;
        self.write(Write::Keep { id: id.clone() });
        Ok(Body::stored(id, bytes.len()))
    }

    pub(super) fn bytes(&self, body: &Body) -> Result<Bytes, StoreError> {
        let read = fs::read(bodies(&self.folder).join(body.id()));
        read.map(Bytes::from).map_err(|error| self.unusable(error))
    }

    pub(super) async fn settled(&self) -> Result<(), StoreError> {
        let handed = self.writes().handed;
        let mut progress = self.progress.clone();
        let reached = progress.wait_for(|progress| match progress {
            Ok(done) => *done >= handed,
            Err(_) => true,
        });
        match reached.await.as_deref() {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(problem)) => Err(self.unusable(problem)),
            Err(_) => Err(self.unusable("it is not written any more")),
        }
    }
}

impl Drop for Database {
    /// Waits for what is still to be written.
    fn drop(&mut self) {
        let mut writes = self.writes();
        writes.sender = None;
        if let Some(thread) = writes.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What there is, for whoever only looks.
pub(super) fn look(folder: &Path) -> Result<Option<Inventory>, StoreError> {
    let file = folder.join(DATABASE);
    if !file.is_file() {
        return Ok(None);
    }
    let unusable = |problem: String| StoreError::Unusable {
        folder: folder.to_owned(),
        problem,
    };
    let read = || -> rusqlite::Result<(i64, BTreeMap<String, u64>)> {
        let database = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let format = database.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let mut query = database.prepare("SELECT space, count(*) FROM rows GROUP BY space")?;
        let counted = query.query_map([], |row| Ok((row.get(0)?, row.get::<_, i64>(1)?.unsigned_abs())))?;
        Ok((format, counted.collect::<rusqlite::Result<_>>()?))
    };
    let (found, rows) = read().map_err(|error| unusable(error.to_string()))?;
    if found != FORMAT {
        return Err(StoreError::Format {
            folder: folder.to_owned(),
            found,
            expected: FORMAT,
        });
    }
    let size = |folder: &Path| -> std::io::Result<u64> {
        let files = fs::read_dir(folder)?.map(|file| file?.metadata());
        files
            .map(|file| file.map(|file| if file.is_file() { file.len() } else { 0 }))
            .sum()
    };
    let bytes = size(folder).and_then(|own| Ok(own + size(&bodies(folder))?));
    let bytes = bytes.map_err(|error| unusable(error.to_string()))?;
    Ok(Some(Inventory { rows, bytes }))
}

/// The folder of what is kept of another region.
pub(super) fn region(folder: &Path, name: &str) -> PathBuf {
    folder.join(REGIONS).join(name)
}

/// The other regions of which something is kept, by name.
pub(super) fn regions(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(folder.join(REGIONS)).into_iter().flatten().flatten();
    let mut regions: Vec<(String, PathBuf)> = entries
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())))
        .filter(|(_, folder)| folder.join(DATABASE).is_file())
        .collect();
    regions.sort();
    regions
}

/// Deletes all of it.
pub(super) fn clear(folder: &Path) -> Result<(), StoreError> {
    if !folder.exists() {
        return Ok(());
    }
    for (_, region) in regions(folder) {
        clear(&region)?;
    }
    let _ours = locked(folder)?;
    let unusable = |error: std::io::Error| StoreError::Unusable {
        folder: folder.to_owned(),
        problem: error.to_string(),
    };
    let files = [
        DATABASE.to_owned(),
        format!("{DATABASE}-wal"),
        format!("{DATABASE}-shm"),
    ];
    for gone in files.map(|file| fs::remove_file(folder.join(file))) {
        match gone {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unusable(error)),
            _ => {}
        }
    }
    match fs::remove_dir_all(bodies(folder)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(unusable(error)),
        _ => Ok(()),
    }
}

fn bodies(folder: &Path) -> PathBuf {
    folder.join("bodies")
}

/// Parameters that are secret are among the rows.
#[cfg(unix)]
fn only_for_its_owner(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn only_for_its_owner(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Makes the folder ours. The system lets go of it when the process ends, however it ends.
fn locked(folder: &Path) -> Result<File, StoreError> {
    let unusable = |error: std::io::Error| StoreError::Unusable {
        folder: folder.to_owned(),
        problem: error.to_string(),
    };
    let path = folder.join("lock");
    let mut options = OpenOptions::new();
    let mut file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let pid = fs::read_to_string(&path).ok().filter(|pid| !pid.is_empty());
            return Err(StoreError::InUse {
                folder: folder.to_owned(),
                pid,
            });
        }
        Err(TryLockError::Error(error)) => return Err(unusable(error)),
    }
    file.set_len(0).map_err(unusable)?;
    file.write_all(std::process::id().to_string().as_bytes())
        .map_err(unusable)?;
    Ok(file)
}

fn connect(folder: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(folder.join(DATABASE))?;
    // Written to the system with each commit, which outlives the process; only a crash of the system loses some.
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    Ok(connection)
}

/// The format of the database; a new one is made.
fn prepare(connection: &Connection) -> rusqlite::Result<i64> {
    let format: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    if (format, tables) != (0, 0) {
        return Ok(format);
    }
    connection.execute_batch(&format!("BEGIN; {MAKE} PRAGMA user_version = {FORMAT}; COMMIT;"))?;
    Ok(FORMAT)
}

/// Removes the files of bodies that nothing names any more, and of those whose writing was cut off. That is done when a
/// folder is opened: somebody may still be reading what another one has let go of.
fn sweep(connection: &Connection, folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    let mut known = connection.prepare("SELECT 1 FROM bodies WHERE id = ?1")?;
    for file in fs::read_dir(bodies(folder))? {
        let file = file?;
        let id = file.file_name().to_string_lossy().into_owned();
        let found: Option<i64> = known.query_row([&id], |row| row.get(0)).optional()?;
        if found.is_none() {
            fs::remove_file(file.path())?;
        }
    }
    Ok(())
}

/// Writes what comes, as much at once as has come meanwhile. What may be written late is written when some time is over.
fn write(mut connection: Connection, changes: &Receiver<Write>, told: &watch::Sender<Progress>, late: &Lates) {
    let mut done = 0;
    let mut due: Option<Instant> = None;
    loop {
        let first = match due {
            None => changes.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(due) => changes.recv_timeout(due.saturating_duration_since(Instant::now())),
        };
        let is_over = first == Err(RecvTimeoutError::Disconnected);
        if let Ok(first) = first {
            let batch = std::iter::once(first).chain(changes.try_iter().take(BATCH));
            let (nudges, batch): (Vec<Write>, Vec<Write>) = batch.partition(|change| *change == Write::Nudge);
            if !nudges.is_empty() {
                due = due.or_else(|| Some(Instant::now() + LATE));
            }
            if let Err(error) = apply(&mut connection, &batch) {
                told.send_modify(|progress| *progress = Err(error.to_string()));
                return;
            }
            done += u64::try_from(batch.len()).unwrap_or_default();
            told.send_modify(|progress| *progress = Ok(done));
        }
        if is_over || due.is_some_and(|due| due <= Instant::now()) {
            let has_more = write_late(&mut connection, late);
            due = has_more.then(Instant::now);
        }
        if is_over && due.is_none() {
            return;
        }
    }
}

/// Writes a part of what may be written late, and says whether there is more. A full disk is told to those who wait for
/// what they have changed; nobody waits for this.
fn write_late(connection: &mut Connection, late: &Lates) -> bool {
    let late = late.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let mut has_more = false;
    for late in late {
        let (changes, more) = late.take(&Present(connection));
        let _ = apply(connection, &changes);
        late.written();
        has_more |= more;
    }
    has_more
}

fn apply(connection: &mut Connection, batch: &[Write]) -> rusqlite::Result<()> {
    let transaction = connection.transaction()?;
    {
        let mut put = transaction.prepare_cached("INSERT OR REPLACE INTO rows VALUES (?1, ?2, ?3)")?;
        let mut remove = transaction.prepare_cached("DELETE FROM rows WHERE space = ?1 AND key = ?2")?;
        let mut keep = transaction.prepare_cached("INSERT OR REPLACE INTO bodies VALUES (?1)")?;
        let mut forget = transaction.prepare_cached("DELETE FROM bodies WHERE id = ?1")?;
        for change in batch {
            match change {
                Write::Put { space, key, value } => put.execute(params![space, key, value])?,
                Write::Remove { space, key } => remove.execute(params![space, key])?,
                Write::Keep { id } => keep.execute([id])?,
                Write::Forget { id } => forget.execute([id])?,
                Write::Nudge => 0,
            };
        }
    }
    transaction.commit()
}
