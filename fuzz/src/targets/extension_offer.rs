//! Negotiation of extensions.

use crate::head::token;
use crate::memory::Meter;
use crate::tape::{Tape, trace};
use sansws_core::deflate::Params;
use sansws_core::handshake::extensions::{Extension, parse};

/// The grammar accepts what a dull reading of it accepts, at no more than it costs to copy; parameters are read as they
/// are written; what a server answers to an offer is within it, and its client agrees.
pub fn extension_offer(data: &[u8]) {
    let mut tape = Tape::new(data);
    let own = params(&mut tape);
    let value = tape.rest();
    trace(&(own, String::from_utf8_lossy(value)));

    let mut meter = Meter::default();
    let parsed = meter.run(|| parse(value));
    // A name and a parameter of one byte each take two strings and their place in two lists.
    let bound = 1024 + 256 * value.len();
    assert!(meter.peak() <= i64::try_from(bound).unwrap_or(i64::MAX), "{} bytes held", meter.peak());
    assert_eq!(parsed.as_ref().ok(), dull(&[value]).as_ref());
    if let Err(error) = &parsed {
        assert!(error.at <= value.len());
    }

    assert_eq!(own.to_string().parse(), Ok(own), "{own}");
    for extension in parsed.iter().flatten().filter(|extension| extension.name == "permessage-deflate") {
        assert_eq!(Params::from_extension(extension).ok(), dull_params(extension));
        let Ok(offer) = Params::from_extension(extension) else { continue };
        assert_eq!(own.admits(&offer), admits(&own, &offer), "{offer} to {own}");
        assert_eq!(offer.to_string().parse(), Ok(offer));
        if let Some(answer) = own.answer(&offer) {
            assert!(admits(&offer, &answer), "{answer} to {offer}");
            insists(&own, &answer);
        } else {
            assert_eq!(offer.server_max_window_bits, Some(8), "{offer} was declined");
        }
    }
}

/// Parameters that could be anybody's.
fn params(tape: &mut Tape<'_>) -> Params {
    let (flags, bits) = (tape.byte(), tape.byte());
    let window = |bits: u8| 8 + bits % 8;
    Params {
        server_no_context_takeover: flags & 1 != 0,
        client_no_context_takeover: flags & 2 != 0,
        server_max_window_bits: (flags & 4 != 0).then_some(window(bits)),
        client_max_window_bits: (flags & 8 != 0).then_some((flags & 16 != 0).then_some(window(bits >> 4))),
    }
}

/// Whether an answer is what was offered, and no more (RFC 7692 §7.1).
pub(crate) fn admits(offer: &Params, answer: &Params) -> bool {
    let is_within = |asked: Option<u8>, said: u8| asked.is_none_or(|asked| said <= asked);
    answer.server_no_context_takeover >= offer.server_no_context_takeover
        && match answer.server_max_window_bits {
            Some(said) => is_within(offer.server_max_window_bits, said),
            None => offer.server_max_window_bits.is_none(),
        }
        && match answer.client_max_window_bits {
            Some(said) => said.zip(offer.client_max_window_bits).is_some_and(|(said, asked)| is_within(asked, said)),
            None => true,
        }
}

/// A server has what it insists on, but for what it must not say unasked.
fn insists(own: &Params, answer: &Params) {
    assert!(answer.server_no_context_takeover >= own.server_no_context_takeover);
    assert!(answer.client_no_context_takeover >= own.client_no_context_takeover);
    if let (Some(own), Some(answer)) = (own.server_max_window_bits, answer.server_max_window_bits) {
        assert!(answer <= own.max(9));
    }
    if let (Some(Some(own)), Some(Some(answer))) = (own.client_max_window_bits, answer.client_max_window_bits) {
        assert!(answer <= own);
    }
}

/// RFC 7692 §7.1, each parameter by itself.
fn dull_params(extension: &Extension) -> Option<Params> {
    let mut params = Params::default();
    for (at, (name, value)) in extension.params.iter().enumerate() {
        if extension.params[..at].iter().any(|(other, _)| other == name) {
            return None;
        }
        let bits = |value: &String| (8..=15_u8).find(|bits| bits.to_string() == *value);
        match (&**name, value) {
            ("server_no_context_takeover", None) => params.server_no_context_takeover = true,
            ("client_no_context_takeover", None) => params.client_no_context_takeover = true,
            ("server_max_window_bits", Some(value)) => params.server_max_window_bits = Some(bits(value)?),
            ("client_max_window_bits", None) => params.client_max_window_bits = Some(None),
            ("client_max_window_bits", Some(value)) => params.client_max_window_bits = Some(Some(bits(value)?)),
            _ => return None,
        }
    }
    Some(params)
}

/// A word of the grammar, quoted or not, or a separator.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Word {
    Token(String),
    Quoted(String),
    Separator(u8),
}

/// RFC 6455 §9.1, all lines of a head: words first, then their order. No more than a hundred names.
pub(crate) fn dull(values: &[&[u8]]) -> Option<Vec<Extension>> {
    let mut list = Vec::new();
    for value in values {
        let words = words(value)?;
        let members = words.split(|word| *word == Word::Separator(b','));
        let members: Option<Vec<_>> = members.filter(|member| !member.is_empty()).map(member).collect();
        list.extend(members?);
    }
    let names: usize = list.iter().map(|extension: &Extension| 1 + extension.params.len()).sum();
    (names <= 100).then_some(list)
}

fn words(value: &[u8]) -> Option<Vec<Word>> {
    let mut words = Vec::new();
    let mut bytes = value.iter().copied().peekable();
    let mut adjacent = false; // to a word before, without a space
    while let Some(byte) = bytes.next() {
        let word = match byte {
            b' ' | b'\t' => {
                adjacent = false;
                continue;
            }
            b',' | b';' | b'=' => Word::Separator(byte),
            b'"' => {
                let mut text = Vec::new();
                loop {
                    match bytes.next()? {
                        b'"' => break,
                        b'\\' => text.push(bytes.next()?),
                        byte => text.push(byte),
                    }
                }
                Word::Quoted(token(&text)?.into())
            }
            _ => {
                let mut text = vec![byte];
                while let Some(byte) = bytes.next_if(|byte| token(&[*byte]).is_some()) {
                    text.push(byte);
                }
                Word::Token(token(&text)?.into())
            }
        };
        let is_separator = matches!(word, Word::Separator(_));
        if adjacent && !is_separator {
            return None; // two words in one
        }
        adjacent = !is_separator;
        words.push(word);
    }
    Some(words)
}

fn member(words: &[Word]) -> Option<Extension> {
    let mut parts = words.split(|word| *word == Word::Separator(b';'));
    let [Word::Token(name)] = parts.next()? else { return None };
    let params: Option<_> = parts
        .map(|part| match part {
            [Word::Token(name)] => Some((name.clone(), None)),
            [Word::Token(name), Word::Separator(b'='), Word::Token(value) | Word::Quoted(value)] => {
                Some((name.clone(), Some(value.clone())))
            }
            _ => None,
        })
        .collect();
    Some(Extension { name: name.clone(), params: params? })
}
