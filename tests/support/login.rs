//! A login that answers as it is told to, and remembers what was typed.
#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a helper that fails fails its test")]

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex};

use onec_mcp::auth::login::{Form, LoggedIn, Login, LoginError, Typed};
use onec_mcp::{Credentials, Scopes};
use secrecy::ExposeSecret;
use tokio::sync::watch;

/// Answers `in`, `wrong`, `norole`, `many` or `down`, one word after the other; the last one for ever.
#[derive(Clone)]
pub(crate) struct Scripted(Arc<Inner>);

/// Tells nothing of what was typed, as every login should.
impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

struct Inner {
    script: Mutex<VecDeque<String>>,
    asked: Mutex<Vec<String>>,
    open: watch::Sender<bool>,
}

impl Scripted {
    pub(crate) fn new(script: &str) -> Self {
        let script = script.split(' ').map(str::to_owned).collect();
        Self(Arc::new(Inner { script: Mutex::new(script), asked: Mutex::default(), open: watch::Sender::new(true) }))
    }

    /// One whose answers wait until they are released.
    pub(crate) fn held(script: &str) -> Self {
        let login = Self::new(script);
        login.0.open.send_replace(false);
        login
    }

    pub(crate) fn release(&self) {
        self.0.open.send_replace(true);
    }

    pub(crate) fn hold(&self) {
        self.0.open.send_replace(false);
    }

    /// User and password, or the key, of each check.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.0.asked.lock().unwrap().clone()
    }
}

impl Login for Scripted {
    fn form(&self) -> Form {
        Form::Credentials
    }

    async fn check(&self, typed: Typed) -> Result<LoggedIn, LoginError> {
        let (text, subject, credentials) = match typed {
            Typed::Key(key) => (key.expose_secret().to_owned(), "key".to_owned(), None),
            Typed::Credentials(login) => {
                let text = format!("{}/{}", login.user(), login.password().expose_secret());
                (text, format!("onec:{}", login.user()), Some(login))
            }
            typed => panic!("{typed:?}"),
        };
        self.0.asked.lock().unwrap().push(text);
        let answer = {
            let mut script = self.0.script.lock().unwrap();
            if script.len() > 1 { script.pop_front() } else { script.front().cloned() }
        };
        self.0.open.subscribe().wait_for(|open| *open).await.unwrap();
        match &*answer.unwrap() {
            "in" => {
                let mut who = LoggedIn::new(subject).scopes(Scopes::parse("mcp"));
                who.credentials = credentials;
                Ok(who)
            }
            "wrong" => Err(LoginError::Wrong),
            "norole" => Err(LoginError::NoRole),
            "many" => Err(LoginError::TooMany(7)),
            "down" => Err(LoginError::Unavailable("1C is down".into())),
            word => panic!("{word}"),
        }
    }
}

/// All users have one password.
#[derive(Clone)]
pub(crate) struct Owner(Arc<Mutex<(String, usize)>>);

impl Default for Owner {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(("right".to_owned(), 0))))
    }
}

impl Owner {
    pub(crate) fn changes_password(&self, password: &str) {
        self.0.lock().unwrap().0 = password.to_owned();
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.0.lock().unwrap().1
    }
}

impl Login for Owner {
    fn form(&self) -> Form {
        Form::Credentials
    }

    fn is_own(&self) -> bool {
        true
    }

    async fn check(&self, typed: Typed) -> Result<LoggedIn, LoginError> {
        let Typed::Credentials(login) = typed else { panic!("no login") };
        let mut state = self.0.lock().unwrap();
        state.1 += 1;
        if login.password().expose_secret() != state.0 {
            return Err(LoginError::Wrong);
        }
        Ok(LoggedIn::new(format!("onec:{}", login.user())).credentials(login))
    }
}

pub(crate) fn typed(user: &str, password: &str) -> Typed {
    Typed::Credentials(Credentials::new(user, password))
}

pub(crate) fn key(text: &str) -> Typed {
    Typed::Key(text.to_owned().into())
}

/// An answer in short.
pub(crate) fn outcome(answer: Result<LoggedIn, LoginError>) -> String {
    match answer {
        Ok(user) => format!("in {}", user.subject),
        Err(LoginError::Wrong) => "wrong".to_owned(),
        Err(LoginError::NoRole) => "norole".to_owned(),
        Err(LoginError::TooMany(seconds)) => format!("many {seconds}"),
        Err(LoginError::Unavailable(_)) => "down".to_owned(),
        Err(other) => panic!("{other:?}"),
    }
}
