//! The context of a request: the company, the caller and the day.

use super::access::Access;
use super::date::Date;
use super::model::Company;

/// The context of a request.
pub(super) struct Context<'a> {
    pub(super) company: &'static Company,
    pub(super) access: Access<'a>,
    pub(super) today: Date,
}
