//! Every input that is committed, on any compiler: seeds, corpora, and what once failed.

use crate::seeds;
use std::fs;
use std::path::{Path, PathBuf};

/// Where inputs are, a directory for each target.
const PLACES: [&str; 3] = ["seeds", "corpus", "regressions"];

macro_rules! targets {
    ($($target:ident)*) => {
        $(
            #[test]
            fn $target() {
                for place in PLACES {
                    for path in files(&root().join(place).join(stringify!($target))) {
                        let bytes = fs::read(&path).expect("a file");
                        let _name = Name(path);
                        crate::$target(&bytes);
                    }
                }
                crate::$target(&[]);
            }
        )*

        const TARGETS: &[&str] = &[$(stringify!($target)),*];
    };
}

targets! {
    connection_client
    connection_server
    deflate_roundtrip
    differential
    driver
    extension_offer
    frame_header
    handshake_request
    handshake_response
    inflate
    mask
    split_invariance
    url
    utf8
}

fn root() -> PathBuf {
    env!("CARGO_MANIFEST_DIR").into()
}

/// Those of a directory, none if there is no such.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

fn name(path: &Path) -> &str {
    path.file_stem().and_then(|name| name.to_str()).expect("a name")
}

/// Says which input failed.
struct Name(PathBuf);

impl Drop for Name {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the input is {}", self.0.display());
        }
    }
}

#[test]
fn every_target_is_replayed() {
    let programs = files(&root().join("fuzz_targets"));
    assert!(programs.iter().map(|path| name(path)).eq(TARGETS.iter().copied()));
    for place in PLACES {
        for directory in files(&root().join(place)) {
            assert!(TARGETS.contains(&name(&directory)), "{}", directory.display());
        }
    }
}

/// `WRITE_SEEDS=1 cargo test seeds` writes them.
#[test]
fn seeds_are_what_they_are_made_from() {
    let writes = std::env::var_os("WRITE_SEEDS").is_some();
    for target in TARGETS {
        let directory = root().join("seeds").join(target);
        let made = seeds::of(target);
        assert!(!made.is_empty(), "no seeds of {target}");
        if writes {
            fs::create_dir_all(&directory).expect("a directory");
            files(&directory).iter().for_each(|path| fs::remove_file(path).expect("an old seed"));
        }
        for (name, bytes) in &made {
            let path = directory.join(name);
            if writes {
                fs::write(&path, bytes).expect("a seed");
            }
            assert!(fs::read(&path).is_ok_and(|committed| committed == *bytes), "{} is out of date", path.display());
        }
        assert_eq!(files(&directory).len(), made.len(), "seeds of {target} that nothing makes");
    }
}
