//! Whether files could be written, without writing.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

/// What every SQLite database begins with.
const SQLITE: &[u8] = b"SQLite format 3\0";

/// A file that lines are appended to.
pub(super) fn log(path: &Path) -> Result<String, String> {
    // Of one that is there this creates nothing.
    usable(path, || crate::audit_log::open(path).map(drop))
}

/// A file for an SQLite database.
pub(super) fn database(path: &Path) -> Result<String, String> {
    let open = || {
        let mut head = Vec::new();
        OpenOptions::new().read(true).write(true).open(path)?;
        File::open(path)?.take(SQLITE.len() as u64).read_to_end(&mut head)?;
        if head.is_empty() || head == SQLITE { Ok(()) } else { Err(io::Error::other("it is no SQLite database")) }
    };
    usable(path, open)
        .map(|text| format!("the file {text}"))
        .map_err(|error| format!("MCP_OAUTH2_STORE: cannot use the file {error}"))
}

/// `open` tries a file that is there; of one that is not the folder is looked at.
fn usable(path: &Path, open: impl FnOnce() -> io::Result<()>) -> Result<String, String> {
    let (tried, more) =
        if path.exists() { (open(), "") } else { (folder(path), " (not there yet: the start makes it)") };
    match tried {
        Ok(()) => Ok(format!("{}{more}", path.display())),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// Whether a file could be made there.
fn folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !std::fs::metadata(folder)?.is_dir() {
        return Err(io::Error::from(io::ErrorKind::NotADirectory));
    }
    #[cfg(unix)]
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK)?;
    Ok(())
}
