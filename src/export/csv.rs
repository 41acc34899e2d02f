//! Tables as comma-separated values (RFC 4180 with plain line feeds), as spreadsheets and statistics programs read them.

/// The text of a table.
pub struct Table {
    text: String,
    columns: usize,
}

impl Table {
    /// A table with nothing but the names of its columns.
    pub fn new(columns: &[&str]) -> Self {
        let mut table = Self {
            text: String::new(),
            columns: columns.len(),
        };
        table.row(columns.iter().map(|c| (*c).to_owned()));
        table
    }

    /// Adds a row; one that is too short is filled up.
    pub fn row(&mut self, fields: impl IntoIterator<Item = String>) {
        let mut fields: Vec<String> = fields.into_iter().map(|f| quoted(&f)).collect();
        fields.resize(self.columns, String::new());
        self.text += &fields.join(",");
        self.text.push('\n');
    }

    /// The whole text.
    pub fn into_bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }
}

fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

/// A number with all its digits; nothing where there is none.
pub fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |v| v.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_a_table_is_quoted() {
        let mut table = Table::new(&["a", "b", "c"]);
        table.row(["1,5".into(), "say \"cat\"".into()]);
        let text = String::from_utf8(table.into_bytes()).unwrap();
        assert_eq!(text, "a,b,c\n\"1,5\",\"say \"\"cat\"\"\",\n");
        assert_eq!([number(Some(0.25)), number(None)], ["0.25", ""]);
    }
}
