//! What a golden file can hold of a session: all but what is another in each run.

/// A transcript without what is another in each run: ids, addresses that EC2 gives, digests, keys, times, and
/// the order in which steps that run side by side begin and end.
pub fn settled(seen: &str) -> String {
    // The columns of a table are as wide as what was taken out of them.
    let even = |line: String| {
        if line.contains(" arn:") {
            line.split_whitespace().collect::<Vec<_>>().join("  ")
        } else {
            line
        }
    };
    let lines: Vec<&str> = seen.lines().collect();
    let mut settled = String::new();
    for run in lines.chunk_by(|one, other| step(one).is_some() == step(other).is_some()) {
        let mut run = run.to_vec();
        // Stable, so that each step begins before it ends; what is no step's stays where it is.
        run.sort_by_key(|line| step(line));
        for line in run {
            settled += &(even(words(&untimed(line))) + "\n");
        }
    }
    settled
}

/// The number of the step that a line of progress is about: `[ 3/21] subnet.private: CreateSubnet …`.
fn step(line: &str) -> Option<usize> {
    let (number, rest) = line.strip_prefix('[')?.split_once('/')?;
    rest.split_once("] ")?.0.parse::<usize>().ok()?;
    number.trim_start().parse().ok()
}

/// A line of progress without the time that the step took.
fn untimed(line: &str) -> String {
    let timed = step(line).and_then(|_| line.rsplit_once(" ("));
    match timed.filter(|(_, time)| time.ends_with(" s)")) {
        Some((line, _)) => format!("{line} (TIME)"),
        None => line.to_owned(),
    }
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

#[cfg(test)]
mod tests {
    use super::settled;

    #[test]
    fn progress_is_in_the_order_of_the_steps_and_has_no_times() {
        let seen = "Plan\n[ 2/10] vpc.b: CreateVpc …\n[ 1/10] vpc.a: CreateVpc …\n[ 2/10] vpc.b: CreateVpc done vpc-0f3e215dd14536615 (0.1 s)\n\
                    [ 1/10] vpc.a: CreateVpc done vpc-02af3db212799657b (12.0 s)\nDone\n[exit 0]\n";
        let told = "Plan\n[ 1/10] vpc.a: CreateVpc …\n[ 1/10] vpc.a: CreateVpc done vpc-ID (TIME)\n[ 2/10] vpc.b: CreateVpc …\n\
                    [ 2/10] vpc.b: CreateVpc done vpc-ID (TIME)\nDone\n[exit 0]\n";
        assert_eq!(settled(seen), told);
    }
}
