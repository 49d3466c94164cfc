//! Days of the calendar: [`Date`].

use std::fmt;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

/// A day of the calendar, written `2026-09-30`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(i32);

/// The error of a text that is no date of the form `2026-09-30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DateError(());

impl fmt::Display for DateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a date of the form YYYY-MM-DD")
    }
}

impl std::error::Error for DateError {}

impl Date {
    /// Returns the day this many days after 1970-01-01.
    pub const fn from_days(days: i32) -> Self {
        Self(days)
    }

    /// Returns the number of days after 1970-01-01, a Thursday.
    pub const fn days(self) -> i32 {
        self.0
    }

    /// Returns the current day in UTC.
    pub fn today() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i32::try_from(since.as_secs() / 86_400).unwrap_or_default())
    }

    // The year begins in March here, so that the leap day is its last.
    pub(super) const fn new(year: i32, month: i32, day: i32) -> Self {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year.div_euclid(400);
        let of_era = year.rem_euclid(400);
        let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        Self(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
    }

    pub(super) const fn ymd(self) -> (i32, i32, i32) {
        let days = self.0 + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = year + era * 400;
        (if month <= 2 { year + 1 } else { year }, month, day)
    }

    pub(super) const fn plus(self, days: i32) -> Self {
        Self(self.0 + days)
    }

    /// Returns the day of the week, 0 on Mondays.
    pub(super) const fn weekday(self) -> i32 {
        (self.0 + 3).rem_euclid(7)
    }

    /// Returns the Monday of the week.
    pub(super) const fn week(self) -> Self {
        self.plus(-self.weekday())
    }

    /// Returns the first day of the month.
    pub(super) const fn month(self) -> Self {
        let (year, month, _) = self.ymd();
        Self::new(year, month, 1)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.ymd();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let mut parts = text.splitn(3, '-');
        let mut number = |digits: usize| {
            let part =
                parts.next().filter(|part| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()));
            part.and_then(|part| part.parse().ok()).ok_or(DateError(()))
        };
        let (year, month, day) = (number(4)?, number(2)?, number(2)?);
        let date = Self::new(year, month, day);
        // February 30 would become a day of March.
        if date.ymd() == (year, month, day) && year > 0 { Ok(date) } else { Err(DateError(())) }
    }
}
