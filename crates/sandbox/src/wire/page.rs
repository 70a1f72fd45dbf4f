//! Paging: `MaxResults` within the limits of the action, and a token that says where the next page starts.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Fault, Node};

/// How an action pages.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The least `MaxResults`.
    pub min: usize,
    /// The greatest.
    pub max: usize,
    /// Whether ids and `MaxResults` exclude each other.
    pub exclusive: bool,
}

/// The limits of most list calls.
pub const USUAL: Limits = Limits {
    min: 5,
    max: 1000,
    exclusive: false,
};

/// One page asked for.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// How many members at most; nothing means all.
    pub size: Option<usize>,
    /// The key after which the page starts.
    pub after: Option<String>,
}

impl Page {
    /// Reads `MaxResults` and `NextToken` of `action`.
    pub fn read(params: &Node, action: &str, limits: Limits, by_id: bool) -> Result<Self, Fault> {
        let size: Option<usize> = params.number("MaxResults")?;
        if let Some(size) = size {
            if by_id && limits.exclusive {
                return Err(Fault::combination(
                    "The parameter MaxResults cannot be used with a list of ids",
                ));
            }
            if size < limits.min {
                return Err(out_of_range(size, "greater", limits.min));
            }
            if size > limits.max {
                return Err(out_of_range(size, "less", limits.max));
            }
        }
        let after = params
            .filled("NextToken")
            .map(|token| open(token, action))
            .transpose()?;
        Ok(Self { size, after })
    }

    /// Whether so many members are more than the page holds: then there is a next one, and nobody need look
    /// further.
    pub fn is_over(&self, members: usize) -> bool {
        self.size.is_some_and(|size| members > size)
    }

    /// Splits what is left of a list into this page and the token of the next.
    pub fn cut<T>(
        &self,
        action: &str,
        mut members: Vec<T>,
        key: impl Fn(&T) -> &str,
    ) -> (Vec<T>, Option<String>) {
        let Some(size) = self.size.filter(|size| members.len() > *size) else {
            return (members, None);
        };
        members.truncate(size);
        let token = members
            .last()
            .map(|last| URL_SAFE_NO_PAD.encode(format!("{action}\n{}", key(last))));
        (members, token)
    }
}

fn out_of_range(size: usize, word: &str, bound: usize) -> Fault {
    Fault::new(
        "InvalidParameterValue",
        format!(
            "Value ( {size} ) for parameter maxResults is invalid. Expecting a value {word} than or equal to {bound}."
        ),
    )
}

fn open(token: &str, action: &str) -> Result<String, Fault> {
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| Some(text.strip_prefix(action)?.strip_prefix('\n')?.to_owned()))
        .ok_or_else(|| Fault::new("InvalidNextToken", "The specified NextToken is not valid"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(query: &str, by_id: bool, exclusive: bool) -> Result<Page, Fault> {
        let node = Node::parse(&[query.as_bytes()])?;
        Page::read(&node, "DescribeX", Limits { exclusive, ..USUAL }, by_id)
    }

    #[test]
    fn sizes_are_checked() {
        for (query, by_id, code) in [
            ("MaxResults=4", false, "InvalidParameterValue"),
            ("MaxResults=1001", false, "InvalidParameterValue"),
            ("MaxResults=x", false, "InvalidParameterValue"),
            ("MaxResults=5", true, "InvalidParameterCombination"),
            ("NextToken=%21", false, "InvalidNextToken"),
        ] {
            assert_eq!(page(query, by_id, true).unwrap_err().code, code, "{query}");
        }
        assert_eq!(
            page("MaxResults=5", true, false),
            Ok(Page {
                size: Some(5),
                after: None
            })
        );
    }

    #[test]
    fn a_token_continues_after_the_last_member() {
        let first = Page {
            size: Some(2),
            after: None,
        };
        let (members, token) = first.cut("DescribeX", vec!["a", "b", "c"], |m| m);
        assert_eq!(members, ["a", "b"]);
        let token = token.unwrap();
        assert_eq!(
            page(&format!("NextToken={token}"), false, false)
                .unwrap()
                .after
                .as_deref(),
            Some("b")
        );
        let other = Page {
            size: Some(3),
            after: None,
        };
        assert_eq!(
            other.cut("DescribeX", vec!["a", "b", "c"], |m| m).1,
            None,
            "a full last page has no next"
        );
        let foreign = Node::parse(&[format!("NextToken={token}").as_bytes()]).unwrap();
        assert_eq!(
            Page::read(&foreign, "DescribeY", USUAL, false).unwrap_err().code,
            "InvalidNextToken"
        );
    }
}
