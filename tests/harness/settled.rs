//! What a golden file can hold of a session: all but what is another in each run.

/// A transcript without what is another in each run: ids, addresses that EC2 gives, digests, keys, times, and
/// the order in which steps that run side by side end.
pub fn settled(seen: &str) -> String {
    let lines = seen
        .lines()
        .filter(|line| !line.starts_with('[') || line.starts_with("[exit"));
    // The columns of a table are as wide as what was taken out of them.
    let even = |line: String| {
        if line.contains(" arn:") {
            line.split_whitespace().collect::<Vec<_>>().join("  ")
        } else {
            line
        }
    };
    lines.map(|line| even(words(line)) + "\n").collect()
}

fn words(line: &str) -> String {
    let mut out = String::new();
    let mut word = String::new();
    for c in line.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '+' | '/' | '=') {
            word.push(c);
        } else {
            out.push_str(&hidden(&word));
            out.push(c);
            word.clear();
        }
    }
    out.trim_end().to_owned()
}

fn hidden(word: &str) -> String {
    let hex =
        |text: &str, count: usize| text.len() >= count && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bare = word.trim_end_matches('.');
    let end = &word[bare.len()..];
    // An image is the spec's own.
    if let Some((head, tail)) = bare.rsplit_once('-').filter(|(head, _)| *head != "ami")
        && hex(tail, 17)
    {
        return format!("{head}-ID{end}");
    }
    if let Some((head, tail)) = bare.split_once("sha256:")
        && hex(tail, 64)
    {
        return format!("{head}sha256:DIGEST{end}");
    }
    match bare.parse::<std::net::Ipv4Addr>().map(|address| address.octets()) {
        Ok([10 | 54, ..]) => format!("ADDRESS{end}"),
        _ if word.starts_with("AAAA") => "KEY".to_owned(),
        _ => word.to_owned(),
    }
}
