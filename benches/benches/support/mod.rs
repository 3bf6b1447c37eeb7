//! How these benches measure, and tell.

use criterion::Criterion;
use criterion::measurement::WallTime;
use std::time::Duration;

/// Short measurements, of which there are many.
pub(crate) fn criterion() -> Criterion<WallTime> {
    Criterion::default()
        .warm_up_time(Duration::from_millis(30))
        .measurement_time(Duration::from_millis(120))
        .sample_size(10)
        .nresamples(1000)
        .without_plots()
        .configure_from_args()
}

/// Whether this is no test, which would measure nothing.
pub(crate) fn is_bench() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

/// Nanoseconds of each of `count` passes; `None` of a sample that is too short to tell: it may lack what not every pass
/// has, such as a read.
pub(crate) fn nanos(took: Duration, count: u64) -> Option<f64> {
    (took >= Duration::from_millis(2)).then(|| took.as_secs_f64() * 1e9 / count.max(1) as f64)
}
