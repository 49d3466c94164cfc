//! Turns values into [`Settings`], and checks settings that depend on each other.

use super::flags::Choices;
use super::log_level::{LogLevel, log_level};
use super::parse;
use super::parse_auth;
use super::pem;
use super::stop::Stop;
use super::table::{self, Setting};
use super::types::{Account, Auth, Http, Mode, Names, Onec, Serving, Settings, Target, Tenant, Tls};
use super::values::Values;
use ipnet::IpNet;
use std::path::{Path, PathBuf};

pub(super) fn settings(choices: &Choices, mut values: Values, cwd: &Path) -> Result<Settings, Stop> {
    let serving = super::serving::serving(choices.mode, &mut values, cwd)?;
    let auth = super::auth::auth(choices.mode, &serving, &mut values, cwd)?;
    let http = http(&mut values, cwd)?;
    let server_name = values.get(&table::SERVER_NAME, parse::line)?;
    let server_version = values.get(&table::SERVER_VERSION, parse::line)?;
    let log_level = values.optional(&table::LOG_LEVEL, log_level).unwrap_or(quiet(choices.mode));
    let audit_log = values.optional(&table::AUDIT_LOG, |text| audit_log(text, cwd));
    // Last, since without an infobase there may be nothing to build.
    let onec = onec(choices.demo, &auth, &serving, &mut values, cwd)?;
    values.check()?;
    let name = |setting: &Setting| values.given(setting).unwrap_or_else(|| setting.variable.to_owned());
    let names = Names { store: name(&table::OAUTH2_STORE), audit_log: name(&table::AUDIT_LOG) };
    let (warnings, notes) = values.into_warnings();
    Ok(Settings {
        mode: choices.mode,
        onec,
        http,
        server_name,
        server_version,
        log_level,
        audit_log,
        auth,
        serving,
        names,
        warnings,
        notes,
    })
}

/// Returns the default log level. Programs that start the gateway on stdio show its standard error as errors.
const fn quiet(mode: Mode) -> LogLevel {
    match mode {
        Mode::Stdio => LogLevel::Warning,
        Mode::Http | Mode::Check => LogLevel::Info,
    }
}

/// Reads the path of a file that may be missing, in a folder that exists.
fn audit_log(text: &str, cwd: &Path) -> Result<PathBuf, parse::ValueError> {
    let path = cwd.join(parse::path(text)?);
    match (path.is_dir() || text.ends_with(['/', '\\']), path.parent().is_some_and(Path::is_dir)) {
        (true, _) => Err(parse::refused("that is a folder; expected the path of a file")),
        (_, false) => Err(parse::refused("there is no such folder; expected the path of a file")),
        _ => Ok(path),
    }
}

fn onec(demo: bool, auth: &Auth, serving: &Serving, values: &mut Values, cwd: &Path) -> Result<Onec, Stop> {
    let service_root = values.get(&table::ONEC_SERVICE_ROOT, parse::service_root)?;
    let timeout = values.get(&table::ONEC_TIMEOUT_MS, |text| parse::millis(text, 1))?;
    let report_timeout = values.get(&table::ONEC_REPORT_TIMEOUT_MS, |text| parse::millis(text, 1))?;
    let max_concurrency = values.get(&table::ONEC_MAX_CONCURRENCY, parse::concurrency)?;
    let user_concurrency = values.optional(&table::USER_CONCURRENCY, parse::concurrency);
    let user_concurrency = user_concurrency.unwrap_or((max_concurrency / 2).max(1));
    let keep_alive = values.get(&table::ONEC_KEEPALIVE_MS, |text| parse::millis(text, 0))?;
    let ca = values.optional(&table::ONEC_CA, |text| pem::authorities(text, cwd));
    let verify = values.get(&table::ONEC_TLS_VERIFY, parse::switch)?;
    let tenant = tenant(values);
    let mut target = target(demo, auth, serving, values)?;
    if let Target::Infobase { url, .. } = &mut target {
        super::onec_url::tidy(url, &service_root, values);
    }
    let tls_verify = certificates(&target, verify, values);
    Ok(Onec {
        target,
        service_root,
        timeout,
        report_timeout,
        max_concurrency,
        user_concurrency,
        keep_alive,
        ca,
        tls_verify,
        tenant,
    })
}

/// Returns whether 1C must show a valid certificate.
fn certificates(target: &Target, verify: bool, values: &mut Values) -> bool {
    let https = matches!(target, Target::Infobase { url, .. } if url.scheme() == "https");
    if !https {
        values.ignored(&[&table::ONEC_CA], "the infobase is not called over https");
        return true;
    }
    if !verify {
        let name = values.given(&table::ONEC_TLS_VERIFY).unwrap_or_default();
        values.warn(format!(
            "{name} takes any certificate for that of 1C: whoever sits in between reads and changes everything, \
             passwords included. Name 1C's own certificate in MCP_ONEC_CA instead"
        ));
        values.ignored(&[&table::ONEC_CA], "no certificate is checked");
    }
    verify
}

fn target(demo: bool, auth: &Auth, serving: &Serving, values: &mut Values) -> Result<Target, Stop> {
    let bearer = values.get(&table::ONEC_AUTH, parse::is_bearer)?;
    if demo {
        let own = [&table::ONEC_URL, &table::ONEC_USERNAME, &table::ONEC_PASSWORD, &table::ONEC_TOKEN];
        values.ignored(&own, "--demo has an infobase and an account of its own");
        return Ok(Target::Demo);
    }
    let example = "http://localhost/base";
    let why = match from_go(values) {
        true => "the gateway in Go has its infobases in the table tenants of its database; here one stands in the file: write \
             its base_url below onec:, its username and password below auth: in there. docs/migrate.md says where the other \
             columns go"
            .to_owned(),
        false => format!("give the URL of the infobase, e.g. {example}, or try --demo, which needs none"),
    };
    let url = values.required(&table::ONEC_URL, &[], &why, |text| parse::url(text, example));
    let account = if bearer { by_token(values) } else { by_name(auth, serving, values) };
    match (url, account) {
        (Some(url), Some(account)) => Ok(Target::Infobase { url, account }),
        _ => Err(values.stop()),
    }
}

/// Returns whether the file seems to be one of the gateway in Go without an infobase.
fn from_go(values: &Values) -> bool {
    values.is_foreign() && values.given(&table::ONEC_URL).is_none()
}

/// Reads a service account with a bearer token.
fn by_token(values: &mut Values) -> Option<Option<Account>> {
    // The gateway in Go used the password as the token.
    let in_file = [&table::ONEC_TOKEN, &table::ONEC_PASSWORD].map(|setting| values.key(setting));
    let setting = match in_file {
        [None, Some(_)] if values.given(&table::ONEC_TOKEN).is_none() => &table::ONEC_PASSWORD,
        _ => &table::ONEC_TOKEN,
    };
    let token = values.required(setting, &[], "bearer login to 1C needs a token", parse::token);
    let unused = [&table::ONEC_USERNAME, &table::ONEC_PASSWORD];
    let unused: Vec<_> = unused.into_iter().filter(|other| other.variable != setting.variable).collect();
    values.ignored(&unused, "the login to 1C is by bearer token");
    token.map(|token| Some(Account::Bearer(token)))
}

/// Reads a service account with a name, which is optional if all calls run under the users' own logins. Returns
/// `None` if it is wrong.
fn by_name(auth: &Auth, serving: &Serving, values: &mut Values) -> Option<Option<Account>> {
    values.ignored(&[&table::ONEC_TOKEN], "MCP_ONEC_AUTH is basic, not bearer");
    let names = [&table::ONEC_USERNAME, &table::ONEC_PASSWORD];
    if auth.is_own_login() && serving.rest.is_none() && names.iter().all(|name| values.given(name).is_none()) {
        return Some(None);
    }
    let user = match auth {
        Auth::None { .. } => "the 1C user that calls run under",
        _ if auth.is_own_login() && serving.rest.is_some() => "the 1C user that the REST endpoints work under",
        _ if auth.is_own_login() => "the 1C user that asks whether 1C works, or neither name nor password",
        _ => "the 1C user that calls run under and that has access keys checked",
    };
    let column = |name: &str| if from_go(values) { format!(": the column {name} there") } else { String::new() };
    let username = format!("give the name of {user}{}", column("username"));
    let password = format!("give the password, which may be empty, of {user}{}", column("password"));
    // These settings decide whether an account is needed.
    let others = [&table::ONEC_AUTH, &table::AUTH_MODE, &table::OAUTH_ENABLED, &table::OAUTH2_LOGIN];
    let username = values.required(&table::ONEC_USERNAME, &others, &username, parse::username);
    let password = values.required(&table::ONEC_PASSWORD, &others, &password, parse::password);
    Some(Some(Account::Basic { username: username?, password: password? }))
}

fn tenant(values: &mut Values) -> Option<Tenant> {
    let names = [&table::ONEC_TENANT_HEADER, &table::ONEC_TENANT_VALUE];
    let value = values.optional(&table::ONEC_TENANT_VALUE, parse::header_value);
    if value.is_none() && !values.is_flawed(&table::ONEC_TENANT_VALUE) && values.is_foreign() {
        // The gateway in Go ignored the header without a value.
        values.ignored(&[&table::ONEC_TENANT_HEADER], "there is no value for it");
        return None;
    }
    let header = values.optional(&table::ONEC_TENANT_HEADER, parse::header_name);
    let (header, value) = both(header, value, names, values)?;
    Some(Tenant { header, value })
}

fn http(values: &mut Values, cwd: &Path) -> Result<Http, Stop> {
    let public = |text: &str| parse::url(text, "https://mcp.example.com");
    Ok(Http {
        host: values.get(&table::HOST, parse::host)?,
        port: values.get(&table::PORT, parse::port)?,
        cors_origins: values.get(&table::CORS_ORIGINS, parse::origins)?,
        public_url: values.optional(&table::PUBLIC_URL, public),
        tls: tls(values, cwd),
        trusted_proxies: trusted_proxies(values),
        max_connections: values.get(&table::MAX_CONNECTIONS, parse::connections)?,
        max_buffered: values.get(&table::MAX_BUFFERED, parse::mebibytes)?,
        drain_timeout: values.get(&table::DRAIN_TIMEOUT_MS, |text| parse::millis(text, 0))?,
    })
}

fn trusted_proxies(values: &mut Values) -> Vec<IpNet> {
    let networks = values.optional(&table::TRUSTED_PROXIES, parse_auth::networks).unwrap_or_default();
    if networks.iter().any(|network| network.prefix_len() == 0) {
        let name = values.given(&table::TRUSTED_PROXIES).unwrap_or_default();
        values.warn(format!("{name} trusts every address: any client can say that it is another one"));
    }
    networks
}

fn tls(values: &mut Values, cwd: &Path) -> Option<Tls> {
    let cert = values.optional(&table::TLS_CERT, |text| pem::file(text, cwd));
    let key = values.optional(&table::TLS_KEY, |text| pem::file(text, cwd));
    let (cert, key) = both(cert, key, [&table::TLS_CERT, &table::TLS_KEY], values)?;
    let tls = Tls { cert, key };
    if let Err(why) = tls.server() {
        values.conflict(&table::TLS_CERT, &[&table::TLS_KEY], &why);
    }
    Some(tls)
}

/// Returns two settings that make sense only together.
fn both<A, B>(a: Option<A>, b: Option<B>, names: [&Setting; 2], values: &mut Values) -> Option<(A, B)> {
    let [first, second] = names;
    let (given, missing) = match (a, b) {
        (Some(a), Some(b)) => return Some((a, b)),
        (None, None) => return None,
        (Some(_), None) => (first, second),
        (None, Some(_)) => (second, first),
    };
    let name = values.given(given).unwrap_or_default();
    values.missing(missing, &[missing], &format!("{name} needs it too"));
    None
}
