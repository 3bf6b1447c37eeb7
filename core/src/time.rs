//! Time is an input: the core never looks at a clock.

use core::num::NonZeroU64;
use core::ops::Add;
use core::time::Duration;

/// A moment, as the time since an origin of the caller's choice (program start, boot, zero in a test).
///
/// To the nanosecond, and 584 years at most: what is later is never reached.
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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(NonZeroU64); // nanoseconds and one, so that an `Option` of it is no larger

impl Instant {
    /// The origin itself.
    pub const ORIGIN: Self = Self(NonZeroU64::MIN);

    /// The moment `elapsed` after the origin.
    #[must_use]
    pub const fn since_origin(elapsed: Duration) -> Self {
        let nanos = elapsed.as_secs().saturating_mul(1_000_000_000).saturating_add(elapsed.subsec_nanos() as u64);
        Self(NonZeroU64::MIN.saturating_add(nanos))
    }

    /// How long after the origin this moment is.
    #[must_use]
    pub const fn elapsed(self) -> Duration {
        Duration::from_nanos(self.0.get() - 1)
    }

    /// How long after `earlier` this moment is; zero if it is not after it.
    #[must_use]
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.get().saturating_sub(earlier.0.get()))
    }
}

impl Default for Instant {
    /// The origin.
    fn default() -> Self {
        Self::ORIGIN
    }
}

impl core::fmt::Debug for Instant {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Instant").field(&self.elapsed()).finish()
    }
}

/// Saturates: a deadline too far away to be represented is never reached.
impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        let nanos = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn moments() {
        let second = Duration::from_secs(1);
        check(Duration::ZERO, second, second);
        check(Duration::MAX, second, Duration::ZERO); // neither can be represented
        check(Duration::from_nanos(u64::MAX - 1), second, Duration::ZERO);
        check(second, Duration::MAX, Duration::from_nanos(u64::MAX - 1) - second);

        #[track_caller]
        fn check(elapsed: Duration, later: Duration, apart: Duration) {
            let moment = Instant::since_origin(elapsed);
            assert_eq!(moment.elapsed(), elapsed.min(Duration::from_nanos(u64::MAX - 1)));
            assert_eq!((moment + later).saturating_duration_since(moment), apart);
            assert_eq!(moment.saturating_duration_since(moment + later), Duration::ZERO);
            assert_eq!(format!("{moment:?}"), format!("Instant({:?})", moment.elapsed()));
        }
        assert_eq!(Instant::default(), Instant::ORIGIN);
    }
}
