//! Pages: a read that goes on until EC2 has nothing more, and not for ever.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::Instant;

use crate::failure::Failure;

/// No account has a list of more pages.
const PAGES_MAX: usize = 5_000;
/// No list takes longer, whatever EC2's request limits are.
const LIST_TIME_MAX: Duration = Duration::from_secs(900);

/// The pages of one list, so far.
#[derive(Debug)]
pub struct Pages {
    action: &'static str,
    since: Instant,
    tokens: BTreeSet<String>,
}

impl Pages {
    /// Of a list that this action tells.
    pub fn of(action: &'static str) -> Self {
        Self {
            action,
            since: Instant::now(),
            tokens: BTreeSet::new(),
        }
    }

    /// What asks for the page after one that came with this token; none after the last one.
    pub fn next(&mut self, token: Option<String>) -> Result<Option<String>, Failure> {
        let Some(token) = token.filter(|token| !token.is_empty()) else {
            return Ok(None);
        };
        let endless = |why: &str| {
            Err(Failure::invalid(
                self.action,
                format!("EC2's list has no end: {why}"),
            ))
        };
        if !self.tokens.insert(token.clone()) {
            return endless("the same page comes again");
        }
        if self.tokens.len() > PAGES_MAX {
            return endless(&format!("it has more than {PAGES_MAX} pages"));
        }
        if self.since.elapsed() > LIST_TIME_MAX {
            return endless(&format!(
                "after {} minutes there are still more pages",
                LIST_TIME_MAX.as_secs() / 60
            ));
        }
        Ok(Some(token))
    }
}

/// Calls `$fold` with every item of every page. The SDK's own paginators would go round the one function that
/// makes calls, and each request is a type of its own: hence a macro.
macro_rules! pages {
    ($ec2:expr, $action:literal, $request:expr, $items:ident, $fold:expr) => {{
        let context = $crate::call::CallContext::read($action);
        let request = $request;
        let mut fold = $fold;
        let mut pages = $crate::read::Pages::of($action);
        let mut token: Option<String> = None;
        loop {
            let page = $ec2
                .caller
                .call(
                    &context,
                    $action,
                    request.clone().set_next_token(token),
                    |request| request.send(),
                )
                .await?;
            for item in $crate::answer::needed($action, stringify!($items), page.$items)? {
                fold(item)?;
            }
            token = pages.next(page.next_token)?;
            if token.is_none() {
                break;
            }
        }
    }};
}

pub(crate) use pages;

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_list_without_an_end_is_an_error() {
        let mut pages = Pages::of("DescribeVpcs");
        assert_eq!(pages.next(Some("a".into())).unwrap().as_deref(), Some("a"));
        assert_eq!(
            (
                pages.next(None).unwrap(),
                pages.next(Some(String::new())).unwrap()
            ),
            (None, None)
        );
        assert!(
            pages
                .next(Some("a".into()))
                .unwrap_err()
                .message
                .contains("the same page")
        );
        let mut pages = Pages::of("DescribeVpcs");
        let more = (0..=PAGES_MAX).find_map(|page| pages.next(Some(page.to_string())).err());
        assert!(more.unwrap().message.contains("more than 5000 pages"));
        let mut pages = Pages::of("DescribeVpcs");
        tokio::time::advance(LIST_TIME_MAX + Duration::from_secs(1)).await;
        assert!(
            pages
                .next(Some("a".into()))
                .unwrap_err()
                .message
                .contains("15 minutes")
        );
    }
}
