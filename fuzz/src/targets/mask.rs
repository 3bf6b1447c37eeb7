//! Masking.

use crate::tape::Tape;
use sansws_core::mask;

/// More than any register holds, on both sides of what is masked.
const MARGIN: usize = 80;

/// Equals the XOR byte by byte, at any offset, alignment and cut; writes nothing beside; undoes itself.
pub fn mask(data: &[u8]) {
    let mut tape = Tape::new(data);
    let key = [tape.byte(), tape.byte(), tape.byte(), tape.byte()];
    let offset = usize::from(tape.short()) | if tape.flag() { usize::MAX - 0xffff } else { 0 };
    let (start, cut) = (usize::from(tape.byte()) % MARGIN, usize::from(tape.short()));
    let repeats = 1 + usize::from(tape.byte()) % 16;
    let payload = tape.rest().repeat(repeats);
    let end = start + payload.len();

    let before = [&vec![0xaa; start], &payload[..], &[0xbb; MARGIN]].concat();
    let keys = key.iter().cycle().skip(offset % 4);
    let expected: Vec<u8> = payload.iter().zip(keys).map(|(byte, key)| byte ^ key).collect();

    let mut bytes = before.clone();
    mask::apply(key, offset, &mut bytes[start..end]);
    assert_eq!(bytes[start..end], expected);
    assert!(bytes[..start] == before[..start] && bytes[end..] == before[end..], "wrote beside the payload");

    let cut = start + cut.min(payload.len());
    mask::apply(key, offset, &mut bytes[start..cut]);
    mask::apply(key, offset.wrapping_add(cut - start), &mut bytes[cut..end]);
    assert_eq!(bytes, before, "masked twice");
}
