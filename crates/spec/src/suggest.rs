//! Did you mean: the nearest of the words that would have been right.

use std::cell::Cell;

/// How many words may be compared for one file: ten thousand wrong references into ten thousand names must
/// not take minutes.
const COMPARED_MAX: usize = 300_000;

/// Suggests words, and grows tired.
#[derive(Debug)]
pub struct Suggest {
    left: Cell<usize>,
}

impl Default for Suggest {
    fn default() -> Self {
        Self {
            left: Cell::new(COMPARED_MAX),
        }
    }
}

impl Suggest {
    /// The candidate nearest to `word`, where one is near enough for a slip of the fingers.
    pub fn nearest<'a>(&self, word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
        let length = word.chars().count();
        let allowed = 1 + length / 4;
        candidates
            .into_iter()
            .take_while(|_| self.left.replace(self.left.get().saturating_sub(1)) > 0)
            // Names are ASCII, and a length that differs by more than this needs more edits.
            .filter(|candidate| candidate.len().abs_diff(length) <= allowed)
            .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
            // Words that share no letter are not alike, however short.
            .filter(|(distance, _)| *distance <= allowed && *distance < length)
            .min()
            .map(|(_, candidate)| candidate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_other_words_are_not() {
        let suggest = Suggest::default();
        assert_eq!(
            suggest.nearest("cidr_blok", ["cidr_block", "vpc"]),
            Some("cidr_block")
        );
        assert_eq!(suggest.nearest("subent", ["subnet", "vpc"]), Some("subnet"));
        assert_eq!(suggest.nearest("bucket", ["subnet", "vpc"]), None);
        assert_eq!(suggest.nearest("a", ["b"]), None);
    }

    #[test]
    fn suggesting_ends() {
        let suggest = Suggest::default();
        let names = vec!["abcdefgh"; COMPARED_MAX];
        assert_eq!(suggest.nearest("abcdefgi", names), Some("abcdefgh"));
        assert_eq!(suggest.nearest("abcdefgi", ["abcdefgh"]), None);
    }
}
