//! permessage-deflate, ours beside the peers': time per message and bytes on the wire.
//!
//! A server compresses and frames a text, a [pipe](crate::pipe) in memory carries it, a client parses, inflates and checks
//! it to be UTF-8; then follows the next. The texts are those of a [`Corpus`](crate::corpus::Corpus). One thread, no
//! sockets, no masking, no handshake in what is timed, and no threshold: every message is compressed.
//!
//! # How to run it
//!
//! The peers are built in two groups, because `flate2`, which they compress with, is built once for all, and C zlib
//! displaces zlib-rs. The table takes both builds and has them measure in turns:
//!
//! ```sh
//! cargo build --release -p sansws-benches --bin deflate_table --features peers-c-zlib --target-dir target/c-zlib
//! cargo build --release -p sansws-benches --bin deflate_table --features peers
//! taskset -c 1 target/release/deflate_table target/c-zlib/release/deflate_table
//! ```
//!
//! It prints the table and writes it to `benches/results/deflate.md`. The Criterion bench, for one group at a time or,
//! without features, for ours alone:
//!
//! ```sh
//! taskset -c 1 cargo bench -p sansws-benches --features peers --bench deflate -- '16 KiB'
//! ```
//!
//! # What is equal
//!
//! - The texts, the level, the window, context takeover, and zlib's memory level of 8, which the peers cannot change.
//!   Our own default, memory level 5, has rows of its own.
//! - The pipe: one copy in, one copy out, behind an uncontended lock.
//! - UTF-8 is checked by everyone, with SIMD. Where the peer does not do it, its adapter here does.
//!
//! # What is not
//!
//! - Ours is the core alone; the peers are polled in a Tokio runtime on the same thread, which is entered once for many
//!   messages. What that and everything else but compression costs is in the rows that are not compressed.
//! - ratchet and soketto use C zlib (the system's, if `pkg-config` finds one), the others zlib-rs. The same level is not
//!   the same search in the two: zlib-rs follows zlib-ng, whose levels 1 to 6 are quicker and looser.
//! - soketto compresses at level 1 only, and without context takeover only. Level 1 is there for its sake.
//! - Where a message is received: ours lends it, or gives it out as `Bytes` (the rows «owned»); sockudo and yawc give out
//!   `Bytes`; ratchet and soketto fill a buffer of the caller's, which is used again.
//! - Without context takeover our codecs return to the thread's pool after each message; sockudo, yawc and ratchet keep
//!   theirs in the connection, soketto makes new ones.

use crate::Error;
use crate::ours::{self, Ours, Receive};
use core::fmt;
use sansws_core::Text;

/// The lengths of the messages, in bytes.
pub const SIZES: [usize; 4] = [128, 1 << 10, 16 << 10, 1 << 20];

/// How the server compresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// zlib's level.
    pub level: u8,
    /// zlib's memory level; 8 is what libraries use that cannot set it.
    pub memory_level: u8,
    /// The window has 2ⁿ bytes.
    pub window_bits: u8,
    /// Whether messages refer to earlier ones.
    pub takeover: bool,
}

impl Settings {
    /// All that are measured.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for takeover in [true, false] {
            for window_bits in [9, 12, 15] {
                for level in [1, 3, 6] {
                    if level == 3 && window_bits == 12 {
                        all.push(Self { level, memory_level: 5, window_bits, takeover }); // our default
                    }
                    if level > 1 || !takeover {
                        all.push(Self { level, memory_level: 8, window_bits, takeover });
                    }
                }
            }
        }
        all
    }
}

/// As part of a benchmark's name.
impl fmt::Display for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { level, memory_level, window_bits, takeover } = self;
        let takeover = if *takeover { "takeover" } else { "no takeover" };
        write!(f, "{takeover}, window {window_bits}, level {level}")?;
        if *memory_level != 8 {
            write!(f, ", memory level {memory_level}")?;
        }
        Ok(())
    }
}

/// A number of bytes, for people.
#[must_use]
pub fn bytes(count: usize) -> String {
    match count {
        0..1024 => format!("{count} B"),
        1024..1_048_576 => format!("{} KiB", count >> 10),
        _ => format!("{} MiB", count >> 20),
    }
}

/// A server and a client of one library, connected.
pub trait Pair {
    /// Sends each text from the server, and has the client receive it before the next: `arrived` is given the two.
    ///
    /// # Errors
    ///
    /// Whatever the library reports.
    fn pass(
        &mut self,
        texts: &mut dyn Iterator<Item = &Text>,
        arrived: &mut dyn FnMut(&str, &[u8]),
    ) -> Result<(), Error>;

    /// How many bytes the server has written.
    fn written(&self) -> u64;
}

/// A connected pair, unless the library does not have the settings asked for.
pub type Connected = Result<Option<Box<dyn Pair>>, Error>;

/// A library that is measured.
#[derive(Clone, Copy, Debug)]
pub struct Library {
    /// Its name.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Which zlib it uses, and what else there is to say.
    pub remark: &'static str,
    /// What is measured of others, and not supported.
    pub lacks: &'static str,
    /// Connects a pair; uncompressed without settings.
    pub pair: fn(Option<&Settings>) -> Connected,
}

impl fmt::Display for Library {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.name, self.version, self.remark)
    }
}

/// All libraries that are built in.
#[must_use]
pub fn libraries() -> Vec<Library> {
    vec![
        Library {
            name: "sansws",
            version: ours::VERSION,
            remark: "zlib-rs",
            lacks: "",
            pair: |settings| Ok(Some(Box::new(Ours::new(settings, Receive::Lent)))),
        },
        Library {
            name: "sansws",
            version: ours::VERSION,
            remark: "zlib-rs, owned",
            lacks: "",
            pair: |settings| Ok(Some(Box::new(Ours::new(settings, Receive::Owned)))),
        },
        #[cfg(feature = "peers")]
        Library {
            name: "sockudo-ws",
            version: crate::peers::sockudo::VERSION,
            remark: crate::peers::FLATE2,
            lacks: "a memory level other than 8",
            pair: crate::peers::sockudo::pair,
        },
        #[cfg(feature = "peers")]
        Library {
            name: "yawc",
            version: crate::peers::yawc::VERSION,
            remark: crate::peers::FLATE2,
            lacks: "a memory level other than 8",
            pair: crate::peers::yawc::pair,
        },
        #[cfg(feature = "peers-c-zlib")]
        Library {
            name: "ratchet_rs",
            version: crate::peers::ratchet::VERSION,
            remark: crate::peers::FLATE2,
            lacks: "a memory level other than 8",
            pair: crate::peers::ratchet::pair,
        },
        #[cfg(feature = "peers-c-zlib")]
        Library {
            name: "soketto",
            version: crate::peers::soketto::VERSION,
            remark: crate::peers::FLATE2,
            lacks: "context takeover, a level other than 1, a memory level other than 8",
            pair: crate::peers::soketto::pair,
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Corpus;

    #[test]
    fn texts_arrive_as_they_were_sent() {
        let corpus = Corpus::new(1 << 10);
        let all = Settings::all();
        for library in libraries() {
            for settings in [None].into_iter().chain(all.iter().map(Some)) {
                let Some(mut pair) = (library.pair)(settings).unwrap() else { continue };
                let mut count = 0;
                let mut texts = corpus.texts().iter().take(20);
                pair.pass(&mut texts, &mut |sent, received| {
                    assert_eq!(sent.as_bytes(), received, "{library}, {settings:?}");
                    count += 1;
                })
                .unwrap();
                assert_eq!(count, 20, "{library}, {settings:?}");
                let (written, plain) = (pair.written(), 20 * 1024 + 20 * 4);
                assert!(
                    if settings.is_some() { written < plain * 2 / 3 } else { written == plain },
                    "{library}: {written}"
                );
            }
        }
    }

    #[test]
    fn windows_and_takeover_are_what_was_asked_for() {
        let corpus = Corpus::new(1 << 10);
        let written = |library: &Library, window_bits, takeover| {
            let settings = Settings { level: 6, memory_level: 8, window_bits, takeover };
            let mut pair = (library.pair)(Some(&settings)).unwrap()?;
            pair.pass(&mut corpus.texts().iter().take(100), &mut |_, _| {}).unwrap();
            Some(pair.written())
        };
        for library in libraries() {
            let Some(least) = written(&library, 15, true) else { continue };
            assert!(written(&library, 12, true).is_some_and(|written| written > least), "{library}");
            assert!(written(&library, 15, false).is_some_and(|written| written > least), "{library}");
        }
    }

    #[test]
    fn versions_are_those_of_the_manifest() {
        let manifest = include_str!("../Cargo.toml");
        for library in libraries().iter().filter(|library| library.name != "sansws") {
            assert!(manifest.contains(&format!("{} = {{ version = \"={}\"", library.name, library.version)));
        }
    }
}
