//! The REST dialect: the answer of each path, and the scope that it needs.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::access::{Access, EVENTS, MONEY, SALES, STOCK};
use super::context::Context;
use super::date::Date;
use super::entry::EntryKind;
use super::request::{Members, RequestError, invalid};
use super::{cash, events, find, purchases, resolve, sales, settlements, stock};

/// The answer of a path.
#[derive(Clone, Copy)]
pub(in crate::demo) struct Route {
    scope: &'static str,
    what: What,
}

type Report = fn(&Context<'_>, &mut Members<'_>) -> Result<Map<String, Value>, RequestError>;

#[derive(Clone, Copy)]
enum What {
    Resolve(EntryKind),
    Report(Report),
}

/// Returns the route of a path below the service root.
pub(in crate::demo) fn route(path: &str) -> Option<Route> {
    if let Some(entity) = path.strip_prefix("resolve/") {
        return resolve::entity(entity).map(|(kind, scope)| Route { scope, what: What::Resolve(kind) });
    }
    let (scope, report): (_, Report) = match path {
        "reports/sales" => (SALES, sales::report),
        "reports/top_products" => (SALES, sales::top_products),
        "reports/customer_summary" => (SALES, sales::customer_summary),
        "reports/stock" => (STOCK, stock::report),
        "reports/cash_balance" => (MONEY, cash::balance),
        "reports/cash_flow" => (MONEY, cash::flow),
        "reports/receivables" => (MONEY, settlements::receivables),
        "reports/payables" => (MONEY, settlements::payables),
        "reports/purchases" => (MONEY, purchases::report),
        "admin/eventlog" => (EVENTS, events::report),
        "admin/find_document" => (EVENTS, find::report),
        _ => return None,
    };
    Some(Route { scope, what: What::Report(report) })
}

/// Answers a request to this route.
pub(in crate::demo) fn answer(route: Route, body: &[u8], access: Access<'_>, today: Date) -> (StatusCode, Value) {
    match run(route, body, access, today) {
        Ok(answer) => (StatusCode::OK, answer.into()),
        Err(RequestError::Invalid(message)) => {
            (StatusCode::BAD_REQUEST, json!({ "error": "invalid_request", "message": message }))
        }
        Err(RequestError::Forbidden(scope)) => {
            let message = format!("Недостаточно прав: нужно разрешение {scope}");
            (StatusCode::FORBIDDEN, json!({ "error": "forbidden", "message": message }))
        }
    }
}

fn run(route: Route, body: &[u8], access: Access<'_>, today: Date) -> Result<Map<String, Value>, RequestError> {
    access.want(route.scope)?;
    let body = serde_json::from_slice::<Value>(body).ok().filter(Value::is_object);
    let body = body.ok_or_else(|| invalid("Тело запроса должно быть объектом JSON"))?;
    let mut body = Members::of("", Some(&body))?;
    let context = Context { company: super::company(), access, today };
    let answer = match route.what {
        What::Resolve(kind) => resolve::answer(&context, kind, &mut body),
        What::Report(report) => report(&context, &mut body),
    }?;
    body.finish()?;
    Ok(answer)
}
