//! Text of others inside Markdown: it must stay text.

use std::fmt::Write;

use crate::shown::clean;

/// A code span. Pipes would end a table's cell even here, so tables use [`cell`].
pub fn code(text: &str) -> String {
    let text = clean(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    // A backtick at an end would join the fence, and an empty span is none.
    let gap = if text.is_empty() || text.starts_with('`') || text.ends_with('`') {
        " "
    } else {
        ""
    };
    format!("{fence}{gap}{text}{gap}{fence}")
}

/// A code span in a table's cell.
pub fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// A sentence. What stands between single backticks is code; everything else is plain text, without mentions
/// of people and links.
pub fn prose(text: &str) -> String {
    let text = clean(text);
    let parts: Vec<&str> = text.split('`').collect();
    let paired = parts.len() % 2 == 1
        && parts
            .iter()
            .skip(1)
            .step_by(2)
            .all(|part| !part.trim().is_empty());
    if !paired {
        return plain(&text);
    }
    parts
        .iter()
        .enumerate()
        .map(|(index, part)| if index % 2 == 1 { code(part) } else { plain(part) })
        .collect()
}

/// Text as a sentence with a full stop. A name at its beginning stays as it is.
pub fn sentence(text: &str) -> String {
    let text = text.trim_end_matches('.');
    let word = text.split([' ', ',']).next().unwrap_or_default();
    let is_word = !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase());
    let text = if is_word {
        word[..1].to_ascii_uppercase() + &text[1..]
    } else {
        text.to_owned()
    };
    format!("{}.", prose(&text))
}

fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        // Mentions, references to issues, addresses and formulas are found whatever is escaped in them; in
        // code they are not.
        if let Some(magic) = magic(rest) {
            let _ = write!(out, "<code>{magic}</code>");
            rest = &rest[magic.len()..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
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

/// What makes more than text of what stands around it, where a text begins with that: `://` and `www.` a
/// link, `@` a mention or a link to a mailbox, `#` and `GH-` a reference to an issue, `$` a formula.
fn magic(text: &str) -> Option<&str> {
    const MAGIC: [&str; 6] = ["://", "www.", "gh-", "@", "#", "$"];
    let begins = |magic: &&str| {
        text.get(..magic.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(magic))
    };
    MAGIC
        .iter()
        .find(|magic| begins(magic))
        .map(|magic| &text[..magic.len()])
}

/// A text inside a block of HTML, where Markdown is not read: as code, in which nobody is mentioned.
pub fn html(text: &str) -> String {
    let text = clean(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    format!("<code>{text}</code>")
}

/// A fenced block of these lines, in a fence that none of them can close.
pub fn fenced(language: &str, lines: &[String]) -> String {
    let longest = lines.iter().map(|line| longest_run(line)).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    let mut out = format!("{fence}{language}\n");
    for line in lines {
        out.push_str(&clean(line));
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
        assert_eq!(
            prose("set `protect: false` <b>*now*</b>"),
            "set `protect: false` &lt;b&gt;\\*now\\*&lt;/b&gt;"
        );
        assert_eq!(prose("one ` only"), "one \\` only");
        assert_eq!(prose("hello @all"), "hello <code>@</code>all");
        assert_eq!(
            prose("see https://evil.example/a and WWW.b.c"),
            "see https<code>://</code>evil.example/a and <code>WWW.</code>b.c"
        );
        assert_eq!(prose("[x](http://a.b)"), "\\[x\\](http<code>://</code>a.b)");
        assert_eq!(
            prose("mail me@a.b, GH-1, #2, $x$"),
            "mail me<code>@</code>a.b, <code>GH-</code>1, <code>#</code>2, <code>$</code>x<code>$</code>"
        );
        assert_eq!(sentence("the old one goes"), "The old one goes.");
        assert_eq!(
            sentence("subnet.a, which it needs, goes first"),
            "subnet.a, which it needs, goes first."
        );
        assert_eq!(html("</summary>`x`"), "<code>&lt;/summary&gt;`x`</code>");
        assert_eq!(fenced("diff", &["```".to_owned()]), "````diff\n```\n````");
        assert_eq!(code("line\nbreak"), "`line\\nbreak`");
    }
}
