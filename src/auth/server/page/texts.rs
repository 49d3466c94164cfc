//! What the pages say, in each language.

use super::{Language, Outage};

/// A heading and what to do.
pub(super) type Advice = (&'static str, &'static str);

/// The texts of one language.
pub(super) struct Texts {
    pub(super) log_in_credentials: &'static str,
    pub(super) log_in_key: &'static str,
    pub(super) asks: &'static str,
    pub(super) unnamed: &'static str,
    pub(super) unverified: &'static str,
    pub(super) published_by: &'static str,
    pub(super) goes_to: &'static str,
    pub(super) on_this_computer: &'static str,
    pub(super) opens_links: &'static str,
    pub(super) site_warning: &'static str,
    pub(super) computer_warning: &'static str,
    pub(super) may: &'static str,
    pub(super) unknown_scope: &'static str,
    pub(super) more_scopes: &'static str,
    pub(super) own_login: &'static str,
    pub(super) own_key: &'static str,
    pub(super) user: &'static str,
    pub(super) password: &'static str,
    pub(super) password_hint: &'static str,
    pub(super) key: &'static str,
    pub(super) allow: &'static str,
    pub(super) cancel: &'static str,
    pub(super) wrong_credentials: Advice,
    pub(super) wrong_key: Advice,
    pub(super) no_role: Advice,
    pub(super) too_many: &'static str,
    /// Why: wrong logins.
    pub(super) guessed: &'static str,
    /// Why: whatever came from the network.
    pub(super) crowded: &'static str,
    pub(super) wait: fn(u64) -> String,
    pub(super) outage: fn(Outage) -> Advice,
    pub(super) forged: Advice,
    pub(super) used: Advice,
    pub(super) unknown_client: Advice,
    pub(super) bad_redirect_uri: Advice,
    pub(super) bad_request: Advice,
    pub(super) metadata: Advice,
    pub(super) authentication: Advice,
    pub(super) server_unavailable: Advice,
    pub(super) details: &'static str,
    pub(super) nothing_given: &'static str,
    pub(super) back_to: &'static str,
    pub(super) back_to_program: &'static str,
    /// The plain words for a scope, if it is a known one.
    pub(super) scope: fn(&str) -> Option<&'static str>,
}

impl Texts {
    pub(super) const fn of(language: Language) -> &'static Self {
        match language {
            Language::English => &ENGLISH,
            Language::Russian => &RUSSIAN,
        }
    }
}

static ENGLISH: Texts = Texts {
    log_in_credentials: "Log in with your 1C account",
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
    own_login: "It will work in 1C with your own login: everything your roles allow.",
    own_key: "It will get no more than is listed here and your key allows.",
    user: "1C user name",
    password: "Password",
    password_hint: "If your 1C user has no password, leave this empty.",
    key: "Access key",
    allow: "Log in and allow",
    cancel: "Cancel",
    wrong_credentials: ("Wrong user name or password", "Check both, the keyboard layout and Caps Lock, and try again."),
    wrong_key: (
        "Wrong access key",
        "Check that you copied all of it, and try again. Your 1C administrator can give you a new one.",
    ),
    no_role: (
        "You have no access to this service",
        "The login is right, but 1C does not let it in. \
         Ask your 1C administrator for a role with access to the MCP HTTP service, then try again.",
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
        Outage::Unknown => (
            "1C is unavailable",
            "Your login could not be checked. Try again in a minute; if that does not help, tell your 1C administrator.",
        ),
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

static RUSSIAN: Texts = Texts {
    log_in_credentials: "Вход с учётной записью 1С",
    log_in_key: "Вход по ключу доступа",
    asks: "запрашивает доступ к 1С.",
    unnamed: "Приложение без названия",
    unverified: "Так приложение называет себя само, это никем не проверено.",
    published_by: "Издатель",
    goes_to: "Доступ получит",
    on_this_computer: "программа на этом компьютере",
    opens_links: "программа на этом компьютере, которая открывает такие ссылки",
    site_warning: "Продолжайте, только если вы пришли с этого сайта и доверяете ему.",
    computer_warning: "Доступ получит программа на этом компьютере. Продолжайте, только если вы сами её запустили.",
    may: "Приложение просит разрешения:",
    unknown_scope: "Использовать разрешение",
    more_scopes: "Других таких разрешений:",
    own_login: "Оно будет работать в 1С под вашей учётной записью: всё, что разрешают ваши роли.",
    own_key: "Оно получит не больше, чем перечислено здесь и разрешено вашим ключом.",
    user: "Пользователь 1С",
    password: "Пароль",
    password_hint: "Если у пользователя 1С нет пароля, оставьте поле пустым.",
    key: "Ключ доступа",
    allow: "Войти и разрешить",
    cancel: "Отмена",
    wrong_credentials: (
        "Неверное имя пользователя или пароль",
        "Проверьте их, раскладку клавиатуры и Caps Lock и попробуйте ещё раз.",
    ),
    wrong_key: (
        "Неверный ключ доступа",
        "Проверьте, что ключ скопирован целиком, и попробуйте ещё раз. Новый ключ может выдать администратор 1С.",
    ),
    no_role: (
        "У вас нет доступа к этому сервису",
        "Имя и пароль верны, но 1С не пускает. \
         Попросите у администратора 1С роль с доступом к HTTP-сервису MCP и попробуйте ещё раз.",
    ),
    too_many: "Слишком много попыток",
    guessed: "Из вашей сети или под этим именем пришло слишком много неверных входов.",
    crowded: "Из вашей сети пришло слишком много обращений к этой странице.",
    wait: |seconds| match seconds {
        0..=120 => {
            let seconds = seconds.max(1);
            format!("Подождите {seconds} {} и попробуйте ещё раз.", plural(seconds, "секунду", "секунды", "секунд"))
        }
        _ => {
            let minutes = seconds.div_ceil(60);
            format!("Подождите {minutes} {} и попробуйте ещё раз.", plural(minutes, "минуту", "минуты", "минут"))
        }
    },
    outage: |outage| match outage {
        Outage::Unknown => (
            "1С недоступна",
            "Проверить вход не удалось. Попробуйте ещё раз через минуту; если не поможет, сообщите администратору 1С.",
        ),
        Outage::Licence => (
            "Нет свободной лицензии 1С",
            "Проверить вход не удалось. Попробуйте ещё раз, когда кто-нибудь выйдет из 1С, или сообщите администратору 1С.",
        ),
        Outage::Blocked => (
            "База 1С временно заблокирована",
            "1С не начинает сеансы: идёт обновление или обслуживание. Попробуйте позже или спросите администратора 1С.",
        ),
        Outage::Address => (
            "1С находится по другому адресу",
            "Проверить вход не удалось: веб-сервер 1С перенаправляет запросы. \
             Сообщите администратору этого сервера, в журнале сказано, куда.",
        ),
        Outage::Certificate => (
            "Сертификат 1С не принят",
            "Проверить вход не удалось: нельзя убедиться, что отвечает именно 1С. \
             Сообщите администратору этого сервера, причина есть в журнале.",
        ),
        Outage::Publication => (
            "1С здесь не проверяет вход",
            "Веб-сервер 1С требует входа другого вида или не требует никакого. \
             Сообщите администратору этого сервера, подробности есть в журнале.",
        ),
    },
    forged: (
        "Форма устарела",
        "Она открыта слишком давно, или браузер не принимает файлы cookie. \
         Разрешите их для этого сайта и войдите ещё раз.",
    ),
    used: (
        "Эта форма уже отправлена",
        "Ответ ушёл приложению, второго не будет. Вернитесь в приложение; если оно не подключилось, \
         начните вход в нём заново.",
    ),
    unknown_client: (
        "Приложение здесь не зарегистрировано",
        "Возможно, его регистрация утрачена. Удалите в приложении подключение к этому серверу и добавьте его заново.",
    ),
    bad_redirect_uri: (
        "Неверный адрес возврата",
        "Приложение хочет отправить вас на адрес, который оно не регистрировало. \
         Не открывайте эту ссылку снова; начните из самого приложения или сообщите его разработчику.",
    ),
    bad_request: (
        "Неверный запрос",
        "Вернитесь в приложение и начните сначала. Если не поможет, передайте его разработчику то, что сказано ниже.",
    ),
    metadata: (
        "Не удалось узнать, что это за приложение",
        "Сведения, которые оно публикует о себе, не прочитаны. \
         Попробуйте позже или передайте его разработчику то, что сказано ниже.",
    ),
    authentication: (
        "Это приложение здесь не подключить",
        "Оно подтверждает себя способом, которого этот сервер не знает, поэтому вход ничего не даст. \
         Передайте его разработчику то, что сказано ниже.",
    ),
    server_unavailable: (
        "Вход недоступен",
        "Попробуйте ещё раз через минуту. Если не поможет, сообщите администратору 1С.",
    ),
    details: "Подробности",
    back_to: "Вернуться на",
    back_to_program: "Вернуться в программу, которая открывает",
    nothing_given: "Доступ не предоставлен. Страницу можно закрыть.",
    scope: |scope| {
        Some(match scope {
            "mcp" => "Пользоваться инструментами и данными, которые эта база 1С открывает приложениям",
            "mcp:resolve" => "Искать контрагентов, номенклатуру, склады и другие справочные данные",
            "mcp:report:sales" => "Видеть отчёты о продажах",
            "mcp:report:stock" => "Видеть остатки на складах",
            "mcp:report:money" => "Видеть деньги: остатки, платежи и долги",
            "mcp:report:cost" => "Видеть себестоимость, прибыль и наценку",
            "mcp:admin:eventlog" => "Читать журнал регистрации: кто, что и когда делал в 1С",
            "offline_access" => "Сохранять доступ и не просить вас входить снова",
            _ => return None,
        })
    },
};

/// The form of a Russian noun after a number.
const fn plural(number: u64, one: &'static str, few: &'static str, many: &'static str) -> &'static str {
    match (number % 10, number % 100) {
        (_, 11..=14) => many,
        (1, _) => one,
        (2..=4, _) => few,
        _ => many,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_said_in_grammatical_words() {
        for (seconds, english, russian) in [
            (0, "Wait 1 second,", "Подождите 1 секунду "),
            (1, "Wait 1 second,", "Подождите 1 секунду "),
            (12, "Wait 12 seconds,", "Подождите 12 секунд "),
            (22, "Wait 22 seconds,", "Подождите 22 секунды "),
            (111, "Wait 111 seconds,", "Подождите 111 секунд "),
            (121, "Wait 3 minutes,", "Подождите 3 минуты "),
            (1260, "Wait 21 minutes,", "Подождите 21 минуту "),
        ] {
            assert!((ENGLISH.wait)(seconds).starts_with(english), "{seconds}");
            assert!((RUSSIAN.wait)(seconds).starts_with(russian), "{seconds}");
        }
    }

    #[test]
    fn both_languages_know_the_same_scopes() {
        for scope in crate::auth::server::page::SCOPES {
            assert!((ENGLISH.scope)(scope).is_some() && (RUSSIAN.scope)(scope).is_some(), "{scope}");
        }
        assert!((ENGLISH.scope)("other").is_none() && (RUSSIAN.scope)("other").is_none());
    }
}
