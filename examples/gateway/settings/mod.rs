//! The settings of the gateway. Each is a row of `table.rs`, and can be given as a flag, an environment
//! variable, a line of a `.env` file or a key of a YAML file; the first of these counts.
//!
//! ```text
//! flags.rs   the command line            ┐
//! dotenv.rs  the .env file               ├─> values.rs ──(parse.rs)──> build.rs ──> Settings
//! yaml.rs    the configuration file      ┘   text + where it came from     typed and checked
//! ```
//!
//! Errors are noted on the way and reported together at the end.
//!
//! There is no global state: [`load`] gets the arguments, the environment and the working directory, and
//! returns text to print as a [`Stop`]. The `.env` file is read into memory and never into the environment of
//! the process.

mod auth;
mod build;
mod catalog;
mod catalog_text;
mod dotenv;
mod files;
mod flags;
mod found;
mod legacy;
mod log_level;
mod nearest;
mod onec_url;
mod parse;
mod parse_auth;
mod pem;
mod serving;
mod stop;
mod table;
mod types;
mod values;
mod yaml;

#[allow(unused_imports, reason = "a program that includes this module names the types it needs")]
pub(crate) use self::catalog::Catalog;
#[allow(unused_imports, reason = "as above")]
pub(crate) use self::log_level::LogLevel;
#[allow(unused_imports, reason = "as above")]
pub(crate) use self::stop::{Stop, Stream};
#[allow(unused_imports, reason = "as above")]
pub(crate) use self::types::{
    Account, Auth, Http, Login, Mode, Names, OAuth2, Onec, Serving, Settings, Store, Target, Tenant, Tls,
};

use self::values::{Source, Values};
use std::ffi::OsString;
use std::path::Path;

/// Reads all settings.
///
/// `args` begin with the name of the program. Relative paths are relative to `cwd`.
///
/// # Errors
/// A [`Stop`]: with exit status 2 and all errors, or with 0 for `--help` and `--version`.
pub(crate) fn load<A, E, K, V>(args: A, env: E, cwd: &Path) -> Result<Settings, Stop>
where
    A: IntoIterator,
    A::Item: Into<OsString> + Clone,
    E: IntoIterator<Item = (K, V)>,
    K: Into<OsString>,
    V: Into<OsString>,
{
    // The first source of a setting counts, so the order of these lines is the order of precedence.
    let mut values = Values::default();
    let choices = flags::read(args, &mut values)?;
    environment(env, &mut values);
    dotenv::read(choices.env_file.as_deref(), cwd, &mut values);
    if let Some(path) = values.optional(&table::CONFIG, parse::path) {
        yaml::read(&path, cwd, &mut values);
    }
    build::settings(&choices, values, cwd)
}

/// Reads the variables of the gateway in the environment.
fn environment<K, V>(env: impl IntoIterator<Item = (K, V)>, values: &mut Values)
where
    K: Into<OsString>,
    V: Into<OsString>,
{
    for (name, value) in env {
        // A name that is not valid text belongs to another program.
        let Ok(name) = name.into().into_string() else { continue };
        if !table::is_ours(&name) {
            continue;
        }
        match (value.into().into_string(), table::by_variable(&name)) {
            (Ok(text), _) => values.variable(&name, text, &Source::Variable),
            (Err(_), Some(setting)) => values.not_text(setting, &name),
            (Err(_), None) => {}
        }
    }
}
