//! Time is an input: the core never looks at a clock.

use core::ops::Add;
use core::time::Duration;

/// A moment, as the time since an origin of the caller's choice (program start, boot, zero in a test).
///
/// Every `now` given to one connection must count from the same origin. Time that runs backwards
/// does no harm; it only delays deadlines.
///
/// ```
/// use core::time::Duration;
/// use sansws_core::Instant;
///
/// let start = Instant::ORIGIN;
/// assert_eq!(start + Duration::from_secs(5), Instant::since_origin(Duration::from_secs(5)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Duration);

impl Instant {
    /// The origin itself.
    pub const ORIGIN: Self = Self(Duration::ZERO);

    /// The moment `elapsed` after the origin.
    #[must_use]
    pub const fn since_origin(elapsed: Duration) -> Self {
        Self(elapsed)
    }

    /// How long after the origin this moment is.
    #[must_use]
    pub const fn elapsed(self) -> Duration {
        self.0
    }

    /// How long after `earlier` this moment is; zero if it is not after it.
    #[must_use]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

/// Saturates: a deadline too far away to be represented is never reached.
impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }
}
