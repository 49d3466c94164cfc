//! Reads text files that people write by hand.

use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The longest file in bytes, far longer than needed: a wrong path such as `/dev/zero` must not fill the memory.
const LIMIT: u64 = 1 << 20;

/// Returns the text of a settings file. `what` names the setting in an error; `path` is shown as the user wrote it.
pub(super) fn read(what: &str, path: &Path, cwd: &Path) -> Result<String, String> {
    text(&cwd.join(path), LIMIT).map_err(|why| format!("{what} is \"{}\": {why}", path.display()))
}

/// Returns the content of the file, or an error that describes the problem.
pub(super) fn bytes(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| unreadable(&error))?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| unreadable(&error))?;
    if bytes.len() as u64 > limit {
        return Err(format!("the file is larger than {} MiB, which cannot be right", limit >> 20));
    }
    Ok(bytes)
}

/// Returns the text of the file without a byte order mark, or an error that describes the problem.
pub(super) fn text(path: &Path, limit: u64) -> Result<String, String> {
    let text =
        String::from_utf8(bytes(path, limit)?).map_err(|_| "the file is not UTF-8 text, please save it as UTF-8")?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn unreadable(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "no permission to read the file".to_owned(),
        _ => format!("the file cannot be read ({error})"),
    }
}
