//! [`Tape`]: the fuzzer's bytes, read front to back, so that a change in one place changes little else.

use arbitrary::Unstructured;

/// The fuzzer's bytes. Behind their end there are zeros.
pub(crate) struct Tape<'a>(Unstructured<'a>);

/// What can be read off a tape, and written so that it is read again.
pub(crate) trait Recorded: Sized {
    fn read(tape: &mut Tape<'_>) -> Self;
    #[cfg(test)]
    fn write(&self, tape: &mut Vec<u8>);
}

impl<'a> Tape<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self(Unstructured::new(data))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.0.arbitrary().unwrap_or_default()
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    /// Two bytes, the lower one first.
    pub(crate) fn short(&mut self) -> u16 {
        self.0.arbitrary().unwrap_or_default()
    }

    /// So many bytes, or all that are left.
    pub(crate) fn bytes(&mut self, len: usize) -> &'a [u8] {
        self.0.bytes(len.min(self.0.len())).unwrap_or_default()
    }

    /// All that is left.
    pub(crate) fn rest(&mut self) -> &'a [u8] {
        self.bytes(self.0.len())
    }

    /// What there is of up to `most` of these, until the end.
    pub(crate) fn all<T: Recorded>(&mut self, most: usize) -> Vec<T> {
        let mut all = Vec::new();
        while !self.is_empty() && all.len() < most {
            all.push(T::read(self));
        }
        all
    }
}

/// Prints what is read off a tape, if the variable `TRACE` is set: to see what an input stands for.
pub(crate) fn trace(what: &dyn std::fmt::Debug) {
    static IS_ON: std::sync::OnceLock<bool> = std::sync::OnceLock::new();
    if *IS_ON.get_or_init(|| std::env::var_os("TRACE").is_some()) {
        eprintln!("{what:02x?}");
    }
}
