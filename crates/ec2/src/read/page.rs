//! Pages: a read that goes on until EC2 has nothing more.

/// Calls `$fold` with every item of every page. The SDK's own paginators would go round the one function that makes calls, and
/// each request is a type of its own: hence a macro.
macro_rules! pages {
    ($ec2:expr, $action:literal, $request:expr, $items:ident, $fold:expr) => {{
        let errand = $crate::call::Errand::read($action);
        let request = $request;
        let mut fold = $fold;
        let mut token: Option<String> = None;
        loop {
            let page = $ec2.caller.call(&errand, $action, request.clone().set_next_token(token), |request| request.send()).await?;
            for item in page.$items.unwrap_or_default() {
                fold(item)?;
            }
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                break;
            }
        }
    }};
}

pub(crate) use pages;
