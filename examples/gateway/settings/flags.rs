//! The command line: clap parses it, and the table lists the flags.

use super::nearest::nearest;
use super::stop::{Stop, Stream};
use super::table::{self, ALL, Setting};
use super::types::Mode;
use super::values::{Source, Values};
use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use std::ffi::OsString;
use std::path::PathBuf;

/// Choices that only the command line can make.
pub(super) struct Choices {
    pub(super) mode: Mode,
    pub(super) demo: bool,
    pub(super) env_file: Option<PathBuf>,
}

/// Reads the settings in the arguments. A wrong argument is noted and removed, and the rest is read without it.
///
/// # Errors
/// Only help was requested.
pub(super) fn read<A>(args: A, values: &mut Values) -> Result<Choices, Stop>
where
    A: IntoIterator,
    A::Item: Into<OsString> + Clone,
{
    let mut args: Vec<OsString> = args.into_iter().map(Into::into).collect();
    let mut mode_is_known = true;
    // Each round removes at least one argument.
    loop {
        let error = match command().try_get_matches_from(&args) {
            Ok(matches) => return Ok(choices(matches, mode_is_known, values)),
            Err(error) => error,
        };
        if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
            values.check()?;
            return Err(Stop { text: text(&error), stream: Stream::Stdout, code: 0 });
        }
        let wrong = FlagError::of(&error);
        wrong.note(&error, values);
        mode_is_known &= wrong.argument != MODE;
        if !wrong.remove(&mut args) {
            values.unreadable("the rest of the command line was not read".to_owned());
            args.truncate(1);
        }
    }
}

/// The name of the positional argument in clap.
const MODE: &str = "[MODE]";

/// An error of clap about an argument.
struct FlagError {
    /// The argument with its dashes, without a value.
    argument: String,
    value: Option<String>,
}

impl FlagError {
    fn of(error: &clap::Error) -> Self {
        let context = |kind| match error.get(kind) {
            Some(ContextValue::String(text)) => Some(text.clone()),
            _ => None,
        };
        // `--port <PORT>` if clap knows the argument.
        let argument = context(ContextKind::InvalidArg).unwrap_or_default();
        let argument = argument.split(' ').next().unwrap_or_default().to_owned();
        Self { argument, value: context(ContextKind::InvalidValue) }
    }

    fn note(&self, error: &clap::Error, values: &mut Values) {
        let text = text(error);
        let lines = text.lines().map(str::trim).take_while(|line| !line.starts_with("Usage:"));
        // No value here ever follows two dashes.
        let useless = |line: &str| line.is_empty() || line.starts_with("For more") || line.starts_with("tip: to pass");
        let lines: Vec<_> = lines.filter(|line| !useless(line)).collect();
        let text = lines.join("; ").trim_start_matches("error: ").to_owned();
        let Some(flag) = self.argument.strip_prefix("--") else { return values.odd_source(text) };
        if let Some(setting) = table::by_flag(flag) {
            return values.wrong(setting, text);
        }
        let others = ["demo", "env-file"];
        let flags = ALL.iter().map(|setting| setting.flag).chain(others);
        let is_secret = |flag: &str| table::by_flag(flag).is_some_and(|setting| setting.secret);
        match nearest(flag, flags, is_secret).and_then(table::by_flag) {
            Some(setting) => {
                values.was_meant(setting);
                values.odd_source(text);
            }
            // With one of the other arguments nothing might be missing.
            None => values.unreadable(text),
        }
    }

    /// Removes the argument, and the possible value of an argument that clap does not know; returns whether it could.
    fn remove(&self, args: &mut Vec<OsString>) -> bool {
        let is = |arg: &OsString, name: &str| {
            let rest = arg.to_str().and_then(|arg| arg.strip_prefix(name));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        };
        let name = if self.argument == MODE { self.value.as_deref().unwrap_or_default() } else { &self.argument };
        let found = args.iter().skip(1).position(|arg| !name.is_empty() && is(arg, name));
        let Some(at) = found.map(|at| at + 1) else { return false };
        let alone = args.remove(at).to_str().is_some_and(|arg| arg == name);
        let is_value = |arg: &OsString| {
            arg.to_str().is_none_or(|arg| !arg.starts_with('-') && !["stdio", "http", "check"].contains(&arg))
        };
        if alone && name.starts_with("--") && args.get(at).is_some_and(is_value) {
            args.remove(at);
        }
        true
    }
}

fn choices(mut matches: ArgMatches, mode_is_known: bool, values: &mut Values) -> Choices {
    for setting in ALL {
        let Some(value) = matches.remove_one::<OsString>(setting.flag) else { continue };
        match value.into_string() {
            Ok(text) => values.offer(setting, text, Source::Flag),
            Err(_) => values.not_text(setting, &format!("--{}", setting.flag)),
        }
    }
    Choices {
        // `check` requires least, so no message can be wrong for the mode that was meant.
        mode: if mode_is_known { mode(&matches) } else { Mode::Check },
        demo: matches.get_flag("demo"),
        env_file: matches.remove_one::<OsString>("env-file").map(PathBuf::from),
    }
}

fn mode(matches: &ArgMatches) -> Mode {
    match matches.get_one::<String>("mode").map(String::as_str) {
        Some("http") => Mode::Http,
        Some("check") => Mode::Check,
        // clap accepts only the three modes; this is the default.
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

/// Returns the flag of one setting. Clap gets neither defaults nor variables: it could not tell where a value
/// came from, and would read the environment itself.
fn flag(setting: &'static Setting) -> Arg {
    Arg::new(setting.flag)
        .long(setting.flag)
        .value_name(setting.value)
        .value_parser(value_parser!(OsString))
        // A password may begin with a dash, and must not appear in an error as an unknown flag.
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

fn text(error: &clap::Error) -> String {
    error.render().to_string().trim_end().to_owned()
}
