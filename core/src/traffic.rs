//! [`Traffic`]: how much data messages were, and what they were on the wire.

/// How much data messages were, and what they were on the wire, since the connection began.
///
/// ```
/// use sansws_core::{Config, Connection, Instant, Volume};
///
/// let mut connection = Connection::server(Config::default(), Instant::ORIGIN);
/// connection.send("hello")?;
/// assert_eq!(connection.traffic().sent, Volume { payload: 5, wire: 5 });
/// # Ok::<_, sansws_core::SendError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// What was queued for the peer.
    pub sent: Volume,
    /// What the peer sent, as far as it was decoded.
    pub received: Volume,
}

/// The same messages before and after compression, in bytes, without frame headers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Volume {
    /// Of the messages.
    pub payload: u64,
    /// Of the frames' payloads.
    pub wire: u64,
}

impl Volume {
    #[inline]
    pub(crate) const fn count(&mut self, payload: usize, wire: usize) {
        self.payload = self.payload.wrapping_add(payload as u64);
        self.wire = self.wire.wrapping_add(wire as u64);
    }
}
