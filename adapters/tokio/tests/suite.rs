//! What every adapter does, on tokio with one thread and with several.

mod executor;

mod one_thread {
    sansws_suite::async_suite!(super::executor::Threads<false>);
    sansws_suite::task_suite!(super::executor::Threads<false>);
}

mod several_threads {
    sansws_suite::async_suite!(super::executor::Threads<true>);
    sansws_suite::task_suite!(super::executor::Threads<true>);
}
