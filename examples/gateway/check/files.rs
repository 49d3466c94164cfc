//! Checks whether files could be written, without writing.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// The first bytes of every SQLite database.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// Checks a file that lines are appended to; `name` is its setting.
pub(super) fn log(path: &Path, name: &str) -> Result<String, String> {
    // If the file exists, this creates nothing.
    usable(path, false, || crate::audit_log::open(path).map(drop))
        .map_err(|error| format!("{name}: cannot open the file {error}"))
}

/// Checks the file of an SQLite database. `makes_folder` says that its folder is created if only that is missing.
pub(super) fn database(path: &Path, makes_folder: bool, name: &str) -> Result<String, String> {
    let open = || {
        let mut head = Vec::new();
        OpenOptions::new().read(true).write(true).open(path)?;
        File::open(path)?.take(SQLITE.len() as u64).read_to_end(&mut head)?;
        if !head.is_empty() && head != SQLITE {
            return Err(io::Error::other("it is no SQLite database"));
        }
        // SQLite creates further files next to it.
        writable(folder(path))
    };
    usable(path, makes_folder, open)
        .map(|text| format!("the file {text}"))
        .map_err(|error| format!("{name}: cannot use the file {error}"))
}

/// Tries `open` on a file that exists; else checks its folder.
fn usable(path: &Path, makes_folder: bool, open: impl FnOnce() -> io::Result<()>) -> Result<String, String> {
    let parent = folder(path);
    let (tried, more) = if path.exists() {
        (open(), "")
    } else if makes_folder && !parent.exists() {
        (writable(folder(parent)), " (not there yet: it will be made, with its folder)")
    } else {
        (writable(parent), " (not there yet: it will be made)")
    };
    match tried {
        Ok(()) => Ok(format!("{}{more}", path.display())),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Checks whether a file could be created in the folder.
fn writable(folder: &Path) -> io::Result<()> {
    let kind = match std::fs::metadata(folder) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(io::Error::other(format!("there is no folder {}", folder.display())));
        }
        Err(error) => return Err(error),
    };
    if !kind.is_dir() {
        return Err(io::Error::from(ErrorKind::NotADirectory));
    }
    #[cfg(unix)]
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK)?;
    Ok(())
}
