//! Text inside a page.

/// Text with nothing in it that a browser would take for markup, also inside quotation marks.
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c => out.push(c),
        }
    }
    out
}

/// A paragraph of a class; nothing if there is no text.
pub fn paragraph(class: &str, text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("<p class=\"{class}\">{}</p>\n", escaped(text))
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn markup_in_a_name_stays_text() {
        assert_eq!(
            super::escaped("<b a=\"'\">&"),
            "&lt;b a=&quot;&#39;&quot;&gt;&amp;"
        );
    }
}
