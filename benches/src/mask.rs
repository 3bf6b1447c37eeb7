//! Masking loops: ours, what it is compared with, and the peers'.
//!
//! `x86` is the reference: what can be had by hand, with `std::arch`.

#[cfg(target_arch = "x86_64")]
mod x86;

/// A loop that masks bytes in place.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// Its name.
    pub name: &'static str,
    /// XORs the first bytes with the key. `memcpy` overwrites them with the second ones, of which there are as many.
    pub apply: fn([u8; 4], &mut [u8], &[u8]),
}

/// Ours first, then all that this CPU can run.
#[must_use]
pub fn kernels() -> Vec<Kernel> {
    let mut kernels = vec![
        Kernel { name: "sansws", apply: |key, bytes, _| sansws_core::mask::apply(key, 0, bytes) },
        Kernel { name: "memcpy", apply: |_, bytes, others| bytes.copy_from_slice(others) },
        Kernel { name: "byte loop", apply: byte_by_byte },
        Kernel { name: "u64 loop", apply: word_by_word },
    ];
    #[cfg(target_arch = "x86_64")]
    kernels.extend(x86::kernels());
    #[cfg(feature = "peers")]
    kernels.extend([
        Kernel { name: "fastwebsockets", apply: |key, bytes, _| fastwebsockets::unmask(bytes, key) },
        Kernel { name: "sockudo-ws", apply: |key, bytes, _| sockudo_ws::mask::apply_mask(bytes, key) },
        Kernel { name: "yawc", apply: |key, bytes, _| yawc::mask::apply_mask(bytes, key) },
    ]);
    kernels
}

fn byte_by_byte(key: [u8; 4], bytes: &mut [u8], _: &[u8]) {
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte ^= key[at % 4];
    }
}

fn word_by_word(key: [u8; 4], bytes: &mut [u8], others: &[u8]) {
    let [a, b, c, d] = key;
    let word = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (words, rest) = bytes.as_chunks_mut::<8>();
    for chunk in words {
        *chunk = (u64::from_ne_bytes(*chunk) ^ word).to_ne_bytes();
    }
    byte_by_byte(key, rest, others);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mask_alike() {
        let key = [0x12, 0x34, 0x56, 0x78];
        let source: Vec<u8> = (0..=255).cycle().take(1200).collect();
        for Kernel { name, apply } in kernels().into_iter().filter(|kernel| kernel.name != "memcpy") {
            for start in 0..64 {
                for len in (0..300).chain([511, 512, 513, 1000, 1023, 1024]) {
                    let (mut bytes, mut expected) = (source.clone(), source.clone());
                    apply(key, &mut bytes[start..start + len], &[]);
                    byte_by_byte(key, &mut expected[start..start + len], &[]);
                    assert!(bytes == expected, "{name}: {len} bytes from {start}");
                }
            }
        }
    }
}
