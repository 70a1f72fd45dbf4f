//! Did you mean: the nearest of the words that would have been right.

/// The candidate nearest to `word`, where one is near enough for a slip of the fingers.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = 1 + word.chars().count() / 4;
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        assert_eq!(nearest("cidr_blok", ["cidr_block", "vpc"]), Some("cidr_block"));
        assert_eq!(nearest("subent", ["subnet", "vpc"]), Some("subnet"));
        assert_eq!(nearest("bucket", ["subnet", "vpc"]), None);
    }
}
