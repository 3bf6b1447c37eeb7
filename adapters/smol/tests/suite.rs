//! What every adapter does, on smol.

mod executor;

sansws_suite::async_suite!(executor::Global);
sansws_suite::task_suite!(executor::Global);
