//! Negotiation of permessage-deflate: text ⇄ parameters (RFC 7692 §7.1), without a codec.

use crate::handshake::extensions::Extension;
use alloc::string::String;
use core::fmt;

/// The extension's registered name (RFC 7692 §8).
pub(crate) const NAME: &str = "permessage-deflate";

/// The smallest window that our compressor can make; 8 is legal, but not in DEFLATE as zlib has it.
const SMALLEST: u8 = 9;

/// The parameters of permessage-deflate as an offer or an answer has them (RFC 7692 §7.1).
///
/// As the configuration of a client they are what it offers; of a server, what it insists on; windows outside 8–15 bits
/// are taken for the nearest there is. The text form is that of
/// the header, without the extension's name:
///
/// ```
/// use sansws_core::deflate::Params;
///
/// let params: Params = "server_no_context_takeover; client_max_window_bits=10".parse()?;
/// assert!(params.server_no_context_takeover);
/// assert_eq!(params.client_max_window_bits, Some(Some(10)));
/// assert_eq!(params.to_string(), "server_no_context_takeover; client_max_window_bits=10");
/// assert!("server_max_window_bits=08".parse::<Params>().is_err());
/// # Ok::<_, sansws_core::deflate::InvalidParams>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Params {
    /// The server compresses each message by itself (§7.1.1.1).
    pub server_no_context_takeover: bool,
    /// The client compresses each message by itself (§7.1.1.2).
    pub client_no_context_takeover: bool,
    /// The server's window has at most 2ⁿ bytes, 8 ≤ n ≤ 15 (§7.1.2.1); `None` stands for 15.
    pub server_max_window_bits: Option<u8>,
    /// The client's window has at most 2ⁿ bytes (§7.1.2.2). In an offer the value may be missing: the client can do
    /// with less if the server says so.
    pub client_max_window_bits: Option<Option<u8>>,
}

/// These are not parameters of permessage-deflate: an unknown, a repeated or a malformed one (RFC 7692 §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidParams(());

impl fmt::Display for InvalidParams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid parameters of permessage-deflate")
    }
}

impl core::error::Error for InvalidParams {}

impl Params {
    /// Reads the parameters of an offer or an answer.
    ///
    /// # Errors
    ///
    /// [`InvalidParams`]: a server declines such an offer, a client fails the connection (§7.1).
    pub fn from_extension(extension: &Extension) -> Result<Self, InvalidParams> {
        let mut params = Self::default();
        for (name, value) in &extension.params {
            let repeated = match (name.as_str(), value) {
                ("server_no_context_takeover", None) => {
                    core::mem::replace(&mut params.server_no_context_takeover, true)
                }
                ("client_no_context_takeover", None) => {
                    core::mem::replace(&mut params.client_no_context_takeover, true)
                }
                ("server_max_window_bits", Some(value)) => {
                    params.server_max_window_bits.replace(window_bits(value)?).is_some()
                }
                ("client_max_window_bits", value) => {
                    let value = value.as_deref().map(window_bits).transpose()?;
                    params.client_max_window_bits.replace(value).is_some()
                }
                _ => return Err(InvalidParams(())),
            };
            if repeated {
                return Err(InvalidParams(()));
            }
        }
        Ok(params)
    }

    /// What a server that insists on `self` answers to this offer; `None` declines it (§5.1, §7.1).
    ///
    /// ```
    /// use sansws_core::deflate::Params;
    ///
    /// let own = Params { server_max_window_bits: Some(12), ..Params::default() };
    /// let offer: Params = "server_max_window_bits=14; client_max_window_bits".parse()?;
    /// assert_eq!(own.answer(&offer).map(|answer| answer.to_string()).as_deref(), Some("server_max_window_bits=12"));
    /// # Ok::<_, sansws_core::deflate::InvalidParams>(())
    /// ```
    #[must_use]
    pub fn answer(&self, offer: &Self) -> Option<Self> {
        let server_max_window_bits = match (offer.server_max_window_bits, self.server_max_window_bits) {
            (Some(asked), _) if asked < SMALLEST => return None,
            (Some(asked), own) => Some(own.map_or(asked, |own| own.min(asked)).max(SMALLEST)),
            (None, _) => None, // a smaller window needs no announcement
        };
        let client_max_window_bits = match (offer.client_max_window_bits, self.client_max_window_bits.flatten()) {
            (None, _) => None, // must not be said unasked (§7.1.2.2)
            (Some(None), own) => own.map(Some),
            (Some(Some(asked)), own) => Some(Some(own.map_or(asked, |own| own.min(asked)))),
        };
        Some(Self {
            server_no_context_takeover: self.server_no_context_takeover || offer.server_no_context_takeover,
            client_no_context_takeover: self.client_no_context_takeover || offer.client_no_context_takeover,
            server_max_window_bits,
            client_max_window_bits,
        })
    }

    /// As the caller has set it, with windows brought into the range that there is.
    pub(crate) fn clamped(self) -> Self {
        let clamp = |bits: u8| bits.clamp(8, 15);
        Self {
            server_max_window_bits: self.server_max_window_bits.map(clamp),
            client_max_window_bits: self.client_max_window_bits.map(|bits| bits.map(clamp)),
            ..self
        }
    }

    /// As the value of the header, with the extension's name.
    pub(crate) fn to_header(self) -> String {
        if self == Self::default() { NAME.into() } else { alloc::format!("{NAME}; {self}") }
    }

    /// Whether a server may answer this to the offer `self` (§7.1).
    #[must_use]
    pub fn admits(&self, answer: &Self) -> bool {
        let server_bits = match (self.server_max_window_bits, answer.server_max_window_bits) {
            (Some(asked), answered) => answered.is_some_and(|answered| answered <= asked),
            (None, _) => true,
        };
        let client_bits = match (self.client_max_window_bits, answer.client_max_window_bits) {
            (_, None) => true,
            (None, Some(_)) | (_, Some(None)) => false, // unasked; or without the value it must have
            (Some(asked), Some(Some(answered))) => asked.is_none_or(|asked| answered <= asked),
        };
        let takeover = answer.server_no_context_takeover || !self.server_no_context_takeover;
        server_bits && client_bits && takeover
    }
}

/// `8` to `15`, in decimal without leading zeros (§7.1.2).
fn window_bits(value: &str) -> Result<u8, InvalidParams> {
    match value.as_bytes() {
        [digit @ b'8'..=b'9'] => Ok(digit - b'0'),
        [b'1', digit @ b'0'..=b'5'] => Ok(10 + digit - b'0'),
        _ => Err(InvalidParams(())),
    }
}

impl core::str::FromStr for Params {
    type Err = InvalidParams;

    fn from_str(text: &str) -> Result<Self, InvalidParams> {
        let separator = if text.trim().is_empty() { "" } else { ";" };
        let value = alloc::format!("{NAME}{separator}{text}");
        match crate::handshake::extensions::parse(value.as_bytes()).as_deref() {
            Ok([extension]) => Self::from_extension(extension),
            Ok(_) | Err(_) => Err(InvalidParams(())),
        }
    }
}

/// As in the header, without the extension's name.
impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        let mut put = |param: fmt::Arguments<'_>| {
            f.write_fmt(format_args!("{separator}{param}"))?;
            separator = "; ";
            Ok(())
        };
        if self.server_no_context_takeover {
            put(format_args!("server_no_context_takeover"))?;
        }
        if self.client_no_context_takeover {
            put(format_args!("client_no_context_takeover"))?;
        }
        if let Some(bits) = self.server_max_window_bits {
            put(format_args!("server_max_window_bits={bits}"))?;
        }
        match self.client_max_window_bits {
            None => {}
            Some(None) => put(format_args!("client_max_window_bits"))?,
            Some(Some(bits)) => put(format_args!("client_max_window_bits={bits}"))?,
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use proptest::prelude::*;

    #[test]
    fn windows_out_of_range_are_not_sent() {
        let params =
            Params { server_max_window_bits: Some(99), client_max_window_bits: Some(Some(0)), ..Params::default() };
        assert_eq!(params.clamped().to_string(), "server_max_window_bits=15; client_max_window_bits=8");
    }

    /// R138–R140.
    #[test]
    fn texts() {
        for (text, expected) in [
            ("", Some("")),
            (" client_max_window_bits ", Some("client_max_window_bits")),
            ("client_max_window_bits=8", Some("client_max_window_bits=8")),
            ("server_max_window_bits=\"15\"", Some("server_max_window_bits=15")),
            (
                "client_no_context_takeover;server_no_context_takeover",
                Some("server_no_context_takeover; client_no_context_takeover"),
            ),
            ("server_max_window_bits", None),
            ("server_max_window_bits=7", None),
            ("server_max_window_bits=16", None),
            ("server_max_window_bits=08", None),
            ("server_max_window_bits=+9", None),
            ("client_max_window_bits=x", None),
            ("client_max_window_bits; client_max_window_bits=9", None),
            ("server_no_context_takeover=1", None),
            ("server_no_context_takeover; server_no_context_takeover", None),
            ("Server_No_Context_Takeover", None),
            ("unknown", None),
            (", permessage-deflate", None),
        ] {
            let params = text.parse::<Params>().map(|params| params.to_string());
            let params = params.as_deref().map_err(ToString::to_string);
            assert_eq!(params, expected.ok_or("invalid parameters of permessage-deflate".into()), "{text}");
        }
    }

    /// R143–R149, R159: what a server answers to an offer, by what it insists on.
    #[test]
    fn answers() {
        check("", "", Some(""));
        check("", "server_no_context_takeover", Some("server_no_context_takeover"));
        check("", "client_no_context_takeover", Some("client_no_context_takeover"));
        check("client_no_context_takeover", "", Some("client_no_context_takeover"));
        check("", "server_max_window_bits=10", Some("server_max_window_bits=10"));
        check("server_max_window_bits=12", "server_max_window_bits=15", Some("server_max_window_bits=12"));
        check("server_max_window_bits=12", "", Some(""));
        check("", "server_max_window_bits=8", None);
        check("client_max_window_bits=10", "", Some(""));
        check("client_max_window_bits=10", "client_max_window_bits", Some("client_max_window_bits=10"));
        check("client_max_window_bits=10", "client_max_window_bits=9", Some("client_max_window_bits=9"));
        check("", "client_max_window_bits", Some(""));
        check("", "client_max_window_bits=8", Some("client_max_window_bits=8"));

        #[track_caller]
        fn check(server: &str, offer: &str, expected: Option<&str>) {
            let [server, offer]: [Params; 2] = [server, offer].map(|text| text.parse().unwrap());
            let answer = server.answer(&offer);
            assert_eq!(answer.map(|answer| answer.to_string()).as_deref(), expected);
        }
    }

    /// R141, R143, R146–R149: what a client takes for an answer to its offer.
    #[test]
    fn admissible_answers() {
        check("", "", true);
        check("", "server_no_context_takeover; client_no_context_takeover; server_max_window_bits=8", true);
        check("server_no_context_takeover", "", false);
        check("server_max_window_bits=10", "server_max_window_bits=10", true);
        check("server_max_window_bits=10", "server_max_window_bits=11", false);
        check("server_max_window_bits=10", "", false);
        check("", "client_max_window_bits=15", false);
        check("client_max_window_bits", "client_max_window_bits=8", true);
        check("client_max_window_bits", "client_max_window_bits", false);
        check("client_max_window_bits=10", "client_max_window_bits=11", false);
        check("client_max_window_bits=10", "", true);

        #[track_caller]
        fn check(offer: &str, answer: &str, expected: bool) {
            let [offer, answer]: [Params; 2] = [offer, answer].map(|text| text.parse().unwrap());
            assert_eq!(offer.admits(&answer), expected);
        }
    }

    fn params() -> impl Strategy<Value = Params> {
        let bits = || prop::option::of(8..=15u8);
        (any::<bool>(), any::<bool>(), bits(), prop::option::of(bits())).prop_map(
            |(
                server_no_context_takeover,
                client_no_context_takeover,
                server_max_window_bits,
                client_max_window_bits,
            )| Params {
                server_no_context_takeover,
                client_no_context_takeover,
                server_max_window_bits,
                client_max_window_bits,
            },
        )
    }

    proptest! {
        #[test]
        fn text_undoes_display(params in params()) {
            prop_assert_eq!(params.to_string().parse(), Ok(params));
        }

        #[test]
        fn a_client_of_ours_admits_what_a_server_of_ours_answers(server in params(), offer in params()) {
            if let Some(answer) = server.answer(&offer) {
                prop_assert!(offer.admits(&answer), "{}", answer);
            }
        }
    }
}
