//! A filter for a stretch of people: says of most searches that find none of them that it is so, without reading one of them.
//!
//! It is a Bloom filter over what a typed word can find (beginnings of words, whole words of hosts, ends of numbers).
//! It also holds the lowest and the highest number. It holds no word and no number, and never denies anybody whom
//! [`Query::finds_person`] finds.

use super::{HOST, Query, Word, index_words};

/// Beginnings of words that are kept, in characters, the longest first. A longer word is looked for by the longest of them.
const BEGINNINGS: [usize; 5] = [6, 4, 3, 2, 1];
/// Ends of numbers that are kept, in digits, the longest first.
const ENDINGS: [usize; 2] = [8, 5];
/// Bits for each key: with [`BITS_SET`] one stretch in 700 is read in vain for a word that nobody has.
const BITS_PER_KEY: usize = 16;
/// Bits that are set for each key.
const BITS_SET: u64 = 5;

/// What a key is about, so that a host is not a word.
#[derive(Clone, Copy)]
enum Kind {
    Beginning = 1,
    Host = 2,
    Ending = 3,
}

/// A filter of some people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The filter's bits, eight to a byte.
    pub bits: Vec<u8>,
    /// The lowest number among the people, as it is stored; empty where nobody has one.
    pub lowest: String,
    /// The highest number among the people, as it is stored; empty where nobody has one.
    pub highest: String,
}

/// A filter in the making.
#[derive(Debug, Default)]
pub struct FilterMaker {
    keys: Vec<u64>,
    lowest: String,
    highest: String,
}

impl FilterMaker {
    /// Adds somebody with that name, address and stored number; each may be empty.
    pub fn add(&mut self, name: &str, email: &str, phone: &str) {
        for word in index_words(name, email) {
            match word.strip_prefix(HOST) {
                Some(host) => self.keys.push(key(Kind::Host, host)),
                None => {
                    let beginnings = BEGINNINGS.iter().filter_map(|chars| beginning(&word, *chars));
                    self.keys.extend(beginnings.map(|beginning| key(Kind::Beginning, beginning)));
                }
            }
        }
        if phone.is_empty() {
            return;
        }
        let ends = ENDINGS.iter().filter_map(|digits| end(phone, *digits));
        self.keys.extend(ends.map(|end| key(Kind::Ending, end)));
        if self.lowest.is_empty() || phone < self.lowest.as_str() {
            phone.clone_into(&mut self.lowest);
        }
        if phone > self.highest.as_str() {
            phone.clone_into(&mut self.highest);
        }
    }

    /// The filter.
    pub fn made(mut self) -> Filter {
        self.keys.sort_unstable();
        self.keys.dedup();
        let bytes = (self.keys.len() * BITS_PER_KEY).div_ceil(8).max(1);
        let mut bits = vec![0; bytes];
        for key in self.keys {
            for bit in places(key, bytes) {
                bits[bit / 8] |= 1 << (bit % 8);
            }
        }
        Filter { bits, lowest: self.lowest, highest: self.highest }
    }
}

impl Filter {
    /// `false` when the search finds nobody of them.
    pub fn may_find(&self, query: &Query) -> bool {
        !query.is_hopeless() && query.words.iter().all(|word| self.may_have(query, word))
    }

    fn may_have(&self, query: &Query, word: &Word) -> bool {
        let longest = BEGINNINGS.iter().find_map(|chars| beginning(&word.text, *chars));
        longest.is_none_or(|beginning| self.has(key(Kind::Beginning, beginning)))
            || self.has(key(Kind::Host, &word.text))
            || self.may_have_number(query, word)
    }

    fn may_have_number(&self, query: &Query, word: &Word) -> bool {
        let Some((digits, _)) = &word.digits else { return false };
        if self.highest.is_empty() {
            return false;
        }
        // Numbers that begin so stand together in the order of their texts.
        let is_between = |beginning: &String| {
            let cut = |number: &str| number.as_bytes()[..beginning.len().min(number.len())].to_vec();
            cut(&self.lowest).as_slice() <= beginning.as_bytes()
                && beginning.as_bytes() <= cut(&self.highest).as_slice()
        };
        if query.beginnings(word).iter().any(is_between) {
            return true;
        }
        match ENDINGS.iter().find_map(|n| end(digits, *n)) {
            Some(end) => self.has(key(Kind::Ending, end)),
            // Too short for any that is kept.
            None => query.ending(word).is_some(),
        }
    }

    fn has(&self, key: u64) -> bool {
        let has = |bit: usize| self.bits.get(bit / 8).is_some_and(|byte| byte & (1 << (bit % 8)) != 0);
        places(key, self.bits.len()).all(has)
    }
}

/// The first characters of a word that has so many.
fn beginning(word: &str, chars: usize) -> Option<&str> {
    match word.char_indices().nth(chars) {
        Some((at, _)) => Some(&word[..at]),
        None => (word.chars().count() == chars).then_some(word),
    }
}

/// The last digits of a number that has so many.
fn end(number: &str, digits: usize) -> Option<&str> {
    let number = number.trim_start_matches('+');
    number.len().checked_sub(digits).and_then(|at| number.get(at..))
}

/// The key of a text. It is the same in every version and on every machine, because filters are stored.
fn key(kind: Kind, text: &str) -> u64 {
    // FNV-1a, and the end of SplitMix64, which spreads what differs in the last letters.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325 ^ kind as u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

fn places(key: u64, bytes: usize) -> impl Iterator<Item = usize> {
    let (first, step) = (key & 0xffff_ffff, (key >> 32) | 1);
    let bits = (bytes as u64 * 8).max(1);
    // Below the number of bits, which is a usize.
    (0..BITS_SET).map(move |n| usize::try_from((first + n * step) % bits).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filter(people: &[(String, String, String)]) -> Filter {
        let mut maker = FilterMaker::default();
        for (name, email, phone) in people {
            maker.add(name, email, phone);
        }
        maker.made()
    }

    fn person(at: usize) -> (String, String, String) {
        const FIRST: [&str; 5] = ["Asha", "Ravi", "José", "आशा", "D'Souza"];
        const LAST: [&str; 4] = ["Rao", "Iyer Menon", "शर्मा", "Khan"];
        let email = format!("{}.{at}@{}.example", FIRST[at % 5].to_lowercase(), ["mail", "post"][at % 2]);
        let phone = if at.is_multiple_of(7) {
            String::new()
        } else {
            format!("+9190{:08}", at * 7_919 % 100_000_000)
        };
        (
            format!("{} {} {at}", FIRST[at % 5], LAST[at % 4]),
            if at.is_multiple_of(3) { String::new() } else { email },
            phone,
        )
    }

    #[test]
    fn a_word_that_nobody_has_is_denied_by_nearly_every_stretch() {
        let misses = [
            "zzqx",
            "asha zzqx",
            "rao zzqx",
            "+44 7400 999",
            "9812345678 zz",
            "example zzqx",
            "7400999123",
            "#",
        ];
        for miss in misses {
            let query = Query::parse(miss, 91);
            let read = (0..200).filter(|n| {
                let people: Vec<_> = (n * 1_000..(n + 1) * 1_000).map(person).collect();
                filter(&people).may_find(&query)
            });
            let read = read.count();
            assert!(read <= 4, "{miss}: {read} of 200 stretches would be read");
        }
    }

    proptest! {
        #[test]
        fn nobody_who_is_found_is_denied(
            from in 0_usize..100_000,
            picks in prop::collection::vec((0_usize..40, 0_usize..4, 1_usize..14), 1..4),
        ) {
            let people: Vec<_> = (from..from + 40).map(person).collect();
            let filter = filter(&people);
            // The words are parts of a name, of an address, or of a number from either end.
            let words = picks.iter().map(|(who, which, chars)| {
                let (name, email, phone) = &people[*who];
                match which {
                    0 => name.chars().take(*chars).collect::<String>(),
                    1 => email.chars().take(*chars).collect(),
                    2 => phone.chars().take(*chars).collect(),
                    _ => phone.chars().skip(phone.len().saturating_sub(*chars)).collect(),
                }
            });
            let text = words.collect::<Vec<_>>().join(" ");
            let query = Query::parse(&text, 91);
            let is_found = people.iter().any(|(name, email, phone)| query.finds_person(name, email, phone));
            prop_assert!(!is_found || filter.may_find(&query), "{text:?} finds somebody");
        }
    }
}
