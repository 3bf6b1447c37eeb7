//! DEFLATE (RFC 1951) in the dullest way: bit by bit, and without a window. What it is for is to say how far back a
//! sender refers.

/// What was found in some compressed bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// The furthest that a match refers back.
    pub(crate) distance: usize,
    pub(crate) blocks: usize,
    /// How many of the blocks said that they are the last.
    pub(crate) finals: usize,
    /// Whether the last one did.
    pub(crate) ends_final: bool,
    /// How many brought codes of their own.
    pub(crate) own_codes: usize,
}

/// Bits, the lowest of each byte first.
struct Bits<'a> {
    bytes: &'a [u8],
    /// In bits.
    at: usize,
}

impl Bits<'_> {
    fn next(&mut self) -> Result<usize, &'static str> {
        let byte = self.bytes.get(self.at / 8).ok_or("ends too early")?;
        let bit = byte >> (self.at % 8) & 1;
        self.at += 1;
        Ok(bit.into())
    }

    fn number(&mut self, bits: usize) -> Result<usize, &'static str> {
        (0..bits).try_fold(0, |number, at| Ok(number | self.next()? << at))
    }

    /// Goes on at the next whole byte.
    fn align(&mut self) {
        self.at = self.at.next_multiple_of(8);
    }

    fn symbol(&mut self, code: &Code) -> Result<usize, &'static str> {
        let (mut first, mut index, mut word) = (0, 0, 0);
        for count in &code.counts {
            word |= self.next()?;
            if word - first < *count {
                return Ok(code.symbols[index + word - first]);
            }
            index += count;
            first = (first + count) << 1;
            word <<= 1;
        }
        Err("no such symbol")
    }
}

/// A Huffman code (§3.2.2): how many symbols have one bit, two bits and so on, and the symbols in that order.
struct Code {
    counts: [usize; 15],
    symbols: Vec<usize>,
}

impl Code {
    fn new(lengths: &[usize]) -> Self {
        let mut counts = [0; 15];
        let mut symbols = Vec::new();
        for (length, count) in (1..).zip(&mut counts) {
            let before = symbols.len();
            symbols.extend((0..lengths.len()).filter(|symbol| lengths[*symbol] == length));
            *count = symbols.len() - before;
        }
        Self { counts, symbols }
    }
}

const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const LENGTHS: [usize; 29] =
    [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const DISTANCES: [usize; 30] = [
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
    8193, 12289, 16385, 24577,
];

/// Appends what `bytes` stand for to `text`, which is what may be referred to. They must be whole blocks; behind a
/// last one the next begins at a whole byte (RFC 7692 §7.2.3.4).
pub(crate) fn inflate(bytes: &[u8], text: &mut Vec<u8>) -> Result<Found, &'static str> {
    let mut bits = Bits { bytes, at: 0 };
    let mut found = Found::default();
    while bits.at < bytes.len() * 8 {
        let is_final = bits.next()? == 1;
        found.blocks += 1;
        found.finals += usize::from(is_final);
        found.ends_final = is_final;
        match bits.number(2)? {
            0 => stored(&mut bits, text)?,
            1 => {
                let lengths = [[8; 144].as_slice(), &[9; 112], &[7; 24], &[8; 8]].concat();
                found.distance =
                    found.distance.max(block(&mut bits, &Code::new(&lengths), &Code::new(&[5; 30]), text)?);
            }
            2 => {
                found.own_codes += 1;
                let (literals, distances) = codes(&mut bits)?;
                found.distance = found.distance.max(block(&mut bits, &literals, &distances, text)?);
            }
            _ => return Err("no such block"),
        }
        if is_final {
            bits.align();
        }
    }
    Ok(found)
}

fn stored(bits: &mut Bits<'_>, text: &mut Vec<u8>) -> Result<(), &'static str> {
    bits.align();
    let (len, complement) = (bits.number(16)?, bits.number(16)?);
    if len ^ complement != 0xffff {
        return Err("a stored block of two lengths");
    }
    let start = bits.at / 8;
    text.extend(bits.bytes.get(start..start + len).ok_or("ends in a stored block")?);
    bits.at += len * 8;
    Ok(())
}

/// The two codes of a block that brings its own (§3.2.7).
fn codes(bits: &mut Bits<'_>) -> Result<(Code, Code), &'static str> {
    let (literals, distances, count) = (bits.number(5)? + 257, bits.number(5)? + 1, bits.number(4)? + 4);
    let mut lengths = [0; 19];
    for symbol in &ORDER[..count] {
        lengths[*symbol] = bits.number(3)?;
    }
    let code = Code::new(&lengths);
    let mut lengths = Vec::new();
    while lengths.len() < literals + distances {
        let symbol = bits.symbol(&code)?;
        let (length, times) = match symbol {
            16 => (*lengths.last().ok_or("repeats nothing")?, 3 + bits.number(2)?),
            17 => (0, 3 + bits.number(3)?),
            18 => (0, 11 + bits.number(7)?),
            length => (length, 1),
        };
        lengths.resize(lengths.len() + times, length);
    }
    if lengths.len() > literals + distances {
        return Err("too many lengths");
    }
    Ok((Code::new(&lengths[..literals]), Code::new(&lengths[literals..])))
}

/// A compressed block (§3.2.3). Returns the furthest that it refers back.
fn block(bits: &mut Bits<'_>, literals: &Code, distances: &Code, text: &mut Vec<u8>) -> Result<usize, &'static str> {
    let mut furthest = 0;
    loop {
        match bits.symbol(literals)? {
            256 => return Ok(furthest),
            literal @ 0..=255 => text.push(u8::try_from(literal).map_err(|_| "no literal")?),
            symbol => {
                let at = symbol - 257;
                let extra = if (8..28).contains(&at) { at / 4 - 1 } else { 0 };
                let length = LENGTHS.get(at).ok_or("no such length")? + bits.number(extra)?;
                let at = bits.symbol(distances)?;
                let extra = (at / 2).saturating_sub(1);
                let distance = DISTANCES.get(at).ok_or("no such distance")? + bits.number(extra)?;
                let start = text.len().checked_sub(distance).ok_or("refers to what is before the beginning")?;
                (start..start + length).for_each(|at| text.push(text[at]));
                furthest = furthest.max(distance);
            }
        }
    }
}

/// §7.2.3 of RFC 7692, and what zlib makes of ten letters.
#[test]
fn dull_as_it_is_it_inflates() {
    check(b"\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff", b"Hello", 0, 2, 0);
    check(b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00\x00\x00\xff\xff", b"Hello", 0, 2, 0);
    check(b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00\x00\x00\xff\xff", b"Hello", 0, 2, 1);
    check(b"\x4a\x4c\x84\x01\x00\x00\x00\x00\xff\xff", b"aaaaaaaaaa", 1, 2, 0);

    #[track_caller]
    fn check(bytes: &[u8], expected: &[u8], distance: usize, blocks: usize, finals: usize) {
        let mut text = Vec::new();
        assert_eq!(inflate(bytes, &mut text), Ok(Found { distance, blocks, finals, ends_final: false, own_codes: 0 }));
        assert_eq!(text, expected);
        assert!(inflate(&bytes[..bytes.len() - 1], &mut text).is_err());
    }
}
