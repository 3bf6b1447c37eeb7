//! [`Head`]: HTTP/1.1 heads, read by RFC 9112 and nothing of ours, in the dullest way.

/// A head that is legal to the letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head<'a> {
    /// The words of its first line: three at least; the last of an answer is all that follows the status.
    pub(crate) start: Vec<&'a [u8]>,
    pub(crate) fields: Vec<(&'a str, &'a [u8])>,
    /// How long it is, with the empty lines before and the one that ends it.
    pub(crate) len: usize,
}

impl<'a> Head<'a> {
    /// Reads the head at the start of `bytes`. `None` if there is none, or it is wrong.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut skipped = 0;
        while bytes[skipped..].starts_with(b"\r\n") {
            skipped += 2;
        }
        let end = bytes[skipped..].windows(4).position(|four| four == b"\r\n\r\n")?;
        let text = &bytes[skipped..skipped + end];
        let mut lines = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.windows(2).position(|two| two == b"\r\n") {
            lines.push(&rest[..at]);
            rest = &rest[at + 2..];
        }
        lines.push(rest);
        if lines.iter().any(|line| line.iter().any(|byte| (*byte < 0x20 && *byte != b'\t') || *byte == 0x7f)) {
            return None;
        }
        let (first, lines) = lines.split_first()?;
        let start: Vec<&[u8]> = first.splitn(3, |byte| *byte == b' ').collect();
        if start.len() < 3 {
            return None;
        }
        let fields: Option<Vec<_>> = lines.iter().map(|line| field(line)).collect();
        Some(Self { start, fields: fields?, len: skipped + end + 4 })
    }

    /// The values of the fields of this name.
    pub(crate) fn all(&self, name: &str) -> Vec<&'a [u8]> {
        let named = self.fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        named.map(|(_, value)| *value).collect()
    }

    /// The members of these fields' lists.
    pub(crate) fn words(&self, name: &str) -> Vec<&'a [u8]> {
        let all = self.all(name).into_iter();
        let words = all.flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
        words.filter(|word| !word.is_empty()).collect()
    }

    /// Whether this is among the members, whatever its case.
    pub(crate) fn has_word(&self, name: &str, word: &str) -> bool {
        self.words(name).iter().any(|other| other.eq_ignore_ascii_case(word.as_bytes()))
    }
}

fn field(line: &[u8]) -> Option<(&str, &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = token(&line[..colon])?;
    Some((name, line[colon + 1..].trim_ascii()))
}

/// A token of RFC 9110 §5.6.2.
pub(crate) fn token(bytes: &[u8]) -> Option<&str> {
    let text = str::from_utf8(bytes).ok()?;
    let is_token = |byte: char| byte.is_ascii_graphic() && !r#"()<>@,;:\"/[]?={}"#.contains(byte);
    (!text.is_empty() && text.chars().all(is_token)).then_some(text)
}
