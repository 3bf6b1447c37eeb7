//! [`Corpus`]: JSON of a given length, made from a seed; [`mixed`] and [`ascii`]: text to check.
//!
//! A message is an array of trades: ids that rise, names, prices that wander, timestamps. The messages of a corpus
//! resemble each other as those of a real feed do, and no two are the same.

use sansws_core::Text;

/// How many bytes a corpus has, so that with context takeover no message is found again in a window of 32 KiB.
const LAP: usize = 512 << 10;

const FIRST: [&str; 12] = [
    "Alice", "Bruno", "Chiara", "Dmitri", "Esther", "Farid", "Greta", "Hiroshi", "Ingrid", "Joaquin", "Katarina", "Li",
];
const LAST: [&str; 12] = [
    "Andersen", "Bauer", "Castillo", "Dupont", "Eriksson", "Fischer", "Garcia", "Haas", "Ivanova", "Jones", "Kim", "Lu",
];
const SYMBOLS: [&str; 8] = ["ACME", "BOLT", "CRUX", "DYNO", "EAST", "FLUX", "GRID", "HELM"];
const WORDS: [&str; 16] = [
    "limit ", "market ", "filled ", "partly ", "after ", "hours ", "desk ", "client ", "routed ", "venue ", "hedge ",
    "block ", "cross ", "open ", "close ", "review ",
];

/// Texts of one length, all different and alike.
#[derive(Clone, Debug)]
pub struct Corpus {
    texts: Vec<Text>,
}

impl Corpus {
    /// As many texts of `size` bytes as benches need, 4 at least. The same ones every time.
    ///
    /// # Panics
    ///
    /// If `size` is less than 128: then not even one trade fits.
    #[must_use]
    pub fn new(size: usize) -> Self {
        assert!(size >= 128, "a text has 128 bytes or more");
        let mut writer = Writer { random: Random(0x5eed), id: 48_000_000, cents: 10_000, millis: 1_790_000_000_000 };
        let count = (LAP / size).max(4);
        Self { texts: (0..count).map(|_| writer.text(size).into()).collect() }
    }

    /// The texts.
    #[must_use]
    pub fn texts(&self) -> &[Text] {
        &self.texts
    }
}

/// So many bytes of characters of one to four bytes, in an order that nothing can predict. The same every time.
#[must_use]
pub fn mixed(len: usize) -> String {
    const CHARACTERS: [&str; 8] = ["a", " ", "é", "д", "水", "€", "🙂", "𝄞"];
    let (mut random, mut text) = (Random(0x7e47), String::with_capacity(len));
    while text.len() < len {
        let character = random.pick(&CHARACTERS);
        text.push_str(if text.len() + character.len() <= len { character } else { "." });
    }
    text
}

/// So many bytes of ASCII.
#[must_use]
pub fn ascii(len: usize) -> String {
    (' '..='~').cycle().take(len).collect()
}

/// Writes trades.
struct Writer {
    random: Random,
    id: u64,
    cents: u64,
    millis: u64,
}

impl Writer {
    fn text(&mut self, size: usize) -> String {
        const END: &str = r#""}]"#;
        let mut text = String::with_capacity(size);
        text.push('[');
        let mut trade = self.trade();
        // As long as yet another fits behind it, with the longest there is, and a note.
        while text.len() + trade.len() + "},".len() + 127 <= size {
            text.push_str(&trade);
            text.push_str("},");
            trade = self.trade();
        }
        text.push_str(&trade);
        text.push_str(r#","note":""#);
        while text.len() + END.len() < size {
            let room = size - text.len() - END.len();
            let word = self.random.pick(&WORDS);
            text.push_str(&word[..word.len().min(room)]);
        }
        text.push_str(END);
        debug_assert_eq!(text.len(), size, "a trade was too long");
        text
    }

    /// All of a trade but its closing brace: 95 bytes at most.
    fn trade(&mut self) -> String {
        self.id += 1 + self.random.below(40);
        self.cents = (self.cents + self.random.below(61)).saturating_sub(30).clamp(1_000, 99_999);
        self.millis += self.random.below(900);
        let (first, last) = (self.random.pick(&FIRST), self.random.pick(&LAST));
        let (symbol, quantity) = (self.random.pick(&SYMBOLS), 1 + self.random.below(5_000));
        let Self { id, cents, millis, .. } = self;
        let (whole, cents) = (*cents / 100, *cents % 100);
        format!(
            r#"{{"id":{id},"who":"{first} {last}","sym":"{symbol}","px":{whole}.{cents:02},"qty":{quantity},"at":{millis}"#
        )
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    /// A number less than `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        let at = self.below(words.len() as u64);
        words[usize::try_from(at).unwrap_or_default()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn texts_are_as_long_as_asked_and_no_two_the_same() {
        for size in [128, 129, 300, 1 << 10, 16 << 10] {
            let corpus = Corpus::new(size);
            assert!(corpus.texts().iter().all(|text| text.len() == size));
            assert_eq!(corpus.texts().iter().collect::<HashSet<_>>().len(), corpus.texts().len());
        }
    }

    #[test]
    fn texts_are_json() {
        for text in Corpus::new(1 << 10).texts() {
            let value: serde_json::Value = serde_json::from_str(text).unwrap();
            assert!(value.as_array().is_some_and(|trades| trades.iter().all(|trade| trade["id"].is_u64())));
        }
    }

    #[test]
    fn text_is_as_long_as_asked() {
        for len in 0..200 {
            assert_eq!((mixed(len).len(), ascii(len).len()), (len, len));
        }
    }

    #[test]
    fn a_corpus_is_the_same_every_time() {
        assert_eq!(Corpus::new(512).texts(), Corpus::new(512).texts());
    }
}
