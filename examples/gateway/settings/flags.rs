//! The command line: clap does the work, the table says which flags there are.

use super::stop::{Stop, Stream};
use super::table::{ALL, Setting};
use super::types::Mode;
use super::values::{Source, Values};
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::ffi::OsString;
use std::path::PathBuf;

/// What only the command line can say.
pub(super) struct Choices {
    pub(super) mode: Mode,
    pub(super) demo: bool,
    pub(super) env_file: Option<PathBuf>,
}

/// Takes the settings out of the arguments.
pub(super) fn read<A>(args: A, values: &mut Values) -> Result<Choices, Stop>
where
    A: IntoIterator,
    A::Item: Into<OsString> + Clone,
{
    let mut matches = command().try_get_matches_from(args).map_err(|error| stop(&error))?;
    for setting in ALL {
        let Some(value) = matches.remove_one::<OsString>(setting.flag) else { continue };
        let text = value.into_string().map_err(|_| Stop::error(format!("--{} is not valid UTF-8", setting.flag)))?;
        values.offer(setting, text, Source::Flag);
    }
    Ok(Choices {
        mode: mode(&matches),
        demo: matches.get_flag("demo"),
        env_file: matches.remove_one::<OsString>("env-file").map(PathBuf::from),
    })
}

fn mode(matches: &ArgMatches) -> Mode {
    match matches.get_one::<String>("mode").map(String::as_str) {
        Some("http") => Mode::Http,
        Some("check") => Mode::Check,
        // clap lets only the three through, and this is the default.
        _ => Mode::Stdio,
    }
}

fn command() -> Command {
    Command::new("gateway")
        .bin_name("gateway")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Gateway between MCP clients and a 1C:Enterprise infobase")
        .after_help(
            "Each setting can be given as a flag, as the environment variable in brackets, as a line of a .env \
             file, or under the key in brackets in a YAML file (--config). The first of these wins.",
        )
        .max_term_width(110)
        .arg(Arg::new("mode").value_name("MODE").value_parser(modes()).default_value("stdio").help("What to run"))
        .args(ALL.iter().map(flag))
        .arg(
            Arg::new("env-file")
                .long("env-file")
                .value_name("FILE")
                .value_parser(value_parser!(OsString))
                .help("File with lines VARIABLE=value [default: .env in the working directory, if there is one]"),
        )
        .arg(
            Arg::new("demo")
                .long("demo")
                .action(ArgAction::SetTrue)
                .help("Run against a built-in stand-in for a 1C infobase"),
        )
}

fn modes() -> PossibleValuesParser {
    PossibleValuesParser::new([
        PossibleValue::new("stdio").help("MCP over standard input and output"),
        PossibleValue::new("http").help("MCP over HTTP"),
        PossibleValue::new("check").help("try the settings and the connection to 1C, and say what to mend"),
    ])
}

/// The flag of one setting. Neither defaults nor variables are left to clap: it could not tell
/// where a value came from, and would read the environment behind our back.
fn flag(setting: &'static Setting) -> Arg {
    Arg::new(setting.flag)
        .long(setting.flag)
        .value_name(setting.value)
        .value_parser(value_parser!(OsString))
        // A password may begin with a dash, and must not end up in an error as an unknown flag.
        .allow_hyphen_values(setting.secret)
        .help(help(setting))
}

fn help(setting: &Setting) -> String {
    let mut names = setting.variable.to_owned();
    if !setting.yaml.is_empty() {
        names += ", ";
        names += setting.yaml;
    }
    let default = setting.default.map(|text| format!(" [default: {text}]")).unwrap_or_default();
    format!("{}\n[{names}]{default}", setting.help)
}

fn stop(error: &clap::Error) -> Stop {
    let text = error.render().to_string().trim_end().to_owned();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Stop { text, stream: Stream::Stdout, code: 0 },
        _ => Stop { text, stream: Stream::Stderr, code: 2 },
    }
}
