//! Where the closing handshake stands, and every step it can take (RFC 6455 §7.1).
//!
//! ```text
//!              our Close queued                 peer's Close
//!   Open ──────────────────────▶ CloseSent ───────────────────▶ Draining ──▶ Ended
//!    │                               │                             ▲   EOF, or time
//!    │  peer's Close: ours is queued │ peer broke the protocol     │   is up
//!    └───────────────────────────────┴─────────────────────────────┘
//!     peer broke the protocol: our Close says so
//!
//!   Open, CloseSent ── EOF, or the peer is given up ──▶ Ended
//! ```

/// Where the closing handshake stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Messages flow both ways.
    Open,
    /// Our Close frame is queued; the peer's has yet to arrive. Its messages still count.
    CloseSent,
    /// Both Close frames exist. What else arrives is read and dropped until EOF, so that no unread
    /// byte resets the connection under our Close frame.
    Draining,
    /// The peer broke the protocol; ours is the last Close frame. Drains as well, but no longer waits
    /// for the peer to end the connection first.
    Failed,
    /// The peer has ended the connection, or was given up. What is queued may still be written.
    Ended,
}

impl State {
    /// We want to close. Returns the new state, and whether to queue our Close frame.
    pub(super) const fn on_close_sent(self) -> (Self, bool) {
        match self {
            Self::Open => (Self::CloseSent, true),
            Self::CloseSent | Self::Draining | Self::Failed | Self::Ended => (self, false),
        }
    }

    /// The peer's Close frame arrived. Returns the new state, and whether we owe an answer.
    pub(super) const fn on_close_received(self) -> (Self, bool) {
        match self {
            Self::Open => (Self::Draining, true),
            Self::CloseSent => (Self::Draining, false),
            Self::Draining | Self::Failed | Self::Ended => (self, false),
        }
    }

    /// The peer broke the protocol. Returns the new state, and whether to queue a Close frame about it.
    pub(super) const fn on_violation(self) -> (Self, bool) {
        match self {
            Self::Open => (Self::Failed, true),
            Self::CloseSent => (Self::Failed, false),
            Self::Draining | Self::Failed | Self::Ended => (self, false),
        }
    }

    /// The peer's side of the stream ended. Returns the new state, and whether that was too early.
    pub(super) const fn on_eof(self) -> (Self, bool) {
        match self {
            Self::Open | Self::CloseSent => (Self::Ended, true),
            Self::Draining | Self::Failed | Self::Ended => (Self::Ended, false),
        }
    }

    /// Whether messages may be sent.
    #[inline]
    pub(super) const fn may_send(self) -> bool {
        matches!(self, Self::Open)
    }

    /// Whether what arrives is decoded, or else dropped.
    #[inline]
    pub(super) const fn is_receiving(self) -> bool {
        matches!(self, Self::Open | Self::CloseSent)
    }

    /// Whether the close timeout counts.
    pub(super) const fn is_closing(self) -> bool {
        matches!(self, Self::CloseSent | Self::Draining | Self::Failed)
    }
}
