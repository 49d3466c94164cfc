//! Answers of 1C as it writes them: a byte order mark, tabs and CRLF between the tokens.

use bytes::Bytes;
use serde_json::{Value, json};

/// The tool that every request calls; the list has it, as a client only calls what it was told of.
pub(crate) const TOOL: &str = "find_goods";

/// An answer with room for the id of the request.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    text: Bytes,
    id_at: usize,
}

/// Blanks around an id are legal, so an answer keeps its length whatever the id.
pub(crate) const ID_WIDTH: usize = 20;

impl Answer {
    /// The answer with this result.
    pub(crate) fn new(result: &Value) -> Self {
        let mark = "I".repeat(ID_WIDTH);
        let pretty = serde_json::to_string_pretty(&json!({ "jsonrpc": "2.0", "id": mark, "result": result })).unwrap();
        let text = pretty.replace('\n', "\r\n").replace("  ", "\t");
        let quoted = format!("\"{mark}\"");
        let id_at = text.find(&quoted).unwrap() + "\u{feff}".len();
        let text = format!("\u{feff}{}", text.replace(&quoted, &" ".repeat(ID_WIDTH)));
        Self { text: text.into(), id_at }
    }

    /// Its bytes, and where the id goes.
    pub(crate) fn parts(&self) -> (&Bytes, usize) {
        (&self.text, self.id_at)
    }

    /// The answer to the request with this id.
    pub(crate) fn under(&self, id: &[u8]) -> Bytes {
        let mut text = self.text.to_vec();
        text.get_mut(self.id_at..self.id_at + id.len()).unwrap().copy_from_slice(id);
        text.into()
    }
}

/// A text result that makes an answer of about `size` bytes.
pub(crate) fn text(size: usize) -> Value {
    let line = "Чайник электрический 1,7 л, склад «Основной», остаток 14 шт, цена 2490,00 руб.\n";
    let mut text = line.repeat(size.saturating_sub(150) / line.len() + 1);
    let mut end = size.saturating_sub(150).min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    json!({ "content": [{ "type": "text", "text": text }], "isError": false })
}

/// Nothing but short tokens: the rows of a report.
pub(crate) fn rows(size: usize) -> Value {
    let row = json!({ "n": 17, "sku": "A-0017", "qty": 14, "price": 2490.5, "vat": [20, true, null] });
    // As 1C spreads it over lines, one row takes this much.
    let rows = vec![row; size / 165];
    json!({ "content": [], "structuredContent": { "rows": rows } })
}

/// A list of tools that makes an answer of about `size` bytes.
pub(crate) fn tools(size: usize) -> Value {
    let tool = |name: String| {
        json!({
            "name": name,
            "description": "Ищет товары по наименованию, артикулу или штрихкоду и возвращает остатки",
            "inputSchema": {
                "type": "object",
                "properties": {
                    "query": { "type": "string", "description": "Что искать" },
                    "limit": { "type": "integer", "description": "Не больше стольких строк" },
                },
                "required": ["query"],
            },
        })
    };
    let mut list = vec![tool(TOOL.to_owned())];
    while Answer::new(&json!({ "tools": list })).text.len() < size {
        list.push(tool(format!("{TOOL}_{}", list.len())));
    }
    json!({ "tools": list })
}
