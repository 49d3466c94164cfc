//! The state and the settings of a published infobase.

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
    /// The fixed day of the infobase, if one is set.
    pub(super) today: Option<Date>,
}

impl Publication {
    /// Returns the current day of the infobase.
    pub(super) fn today(&self) -> Date {
        self.today.unwrap_or_else(Date::today)
    }
}
