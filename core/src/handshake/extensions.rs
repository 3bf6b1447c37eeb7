//! The grammar of `Sec-WebSocket-Extensions` (RFC 6455 §9.1).

use super::head::{is_token_byte, token};
use alloc::string::String;
use alloc::vec::Vec;

/// One member of the list: an extension that is offered or accepted, with its parameters.
///
/// ```
/// use sansws_core::handshake::extensions::parse;
///
/// let list = parse(b"permessage-deflate; client_max_window_bits; server_max_window_bits=\"10\", x")?;
/// assert_eq!(list[0].name, "permessage-deflate");
/// assert_eq!(list[0].params[0], ("client_max_window_bits".into(), None));
/// assert_eq!(list[0].params[1], ("server_max_window_bits".into(), Some("10".into())));
/// assert_eq!(list[1].name, "x");
/// # Ok::<_, sansws_core::handshake::extensions::InvalidExtensions>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// Its registered token.
    pub name: String,
    /// Its parameters in order, each with its value if it has one, unquoted.
    pub params: Vec<(String, Option<String>)>,
}

/// How many extensions and parameters a head may name. Each costs an allocation or two, so that a head full of them would
/// cost 26 times its size; clients name a handful.
const MOST: usize = 100;

/// The value is not of the grammar, or names more than 100 extensions and parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidExtensions {
    /// Where, in bytes from its start.
    pub at: usize,
}

impl core::fmt::Display for InvalidExtensions {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "malformed Sec-WebSocket-Extensions at byte {}", self.at)
    }
}

impl core::error::Error for InvalidExtensions {}

/// Reads the value of one header line. Several lines are one list, in order. Empty members are
/// skipped (RFC 2616 §2.1). Linear in the length of the value.
///
/// # Errors
///
/// [`InvalidExtensions`] where a token is missing, a quoted string does not end or does not hold a
/// token, or something stands where `;`, `,` or `=` should; and where extensions and parameters
/// together are more than 100.
pub fn parse(value: &[u8]) -> Result<Vec<Extension>, InvalidExtensions> {
    parse_all([value])
}

/// The same for all lines of a head.
pub(super) fn parse_all<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<Extension>, InvalidExtensions> {
    let (mut list, mut room) = (Vec::new(), MOST);
    for value in values {
        let mut parser = Parser { value, at: 0, room };
        parser.list(&mut list)?;
        room = parser.room;
    }
    Ok(list)
}

struct Parser<'a> {
    value: &'a [u8],
    at: usize,
    /// How many more extensions and parameters there may be.
    room: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.value.get(self.at).copied()
    }

    const fn error(&self) -> InvalidExtensions {
        InvalidExtensions { at: self.at }
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// Skips `byte` and the space around it, if it is next.
    fn skip(&mut self, byte: u8) -> bool {
        self.skip_space();
        let found = self.peek() == Some(byte);
        if found {
            self.at += 1;
            self.skip_space();
        }
        found
    }

    /// Adds what there is to `list`.
    fn list(&mut self, list: &mut Vec<Extension>) -> Result<(), InvalidExtensions> {
        loop {
            self.skip_space();
            match self.peek() {
                None => return Ok(()),
                Some(b',') => self.at += 1,
                Some(_) => {
                    list.push(self.extension()?);
                    if !matches!(self.peek(), None | Some(b',')) {
                        return Err(self.error());
                    }
                }
            }
        }
    }

    fn extension(&mut self) -> Result<Extension, InvalidExtensions> {
        let name = self.name()?;
        let mut params = Vec::new();
        while self.skip(b';') {
            let name = self.name()?;
            let value = if !self.skip(b'=') {
                None
            } else if self.peek() == Some(b'"') {
                Some(self.quoted()?)
            } else {
                Some(self.token()?)
            };
            params.push((name, value));
        }
        Ok(Extension { name, params })
    }

    /// Of an extension or a parameter.
    fn name(&mut self) -> Result<String, InvalidExtensions> {
        self.room = self.room.checked_sub(1).ok_or(self.error())?;
        self.token()
    }

    fn token(&mut self) -> Result<String, InvalidExtensions> {
        let rest = &self.value[self.at..];
        let len = rest.iter().position(|byte| !is_token_byte(*byte)).unwrap_or(rest.len());
        let token = token(&rest[..len]).ok_or(self.error())?;
        self.at += len;
        Ok(token.into())
    }

    /// A quoted string, whose content must be a token (RFC 6455 §9.1).
    fn quoted(&mut self) -> Result<String, InvalidExtensions> {
        let error = self.error();
        let mut content = Vec::new();
        self.at += 1;
        loop {
            let byte = self.peek().ok_or(error)?;
            self.at += 1;
            match byte {
                b'"' => break,
                b'\\' => {
                    content.push(self.peek().ok_or(error)?);
                    self.at += 1;
                }
                _ => content.push(byte),
            }
        }
        token(&content).map(Into::into).ok_or(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    fn extension(name: &str, params: &[(&str, Option<&str>)]) -> Extension {
        let params = params.iter().map(|(name, value)| ((*name).into(), value.map(Into::into))).collect();
        Extension { name: name.into(), params }
    }

    /// R030, R060, R063, R064.
    #[test]
    fn grammar() {
        check("", Ok(&[]));
        check(" , ,\t,", Ok(&[]));
        check("foo", Ok(&[extension("foo", &[])]));
        check(",foo , bar,", Ok(&[extension("foo", &[]), extension("bar", &[])]));
        check("foo;a ; b=1;c = \"2\"", Ok(&[extension("foo", &[("a", None), ("b", Some("1")), ("c", Some("2"))])]));
        check(r#"foo;a="\b\"#, Err(6));
        check(r#"foo;a="\b""#, Ok(&[extension("foo", &[("a", Some("b"))])]));
        check("foo, foo;a", Ok(&[extension("foo", &[]), extension("foo", &[("a", None)])]));
        check("constructor; __proto__=1", Ok(&[extension("constructor", &[("__proto__", Some("1"))])]));
        check("foo;", Err(4));
        check("foo;;a", Err(4));
        check("foo=1", Err(3));
        check("foo bar", Err(4));
        check("foo;a=", Err(6));
        check("foo;a=\"b c\"", Err(6));
        check("foo;a=\"\"", Err(6));
        check("foo;a=\"b", Err(6));
        check("foo;a=\"b\"c", Err(9));
        check(";a", Err(0));
        check("f\u{e9}", Err(1));

        #[track_caller]
        fn check(value: &str, expected: Result<&[Extension], usize>) {
            let expected = expected.map(<[_]>::to_vec).map_err(|at| InvalidExtensions { at });
            assert_eq!(parse(value.as_bytes()), expected, "{value}");
        }
    }

    /// At the limit and one over, over any number of lines. Classes 9 and 10: a short head must not become a long list.
    #[test]
    fn names_are_counted() {
        check(&["a,".repeat(100)], true);
        check(&["a,".repeat(101)], false);
        check(&["a".to_string() + &";b=c".repeat(99)], true);
        check(&["a".to_string() + &";b".repeat(100)], false);
        check(&["a;b,".repeat(25), ",".repeat(8000), "a;b=\"c\",".repeat(25)], true);
        check(&["a;b,".repeat(25), "a;b,".repeat(25), "a".into()], false);

        #[track_caller]
        fn check(lines: &[String], expected: bool) {
            assert_eq!(parse_all(lines.iter().map(String::as_bytes)).is_ok(), expected);
        }
    }

    /// Class 10: what does not end is an error at its end, and what is longer than any head is read once.
    #[test]
    fn long_values() {
        check("a;b=\"", "c", Err(4));
        check("a;b=\"", "\\c", Err(4));
        check("a;b=\"", "\\\"", Err(4));
        check("a", ";", Err(2));
        check("a;", " ", Err(2 + LEN));
        check("a;b=", "=", Err(4));
        check("", ",", Ok(0));
        check("a", " ,\t", Ok(1));
        check("", "a", Ok(1));

        const LEN: usize = 64 << 10;

        #[track_caller]
        fn check(begin: &str, filler: &str, expected: Result<usize, usize>) {
            let value = begin.to_string() + &filler.repeat(LEN / filler.len());
            assert_eq!(parse(value.as_bytes()).map(|list| list.len()).map_err(|error| error.at), expected);
        }
    }

    proptest! {
        #[test]
        fn arbitrary_values_do_not_panic(value in prop::collection::vec(prop::sample::select(&b"ab,;=\"\\ \t\xff"[..]), 0..40)) {
            if let Ok(list) = parse(&value) {
                prop_assert!(list.iter().all(|extension| token(extension.name.as_bytes()).is_some()));
            }
        }
    }
}
