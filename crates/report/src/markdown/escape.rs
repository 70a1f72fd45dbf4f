//! Text of others inside Markdown: it must stay text.

use std::fmt::Write;

use crate::shown::clean;

/// A code span. Pipes would end a table's cell even here, so tables use [`cell`].
pub fn code(text: &str) -> String {
    let text = clean(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    // A backtick at an end would join the fence, and an empty span is none.
    let gap = if text.is_empty() || text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{gap}{text}{gap}{fence}")
}

/// A code span in a table's cell.
pub fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// A sentence. What stands between single backticks is code; everything else is plain text, without mentions of people.
pub fn prose(text: &str) -> String {
    let text = clean(text);
    let parts: Vec<&str> = text.split('`').collect();
    let paired = parts.len() % 2 == 1 && parts.iter().skip(1).step_by(2).all(|part| !part.trim().is_empty());
    if !paired {
        return plain(&text);
    }
    parts.iter().enumerate().map(|(index, part)| if index % 2 == 1 { code(part) } else { plain(part) }).collect()
}

fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // Mentions and references to issues are made after the Markdown is, so escaping does not stop them; code does.
            '@' | '#' => {
                let _ = write!(out, "<code>{c}</code>");
            }
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// A text inside a block of HTML, where Markdown is not read: as code, in which nobody is mentioned.
pub fn html(text: &str) -> String {
    let text = clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    format!("<code>{text}</code>")
}

/// A fenced block of these lines, in a fence that none of them can close.
pub fn fenced(language: &str, lines: &[String]) -> String {
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let mut out = format!("{fence}{language}\n");
    for line in lines {
        out.push_str(line);
        out.push('\n');
    }
    out + &fence
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_markup() {
        assert_eq!(code("a"), "`a`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`"), "`` ` ``");
        assert_eq!(cell("a|b"), "`a\\|b`");
        assert_eq!(prose("set `protect: false` <b>*now*</b>"), "set `protect: false` &lt;b&gt;\\*now\\*&lt;/b&gt;");
        assert_eq!(prose("one ` only"), "one \\` only");
        assert_eq!(prose("hello @all"), "hello <code>@</code>all");
        assert_eq!(html("</summary>`x`"), "<code>&lt;/summary&gt;`x`</code>");
        assert_eq!(fenced("diff", &["```".to_owned()]), "````diff\n```\n````");
        assert_eq!(code("line\nbreak"), "`line\\nbreak`");
    }
}
