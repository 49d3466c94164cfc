//! [`Texts`]: all texts of the pages in one language.

use crate::auth::server::page::Outage;

/// A heading and the advice below it.
pub(in crate::auth::server::page) type Advice = (&'static str, &'static str);

/// The texts about the account that users log in with.
pub(in crate::auth::server::page) struct Account {
    pub(in crate::auth::server::page) heading: &'static str,
    pub(in crate::auth::server::page) access: &'static str,
    pub(in crate::auth::server::page) user: &'static str,
    pub(in crate::auth::server::page) hint: Option<&'static str>,
    pub(in crate::auth::server::page) wrong_key: Advice,
    pub(in crate::auth::server::page) no_role: Advice,
    pub(in crate::auth::server::page) unavailable: Advice,
}

/// The texts of one language.
pub(in crate::auth::server::page) struct Texts {
    pub(in crate::auth::server::page) onec: Account,
    pub(in crate::auth::server::page) other: Account,
    pub(in crate::auth::server::page) log_in_key: &'static str,
    pub(in crate::auth::server::page) asks: &'static str,
    pub(in crate::auth::server::page) unnamed: &'static str,
    pub(in crate::auth::server::page) unverified: &'static str,
    pub(in crate::auth::server::page) published_by: &'static str,
    pub(in crate::auth::server::page) goes_to: &'static str,
    pub(in crate::auth::server::page) on_this_computer: &'static str,
    pub(in crate::auth::server::page) opens_links: &'static str,
    pub(in crate::auth::server::page) site_warning: &'static str,
    pub(in crate::auth::server::page) computer_warning: &'static str,
    pub(in crate::auth::server::page) may: &'static str,
    pub(in crate::auth::server::page) unknown_scope: &'static str,
    pub(in crate::auth::server::page) more_scopes: &'static str,
    pub(in crate::auth::server::page) own_key: &'static str,
    pub(in crate::auth::server::page) password: &'static str,
    pub(in crate::auth::server::page) key: &'static str,
    pub(in crate::auth::server::page) allow: &'static str,
    pub(in crate::auth::server::page) cancel: &'static str,
    pub(in crate::auth::server::page) wrong_credentials: Advice,
    pub(in crate::auth::server::page) not_completed: Advice,
    pub(in crate::auth::server::page) too_many: &'static str,
    /// The reason for waiting after wrong logins.
    pub(in crate::auth::server::page) guessed: &'static str,
    /// The reason for waiting after too many requests from the network.
    pub(in crate::auth::server::page) crowded: &'static str,
    pub(in crate::auth::server::page) wait: fn(u64) -> String,
    pub(in crate::auth::server::page) outage: fn(Outage) -> Advice,
    pub(in crate::auth::server::page) forged: Advice,
    pub(in crate::auth::server::page) used: Advice,
    pub(in crate::auth::server::page) lost: Advice,
    pub(in crate::auth::server::page) unknown_client: Advice,
    pub(in crate::auth::server::page) bad_redirect_uri: Advice,
    pub(in crate::auth::server::page) bad_request: Advice,
    pub(in crate::auth::server::page) metadata: Advice,
    pub(in crate::auth::server::page) authentication: Advice,
    pub(in crate::auth::server::page) server_unavailable: Advice,
    pub(in crate::auth::server::page) details: &'static str,
    pub(in crate::auth::server::page) nothing_given: &'static str,
    pub(in crate::auth::server::page) back_to: &'static str,
    pub(in crate::auth::server::page) back_to_program: &'static str,
    /// Returns the text of a scope, if it is a known one.
    pub(in crate::auth::server::page) scope: fn(&str) -> Option<&'static str>,
}
