//! [`Pace`]: how much one user may say.

use std::time::{Duration, Instant};

/// How many messages may come at once.
const BURST: u32 = 40;

/// How often one more may, in the long run.
const EACH: Duration = Duration::from_millis(50);

/// How much one user may say: a token bucket.
#[derive(Debug)]
pub(crate) struct Pace {
    /// When all that was said is paid for.
    paid: Instant,
}

impl Pace {
    pub(crate) const fn new(now: Instant) -> Self {
        Self { paid: now }
    }

    /// Whether one more may be said.
    pub(crate) fn allows(&mut self, now: Instant) -> bool {
        let paid = self.paid.max(now) + EACH;
        let allowed = paid <= now + EACH * BURST;
        if allowed {
            self.paid = paid;
        }
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bursts_and_then_one_by_one() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        assert!((0..BURST).all(|_| pace.allows(now)));
        assert!(!pace.allows(now));
        assert!(pace.allows(now + EACH));
        assert!(!pace.allows(now + EACH));
        let later = now + EACH * 1000;
        assert!((0..BURST).all(|_| pace.allows(later)));
        assert!(!pace.allows(later));
    }
}
