//! What a published infobase remembers, and how it was told to behave.

use std::time::Duration;

use super::callers::Callers;
use super::calls::Counter;
use super::requests::Requests;
use super::trade::Date;
use super::users::Users;

/// The infobase as published on a web server.
#[derive(Debug)]
pub(super) struct Publication {
    pub(super) report_delay: Duration,
    pub(super) calls: Counter,
    pub(super) callers: Callers,
    pub(super) requests: Requests,
    pub(super) users: Users,
    /// The day of balances and events when none is told; else the day it is.
    pub(super) today: Option<Date>,
}

impl Publication {
    /// The day it is in the infobase.
    pub(super) fn today(&self) -> Date {
        self.today.unwrap_or_else(Date::today)
    }
}
