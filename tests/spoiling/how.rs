//! The ways to spoil an answer.

use std::sync::LazyLock;
use std::time::Duration;

use bytes::Bytes;
use http::Response;

use super::document::{Element, elements};

/// How an answer is spoiled. Elements are named by their number in the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// It ends behind this element.
    Cut(usize),
    /// This element is left out.
    LeftOut(usize),
    /// This element has nothing in it.
    Emptied(usize),
    /// The word in this element is one that nobody knows.
    Word(usize),
    /// The number, range or address in this element is out of bounds.
    Bounds(usize),
    /// After this page comes another, always with the same token.
    Pages,
    /// It never ends.
    Endless,
    /// It is a page of HTML.
    Html,
    /// It is JSON.
    Json,
    /// It says that it is an image.
    ContentType,
    /// It says that what was asked for is elsewhere.
    Redirect,
    /// It has nothing in it.
    Nothing,
    /// It comes so slowly that nobody waits for it.
    Slow,
}

/// Those that are about the whole answer.
pub const WHOLE: [How; 8] = [
    How::Pages,
    How::Endless,
    How::Html,
    How::Json,
    How::ContentType,
    How::Redirect,
    How::Nothing,
    How::Slow,
];

/// Longer than a client waits.
pub const SLOW: Duration = Duration::from_secs(30);

/// A document that goes on for longer than anyone listens.
static ENDLESS: LazyLock<Bytes> = LazyLock::new(|| {
    let mut text = b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DescribeVpcsResponse>".to_vec();
    text.resize((64 << 20) + 1, b' ');
    text.into()
});

/// All ways to spoil an answer with this text.
pub fn all(text: &str) -> Vec<How> {
    let elements = elements(text);
    let mut all = WHOLE.to_vec();
    for (number, element) in elements.iter().enumerate() {
        let content = &text[element.inner..element.inner_end];
        if number > 0 {
            all.extend([How::Cut(number), How::LeftOut(number)]);
            all.extend((!content.is_empty()).then_some(How::Emptied(number)));
        }
        if !element.has_children && !content.is_empty() {
            all.push(How::Word(number));
            all.extend(out_of_bounds(content).map(|_| How::Bounds(number)));
        }
    }
    all
}

/// A number, range or address like this one that cannot be.
fn out_of_bounds(content: &str) -> Option<String> {
    match content.split_once('/') {
        // No range of either family is as narrow.
        Some((range, length)) if is_address(range) && length.parse::<u8>().is_ok() => {
            Some(format!("{range}/199"))
        }
        None if is_address(content) => Some(format!("{content}00")),
        None if content.parse::<i64>().is_ok() => Some("999999999".to_owned()),
        _ => None,
    }
}

fn is_address(text: &str) -> bool {
    text.parse::<std::net::IpAddr>().is_ok()
}

impl How {
    /// The element that is spoiled, where it is one.
    pub fn element(self) -> Option<usize> {
        match self {
            Self::Cut(number)
            | Self::LeftOut(number)
            | Self::Emptied(number)
            | Self::Word(number)
            | Self::Bounds(number) => Some(number),
            _ => None,
        }
    }

    /// Spoils an answer. Where it has no such element, it stays as it is.
    pub fn spoil(self, answer: Response<Bytes>) -> Response<Bytes> {
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        let (mut head, body) = answer.into_parts();
        let mut of_type = |content_type: &'static str, body: &'static str| {
            head.headers
                .insert("content-type", http::HeaderValue::from_static(content_type));
            Bytes::from_static(body.as_bytes())
        };
        let body = match self {
            Self::Pages => text.rsplit_once("</").map_or(body, |(rest, root)| {
                format!("{rest}<nextToken>again</nextToken></{root}").into()
            }),
            Self::Endless => ENDLESS.clone(),
            Self::Html => of_type(
                "text/html",
                "<!DOCTYPE html>\n<html><body><p>Log in to go on</body></html>",
            ),
            Self::Json => of_type("application/json", "{\"message\": \"hello\"}"),
            Self::ContentType => {
                of_type("image/png", "");
                body
            }
            Self::Redirect => {
                head.status = http::StatusCode::FOUND;
                head.headers.insert(
                    "location",
                    http::HeaderValue::from_static("http://192.0.2.1/login"),
                );
                Bytes::new()
            }
            Self::Nothing => Bytes::new(),
            Self::Slow => body,
            _ => self.spliced(&text).map_or(body, Bytes::from),
        };
        Response::from_parts(head, body)
    }

    fn spliced(self, text: &str) -> Option<String> {
        let elements = elements(text);
        let element: &Element = elements.get(self.element()?)?;
        let content = &text[element.inner..element.inner_end];
        let with = |content: &str| {
            format!(
                "{}{content}{}",
                &text[..element.inner],
                &text[element.inner_end..]
            )
        };
        Some(match self {
            Self::Cut(_) => text[..element.end].to_owned(),
            Self::LeftOut(_) => format!("{}{}", &text[..element.start], &text[element.end..]),
            Self::Emptied(_) => with(""),
            Self::Word(_) => with("zzz"),
            Self::Bounds(_) => with(&out_of_bounds(content)?),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_makes_another_answer() {
        let text = "<R><set><item><id>vpc-1</id><range>10.0.0.0/16</range><count>3</count></item></set></R>";
        let all = all(text);
        assert_eq!(all.len(), WHOLE.len() + 5 * 3 + 3 + 2);
        for how in all {
            let answer = Response::builder()
                .header("content-type", "text/xml")
                .body(Bytes::from(text))
                .unwrap();
            let spoiled = how.spoil(answer);
            let same = spoiled.body() == text
                && spoiled.status() == 200
                && spoiled.headers()["content-type"] == "text/xml";
            assert_eq!(same, how == How::Slow, "{how:?}");
        }
        let answer = Response::new(Bytes::from(text));
        assert_eq!(How::Bounds(4).spoil(answer).body(), &text.replace("/16", "/199"));
    }
}
