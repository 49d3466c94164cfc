//! A start of the gateway with settings from all sources, up to the settings.

use crate::settings::{self, Account, Settings, Stop, Stream, Target};
use secrecy::ExposeSecret;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

/// A working directory, and the sources of settings in it.
pub(crate) struct Case {
    pub(crate) dir: PathBuf,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(String, String)>,
}

impl Case {
    /// Returns a case without settings.
    pub(crate) fn empty() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("gateway-settings-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&dir).unwrap();
        Self { dir, args: vec!["gateway".into()], env: Vec::new() }
    }

    /// Returns a case with only the required settings, as variables.
    pub(crate) fn minimal() -> Self {
        Self::empty()
            .env("MCP_ONEC_URL", "http://localhost/base")
            .env("MCP_ONEC_USERNAME", "admin")
            .env("MCP_ONEC_PASSWORD", "s3cret")
    }

    pub(crate) fn args(mut self, args: &str) -> Self {
        self.args.extend(args.split_whitespace().map(str::to_owned));
        self
    }

    pub(crate) fn arg(mut self, arg: &str) -> Self {
        self.args.push(arg.to_owned());
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.into(), value.into()));
        self
    }

    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.dir.join(name), content).unwrap();
        self
    }

    /// Adds `{name}.pem` with a new self-signed certificate, and its key as `{name}.key`.
    pub(crate) fn certificate(self, name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        self.file(&format!("{name}.pem"), made.cert.pem())
            .file(&format!("{name}.key"), made.signing_key.serialize_pem())
    }

    /// Adds a configuration file, and the flag that names it.
    pub(crate) fn yaml(self, content: &str) -> Self {
        self.file("gateway.yaml", content).args("--config gateway.yaml")
    }

    pub(crate) fn load(&self) -> Result<Settings, Stop> {
        settings::load(self.args.clone(), self.env.clone(), &self.dir)
    }

    #[track_caller]
    pub(crate) fn ok(&self) -> Settings {
        self.load().unwrap_or_else(|stop| panic!("{}", stop.text))
    }

    /// Removes a variable.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self
    }

    /// Returns the message of a start that must fail.
    #[track_caller]
    pub(crate) fn error(&self) -> String {
        let stop = self.load().expect_err("this must not start");
        assert_eq!((stop.code, stop.stream), (2, Stream::Stderr), "{}", stop.text);
        stop.text
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

pub(crate) fn login(settings: &Settings) -> (&str, &str) {
    match &settings.onec.target {
        Target::Infobase { account: Some(Account::Basic { username, password }), .. } => {
            (username, password.expose_secret())
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) fn base(settings: &Settings) -> &str {
    match &settings.onec.target {
        Target::Infobase { url, .. } => url.as_str(),
        Target::Demo => panic!("the demo"),
    }
}
