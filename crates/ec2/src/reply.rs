//! Whether an answer is whole, in the one place that all of them pass, whatever way they come: its body is
//! read to its end, within bounds, and what says that it succeeded must be the whole document that was asked
//! for.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use xmlparser::{ElementEnd, Token, Tokenizer};

/// No answer of EC2's has more bytes: a page of a thousand groups with all their rules has a quarter of it.
const BYTES_MAX: usize = 64 << 20;

/// No document of EC2's is deeper.
const DEPTH_MAX: usize = 64;

/// An answer that came and cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub struct Unusable {
    /// What came instead, as a clause.
    pub why: String,
    /// Whether it is nothing that EC2 sends.
    pub foreign: bool,
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl Error for Unusable {}

impl Unusable {
    fn cut(why: impl Into<String>) -> Self {
        Self {
            why: why.into(),
            foreign: false,
        }
    }
}

/// A client whose answers are whole.
#[derive(Clone, Debug)]
pub struct Checked(SharedHttpClient);

impl Checked {
    /// Over another client.
    pub fn new(client: impl HttpClient + 'static) -> Self {
        Self(SharedHttpClient::new(client))
    }
}

impl HttpClient for Checked {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(Connector(self.0.http_connector(settings, components)))
    }
}

#[derive(Debug)]
struct Connector(SharedHttpConnector);

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let action = request.body().bytes().and_then(action).map(str::to_owned);
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let mut response = answer.await?;
            let body = read(response.take_body()).await?;
            let fit = match response.status().as_u16() {
                200..300 => document(&body, action.as_deref()),
                // A refusal is believed as little where it was cut off. What is no XML at all is known by its
                // status.
                400..500 if body.trim_ascii_start().starts_with(b"<?xml") => document(&body, None),
                _ => Ok(()),
            };
            fit.map_err(|why| unusable(named(why, &response)))?;
            *response.body_mut() = SdkBody::from(body);
            Ok(response)
        })
    }
}

fn unusable(why: Unusable) -> ConnectorError {
    ConnectorError::other(why.into(), None)
}

/// With what the answer says that it is, where it is nothing of EC2's.
fn named(why: Unusable, response: &HttpResponse) -> Unusable {
    let content_type = response.headers().get("content-type").filter(|_| why.foreign);
    match content_type {
        Some(content_type) => Unusable {
            why: format!("{} ({content_type})", why.why),
            ..why
        },
        None => why,
    }
}

/// The action that a request asks for: it is the first of its parameters.
fn action(body: &[u8]) -> Option<&str> {
    let parameters = std::str::from_utf8(body).ok()?;
    parameters
        .split('&')
        .find_map(|parameter| parameter.strip_prefix("Action="))
}

/// All bytes of a body, if they are not too many.
async fn read(body: SdkBody) -> Result<Vec<u8>, ConnectorError> {
    let mut stream = ByteStream::new(body);
    let mut bytes = Vec::new();
    while let Some(piece) = stream
        .try_next()
        .await
        .map_err(|error| ConnectorError::io(error.into()))?
    {
        if bytes.len() + piece.len() > BYTES_MAX {
            let why = format!("it has more than {} MiB and no end", BYTES_MAX >> 20);
            return Err(unusable(Unusable { why, foreign: true }));
        }
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
}

/// Whether some bytes are one whole XML document, the answer to this action.
fn document(bytes: &[u8], action: Option<&str>) -> Result<(), Unusable> {
    let text: Cow<'_, str> = String::from_utf8_lossy(bytes);
    let mut open: Vec<&str> = Vec::new();
    let mut root = None;
    for token in Tokenizer::from(text.as_ref()) {
        match token {
            Ok(Token::ElementStart { local, .. }) => {
                if open.is_empty() && root.replace(local.as_str()).is_some() {
                    return Err(Unusable::cut("it has something behind its end"));
                }
                open.push(local.as_str());
                if open.len() > DEPTH_MAX {
                    return Err(Unusable {
                        why: format!("it is more than {DEPTH_MAX} elements deep"),
                        foreign: true,
                    });
                }
            }
            Ok(Token::ElementEnd {
                end: ElementEnd::Empty,
                ..
            }) => drop(open.pop()),
            Ok(Token::ElementEnd {
                end: ElementEnd::Close(_, name),
                ..
            }) => {
                if open.pop() != Some(name.as_str()) {
                    return Err(Unusable::cut(format!("`</{name}>` ends what did not begin")));
                }
            }
            Ok(_) => {}
            Err(_) if root.is_none() => break,
            Err(error) => return Err(Unusable::cut(format!("it ends early, or is broken: {error}"))),
        }
    }
    let Some(root) = root else {
        return Err(Unusable {
            why: if bytes.is_empty() {
                "it is empty"
            } else {
                "it is no XML"
            }
            .to_owned(),
            foreign: true,
        });
    };
    if let Some(action) = action.filter(|action| root.strip_suffix("Response") != Some(action)) {
        return Err(Unusable {
            why: format!("it is `{root}`, and not the answer to {action}"),
            foreign: true,
        });
    }
    match open.last() {
        Some(element) => Err(Unusable::cut(format!("it ends early, inside `{element}`"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "<?xml version=\"1.0\"?>\n<DescribeVpcsResponse xmlns=\"u\"><vpcSet><item><vpcId>vpc-1</vpcId><a/></item></vpcSet>\
                         <!-- c --></DescribeVpcsResponse>\n";

    #[test]
    fn only_a_whole_document_is_one() {
        let ends = WHOLE.trim_end().len();
        for cut in 0..WHOLE.len() {
            let fit = document(&WHOLE.as_bytes()[..cut], Some("DescribeVpcs"));
            assert_eq!(fit.is_ok(), cut >= ends, "{}: {fit:?}", &WHOLE[..cut]);
        }
        assert!(document(format!("{WHOLE}<more/>").as_bytes(), Some("DescribeVpcs")).is_err());
        assert!(document(WHOLE.replace("</item>", "").as_bytes(), Some("DescribeVpcs")).is_err());
    }

    #[test]
    fn what_is_not_ec2s_is_told_as_what_it_is() {
        let why = |text: &str| document(text.as_bytes(), Some("DescribeVpcs")).unwrap_err();
        assert_eq!(why("").why, "it is empty");
        assert_eq!(why("{\"a\": 1}").why, "it is no XML");
        assert_eq!(
            why("<html><body>Log in</body></html>").why,
            "it is `html`, and not the answer to DescribeVpcs"
        );
        assert!(why("<html><body><p>Log in").foreign && !why("<DescribeVpcsResponse><vpcSet>").foreign);
        assert!(document(b"<Response/>", None).is_ok());
        let deep = "<DescribeVpcsResponse>".to_owned() + &"<a>".repeat(DEPTH_MAX);
        assert!(why(&deep).why.contains("deep"));
    }

    #[tokio::test]
    async fn more_bytes_than_any_answer_has_are_an_error() {
        let piece = bytes::Bytes::from(vec![b' '; BYTES_MAX + 1]);
        assert!(read(SdkBody::from(piece.slice(..BYTES_MAX))).await.is_ok());
        let error = read(SdkBody::from(piece)).await.unwrap_err();
        assert!(
            crate::failure::chain(&error).contains("more than 64 MiB"),
            "{error:?}"
        );
    }

    #[test]
    fn the_action_is_in_the_request() {
        assert_eq!(
            action(b"Action=DescribeVpcs&Version=2016-11-15"),
            Some("DescribeVpcs")
        );
        assert_eq!(action(b"{}"), None);
    }
}
