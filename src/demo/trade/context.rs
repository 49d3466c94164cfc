//! What a request is answered from: the company, and who asks on which day.

use super::access::Access;
use super::date::Date;
use super::model::Company;

/// What a request is answered from.
pub(super) struct Context<'a> {
    pub(super) company: &'static Company,
    pub(super) access: Access<'a>,
    pub(super) today: Date,
}
