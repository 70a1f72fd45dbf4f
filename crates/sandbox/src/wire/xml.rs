//! The answer: XML written into one string, in the order of the calls.

use std::fmt::{Display, Write};

/// A growing XML document.
#[derive(Debug, Default)]
pub struct Xml {
    out: String,
}

impl Xml {
    /// The document so far.
    pub fn into_string(self) -> String {
        self.out
    }

    /// Adds XML that is already well formed.
    pub fn raw(&mut self, xml: &str) {
        self.out.push_str(xml);
    }

    /// `<name>value</name>`, escaped.
    pub fn text(&mut self, name: &str, value: impl Display) {
        self.open(name);
        // Writing into a string cannot fail.
        let _ = write!(Escaped(&mut self.out), "{value}");
        self.close(name);
    }

    /// `<name>value</name>`, or nothing.
    pub fn maybe(&mut self, name: &str, value: Option<impl Display>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// `<name>…</name>` around what `inside` writes.
    pub fn element(&mut self, name: &str, inside: impl FnOnce(&mut Self)) {
        self.open(name);
        inside(self);
        self.close(name);
    }

    /// `<name><item>…</item>…</name>`, EC2's form of a list.
    pub fn set<I: IntoIterator>(&mut self, name: &str, items: I, mut each: impl FnMut(&mut Self, I::Item)) {
        let mut items = items.into_iter().peekable();
        if items.peek().is_none() {
            self.out.push('<');
            self.out.push_str(name);
            self.out.push_str("/>");
            return;
        }
        self.open(name);
        for item in items {
            self.open("item");
            each(self, item);
            self.close("item");
        }
        self.close(name);
    }

    /// `<name><item>text</item>…</name>`.
    pub fn texts<I>(&mut self, name: &str, items: I)
    where
        I: IntoIterator,
        I::Item: Display,
    {
        self.set(name, items, |x, item| {
            let _ = write!(Escaped(&mut x.out), "{item}");
        });
    }

    /// `<return>true</return>`, how EC2 says that a call without a result went well.
    pub fn done(&mut self) {
        self.text("return", true);
    }

    fn open(&mut self, name: &str) {
        self.out.push('<');
        self.out.push_str(name);
        self.out.push('>');
    }

    fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push('>');
    }
}

struct Escaped<'o>(&'o mut String);

impl Write for Escaped<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let mut rest = text;
        while let Some((at, c)) = rest.char_indices().find(|(_, c)| !is_plain(*c)) {
            self.0.push_str(&rest[..at]);
            self.0.push_str(match c {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\r' => "&#xD;",
                // XML 1.0 has no way to write the other control characters.
                _ => "\u{fffd}",
            });
            rest = &rest[at + c.len_utf8()..];
        }
        self.0.push_str(rest);
        Ok(())
    }
}

/// Whether a character stands for itself.
fn is_plain(c: char) -> bool {
    !matches!(c, '&' | '<' | '>' | '"') && (!c.is_control() || matches!(c, '\n' | '\t'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_and_lists_are_items() {
        let mut xml = Xml::default();
        xml.text("a", "<&>\"");
        xml.text("c", "é\u{1}\r\n&é");
        xml.set("s", [1, 2], |x, n| x.text("n", n));
        xml.set("e", [0; 0], |x, n| x.text("n", n));
        xml.texts("t", ["x", "y"]);
        assert_eq!(
            xml.into_string(),
            "<a>&lt;&amp;&gt;&quot;</a><c>é\u{fffd}&#xD;\n&amp;é</c><s><item><n>1</n></item><item><n>2</n></item></s><e/>\
             <t><item>x</item><item>y</item></t>"
        );
    }
}
