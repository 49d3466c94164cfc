//! Names of types that JSON Schema does not have, and the types that they mean.

/// The seven types of JSON Schema.
const KNOWN: [&str; 7] = ["string", "number", "integer", "boolean", "array", "object", "null"];

/// Names in 1C and other languages, in lower case.
const OTHERS: &[(&str, &[&str])] = &[
    (
        "string",
        &[
            "строка",
            "текст",
            "str",
            "text",
            "char",
            "varchar",
            "дата",
            "датавремя",
            "время",
            "date",
            "datetime",
            "date-time",
            "time",
            "timestamp",
            "uuid",
            "guid",
            "уникальныйидентификатор",
            "uniqueidentifier",
            "uri",
            "url",
            "email",
            "перечисление",
            "enum",
            "ссылка",
            "двоичныеданные",
            "binarydata",
            "binary",
            "base64",
        ],
    ),
    ("number", &["число", "num", "numeric", "float", "double", "decimal", "real", "сумма", "money", "currency"]),
    ("integer", &["int", "long", "int32", "int64", "short", "целое", "целоечисло"]),
    ("boolean", &["булево", "логическое", "bool", "logical"]),
    (
        "array",
        &[
            "массив",
            "фиксированныймассив",
            "список",
            "списокзначений",
            "таблицазначений",
            "list",
            "tuple",
            "set",
            "fixedarray",
            "valuelist",
            "valuetable",
        ],
    ),
    (
        "object",
        &[
            "структура",
            "фиксированнаяструктура",
            "соответствие",
            "фиксированноесоответствие",
            "объект",
            "dict",
            "dictionary",
            "map",
            "struct",
            "structure",
            "record",
            "json",
            "fixedstructure",
            "fixedmap",
        ],
    ),
    ("null", &["неопределено", "none", "nil", "undefined"]),
];

/// Types of 1C whose names continue behind a point: `СправочникСсылка.Номенклатура`. Values of them are strings
/// in JSON.
const REFERENCES: [&str; 2] = ["ссылка.", "ref."];

/// Returns the type of JSON Schema that `name` means. A length may follow the name: `Строка(50)`.
pub(super) fn meant(name: &str) -> Option<&'static str> {
    let name = name.trim().to_lowercase();
    let name = name.split_once('(').map_or(&*name, |(name, _)| name.trim_end());
    if let Some(known) = KNOWN.into_iter().find(|known| *known == name) {
        return Some(known);
    }
    if REFERENCES.into_iter().any(|part| name.contains(part)) {
        return Some("string");
    }
    OTHERS.iter().find(|(_, names)| names.contains(&name)).map(|(known, _)| *known)
}

/// Returns the types that a text lists: `Строка, Число`. `None` if one of them is not known.
fn all_meant(text: &str) -> Option<Vec<&'static str>> {
    let mut types = Vec::new();
    for name in text.split([',', ';', '|']) {
        let name = meant(name)?;
        if !types.contains(&name) {
            types.push(name);
        }
    }
    Some(types)
}

/// Returns the JSON for the types that a text names.
pub(super) fn types_of(text: &str) -> Option<String> {
    match &*meant(text).map_or_else(|| all_meant(text), |one| Some(vec![one]))? {
        [] => None,
        [one] => Some(format!("\"{one}\"")),
        several => Some(list_of(several)),
    }
}

pub(super) fn list_of(types: &[&str]) -> String {
    let types: Vec<_> = types.iter().map(|name| format!("\"{name}\"")).collect();
    format!("[{}]", types.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, known) in [
            ("string", Some("string")),
            ("String", Some("string")),
            (" СТРОКА ", Some("string")),
            ("Строка(50)", Some("string")),
            ("Число (15, 2)", Some("number")),
            ("Булево", Some("boolean")),
            ("СправочникСсылка.Номенклатура", Some("string")),
            ("CatalogRef.Goods", Some("string")),
            ("Неопределено", Some("null")),
            ("Соответствие", Some("object")),
            ("int", Some("integer")),
            ("any", None),
            ("Произвольный", None),
            ("", None),
        ] {
            assert_eq!(meant(name), known, "{name}");
        }
        // A length has a comma too, but is no list.
        assert_eq!(all_meant("Строка, Число|строка"), Some(vec!["string", "number"]));
        assert_eq!(all_meant("Строка, Произвольный"), None);
    }
}
