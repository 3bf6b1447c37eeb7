#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]
//! Masking keys (class 15), from the source that all adapters use: fresh for each frame of any kind, nothing like a pattern,
//! no stream in common with other connections, and one key for a frame that leaves in pieces.
//!
//! `ask_with_another_key_each_time` in `opening` has the key of the handshake. Bounds are fixed, and so wide that a sound
//! generator does not fail them in a lifetime of runs.

use bytes::{Buf, Bytes};
use sansws_core::frame::Header;
use sansws_core::{Config, Connection, Event, Fragment, Instant, Kind, mask};
use sansws_driver::ThreadEntropy;
use std::collections::HashSet;

const NOW: Instant = Instant::ORIGIN;

fn client() -> Connection {
    Connection::client(Config::client(), ThreadEntropy::new().unwrap(), NOW)
}

/// Takes at most so many bytes of what is queued.
fn write(it: &mut Connection, most: usize, bytes: &mut Vec<u8>) {
    let output = it.output();
    let count = output.chunk().len().min(most);
    bytes.extend_from_slice(&output.chunk()[..count]);
    output.advance(count);
}

/// Takes all that is queued, in pieces of `size` bytes.
fn written(it: &mut Connection, size: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while it.wants_write() {
        write(it, size, &mut bytes);
    }
    bytes
}

/// The key and the payload, unmasked, of each frame.
fn frames(mut bytes: &[u8]) -> Vec<([u8; 4], Vec<u8>)> {
    let mut frames = Vec::new();
    while let Some((header, len)) = Header::decode(bytes).unwrap() {
        let (payload, rest) = bytes[len..].split_at(usize::try_from(header.len).unwrap());
        let (key, mut payload) = (header.mask.unwrap(), payload.to_vec());
        mask::apply(key, 0, &mut payload);
        frames.push((key, payload));
        bytes = rest;
    }
    frames
}

/// The keys of so many pings.
fn keys(it: &mut Connection, count: usize) -> Vec<[u8; 4]> {
    let mut ping = || {
        it.ping(b"").unwrap();
        frames(&written(it, usize::MAX))[0].0
    };
    (0..count).map(|_| ping()).collect()
}

#[test]
fn each_frame_has_a_key_of_its_own() {
    let mut it = client();
    it.send("owned").unwrap();
    it.send_ref("borrowed").unwrap();
    it.send(vec![7; 100_000]).unwrap();
    for last in [false, false, true] {
        it.send_fragment(Fragment { kind: Kind::Binary, payload: Bytes::from_static(b"piece"), last }).unwrap();
    }
    it.ping(b"ping").unwrap();
    it.pong(b"pong").unwrap();
    it.input().extend_from_slice(b"\x89\x01p");
    while let Some(event) = it.receive(NOW).unwrap() {
        assert!(matches!(event, Event::Ping(_)));
    }
    it.close(None).unwrap();
    let frames = frames(&written(&mut it, 1000));
    let distinct: HashSet<_> = frames.iter().map(|(key, _)| key).collect();
    assert_eq!((frames.len(), distinct.len()), (10, 10));
}

/// A frame of which a part has left goes on with the key that it began with, whatever is queued meanwhile.
#[test]
fn a_frame_in_pieces_has_one_key() {
    let message: Vec<u8> = (0..=255).cycle().take(5000).collect();
    for size in [1, 3, 7, 1000] {
        let mut it = client();
        it.send_ref(&message[..]).unwrap();
        let mut bytes = Vec::new();
        for _ in 0..5000 / size {
            write(&mut it, size, &mut bytes);
            it.send("another").unwrap();
            it.ping(b"urgent").unwrap();
        }
        bytes.extend(written(&mut it, size));
        let frames = frames(&bytes);
        assert!(frames.iter().any(|(_, payload)| *payload == message), "in pieces of {size}");
        let others = frames.iter().filter(|(_, payload)| payload == b"another" || payload == b"urgent").count();
        assert_eq!((others, frames.len()), (5000 / size * 2, 5000 / size * 2 + 1));
    }
}

/// Each byte of the keys, and what changes from one to the next, by chi-square: with 255 degrees of freedom it is 255 on
/// average, and outside of 120 and 440 less than once in 10^10.
#[test]
fn keys_have_no_pattern() {
    let keys = keys(&mut client(), 1 << 16);
    let distinct: HashSet<_> = keys.iter().collect();
    assert!(
        keys.len() - distinct.len() < 12,
        "{} of {} keys were there before",
        keys.len() - distinct.len(),
        keys.len()
    );
    for at in 0..4 {
        check(keys.iter().map(|key| key[at]));
        check(keys.windows(2).map(|pair| pair[1][at].wrapping_sub(pair[0][at])));
        check(keys.iter().map(|key| key[at] ^ key[(at + 1) % 4]));
    }

    #[track_caller]
    fn check(bytes: impl Iterator<Item = u8>) {
        let (mut counts, mut all) = ([0_u32; 256], 0_u32);
        for byte in bytes {
            counts[usize::from(byte)] += 1;
            all += 1;
        }
        let expected = f64::from(all) / 256.0;
        let square: f64 = counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
        assert!((120.0..440.0).contains(&square), "chi-square is {square}");
    }
}

/// Nor does what one connection sends tell of another's keys: no two in a row are another's, on one thread or on two.
#[test]
fn connections_have_no_keys_in_common() {
    let mut here = [client(), client()];
    let [one, other] = here.each_mut().map(|it| keys(it, 1000));
    let elsewhere = std::thread::spawn(|| keys(&mut client(), 1000)).join().unwrap();
    let pairs: HashSet<_> = [&one, &other, &elsewhere].into_iter().flat_map(|keys| keys.windows(2)).collect();
    assert_eq!(pairs.len(), 3 * 999);
}
