//! The texts of the pages in English.

use super::fields::{Account, Advice, Texts};
use crate::auth::server::page::Outage;

const UNAVAILABLE: Advice = (
    "1C is unavailable",
    "Your login could not be checked. Try again in a minute; if that does not help, tell your 1C administrator.",
);

pub(super) static ENGLISH: Texts = Texts {
    onec: Account {
        heading: "Log in with your 1C account",
        access: "It will work in 1C with your own login: everything your roles allow.",
        user: "1C user name",
        hint: Some("If your 1C user has no password, leave this empty."),
        wrong_key: (
            "Wrong access key",
            "Check that you copied all of it, and try again. Your 1C administrator can give you a new one.",
        ),
        no_role: (
            "You have no access to this service",
            "The login is right, but 1C does not let it in. \
             Ask your 1C administrator for a role with access to the MCP HTTP service, then try again.",
        ),
        unavailable: UNAVAILABLE,
    },
    other: Account {
        heading: "Log in",
        access: "It will get no more than is listed here and your account allows.",
        user: "User name",
        hint: None,
        wrong_key: (
            "Wrong access key",
            "Check that you copied all of it, and try again. Your administrator can give you a new one.",
        ),
        no_role: (
            "You have no access to this service",
            "The login is right, but it does not open this service. Ask your administrator for access, then try again.",
        ),
        unavailable: (
            "The login is unavailable",
            "Your login could not be checked. Try again in a minute; if that does not help, tell your administrator.",
        ),
    },
    log_in_key: "Enter your access key",
    asks: "asks for access to 1C.",
    unnamed: "An unnamed application",
    unverified: "This is what the application calls itself. Nobody has verified it.",
    published_by: "Published by",
    goes_to: "Access goes to",
    on_this_computer: "a program on this computer",
    opens_links: "the program on this computer that opens such links",
    site_warning: "Continue only if you came from this site and trust it.",
    computer_warning: "A program on this computer will receive access. Continue only if you started it.",
    may: "It asks to be allowed to:",
    unknown_scope: "Use the permission",
    more_scopes: "Further permissions of this kind:",
    own_key: "It will get no more than is listed here and your key allows.",
    password: "Password",
    key: "Access key",
    allow: "Log in and allow",
    cancel: "Cancel",
    wrong_credentials: ("Wrong user name or password", "Check both, the keyboard layout and Caps Lock, and try again."),
    not_completed: (
        "The login was not completed",
        "Nothing came back that says who you are. Try again, or log in another way.",
    ),
    too_many: "Too many attempts",
    guessed: "Too many wrong logins came from your network, or were tried with this user name.",
    crowded: "Too many requests to this page came from your network.",
    wait: |seconds| match seconds {
        0 | 1 => "Wait 1 second, then try again.".to_owned(),
        2..=120 => format!("Wait {seconds} seconds, then try again."),
        _ => format!("Wait {} minutes, then try again.", seconds.div_ceil(60)),
    },
    outage: |outage| match outage {
        Outage::Unknown | Outage::Elsewhere => UNAVAILABLE,
        Outage::Licence => (
            "1C has no free licence",
            "Your login could not be checked. Try again when somebody has left 1C, or tell your 1C administrator.",
        ),
        Outage::Blocked => (
            "The infobase is blocked for now",
            "1C starts no sessions, as during an update or maintenance. Try again later, or ask your 1C administrator.",
        ),
        Outage::Address => (
            "1C is at another address",
            "Your login could not be checked: the web server of 1C sends this server elsewhere. \
             Tell the administrator of this server; its log says where to.",
        ),
        Outage::Certificate => (
            "The certificate of 1C is not accepted",
            "Your login could not be checked, as this server cannot be sure that it is 1C that answers. \
             Tell the administrator of this server; its log says why.",
        ),
        Outage::Publication => (
            "1C does not check logins here",
            "The web server of 1C asks for another kind of login, or for none. \
             Tell the administrator of this server; its log says which.",
        ),
    },
    forged: (
        "This form was no longer valid",
        "It was too old, or your browser does not accept cookies. Allow cookies for this site and log in once more.",
    ),
    used: (
        "This form was already sent",
        "The answer went to the application, and there is no second one. Go back to the application; if it is not \
         connected, start the login there once more.",
    ),
    lost: (
        "This login took too long",
        "Or your browser does not accept cookies. Allow cookies for this site, go back to the application and log in \
         once more.",
    ),
    unknown_client: (
        "This application is not registered here",
        "Its registration may have been lost. In the application, remove the connection to this server and add it again.",
    ),
    bad_redirect_uri: (
        "Wrong return address",
        "The application wants you sent to an address that it has not registered. \
         Do not try again with this link; start from the application itself, or tell its developer.",
    ),
    bad_request: (
        "This request is not valid",
        "Go back to the application and start again. If that does not help, tell its developer what is said below.",
    ),
    metadata: (
        "The application could not be identified",
        "What it publishes about itself could not be read. Try again later, or tell its developer what is said below.",
    ),
    authentication: (
        "This application cannot be let in",
        "It wants to prove who it is in a way that this server does not know, so a login would lead nowhere. \
         Tell its developer what is said below.",
    ),
    server_unavailable: (
        "The login is unavailable",
        "Try again in a minute. If that does not help, tell your 1C administrator.",
    ),
    details: "Details",
    back_to: "Back to",
    back_to_program: "Back to the program that opens",
    nothing_given: "No access was given. You can close this page.",
    scope: |scope| {
        Some(match scope {
            "mcp" => "Use the tools and data that this 1C infobase offers to applications",
            "mcp:resolve" => "Look up customers, products, warehouses and other reference data",
            "mcp:report:sales" => "See sales reports",
            "mcp:report:stock" => "See what is in stock",
            "mcp:report:money" => "See money: cash, payments and debts",
            "mcp:report:cost" => "See costs, profits and margins",
            "mcp:admin:eventlog" => "Read the event log: who did what in 1C, and when",
            "offline_access" => "Keep this access without asking you to log in again",
            _ => return None,
        })
    },
};
