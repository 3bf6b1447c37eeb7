//! [`Bell`]: one descriptor that any thread can make readable.

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) use eventfd::Counter as Bell;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) use udp::Socket as Bell;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod eventfd {
    use rustix::event::{EventfdFlags, eventfd};
    use rustix::fd::OwnedFd;
    use std::io;

    /// A counter of the kernel's.
    #[derive(Debug)]
    pub(crate) struct Counter(pub(crate) OwnedFd);

    impl Counter {
        pub(crate) fn new() -> io::Result<Self> {
            Ok(Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
        }

        pub(crate) fn ring(&self) {
            let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes()); // else it has rung often enough
        }

        pub(crate) fn hush(&self) {
            let _ = rustix::io::read(&self.0, &mut [0; 8]);
        }
    }
}

#[cfg(any(test, not(any(target_os = "linux", target_os = "android"))))]
mod udp {
    use std::io;
    use std::net::{Ipv4Addr, UdpSocket};

    /// A socket that is connected with itself, and hears nobody else.
    #[derive(Debug)]
    pub(crate) struct Socket(pub(crate) UdpSocket);

    impl Socket {
        pub(crate) fn new() -> io::Result<Self> {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.connect(socket.local_addr()?)?;
            socket.set_nonblocking(true)?;
            Ok(Self(socket))
        }

        pub(crate) fn ring(&self) {
            let _ = self.0.send(&[0]); // else it has rung often enough
        }

        pub(crate) fn hush(&self) {
            while self.0.recv(&mut [0]).is_ok() {}
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fd::AsFd;
    use std::thread;

    fn rings(bell: &impl AsFd, patience: Option<&Timespec>) -> bool {
        let mut fds = [PollFd::new(bell, PollFlags::IN)];
        poll(&mut fds, patience).expect("the descriptor is open") == 1
    }

    macro_rules! rings_until_hushed {
        ($bell:ty) => {
            let bell = <$bell>::new().expect("there is a descriptor");
            let now = Timespec::default();
            for times in 1..4 {
                assert!(!rings(&bell.0, Some(&now)));
                thread::scope(|threads| {
                    threads.spawn(|| (0..times).for_each(|_| bell.ring()));
                    assert!(rings(&bell.0, None));
                });
                assert!(rings(&bell.0, Some(&now)));
                bell.hush();
            }
        };
    }

    #[test]
    fn it_rings_until_it_is_hushed() {
        rings_until_hushed!(super::Bell);
        rings_until_hushed!(super::udp::Socket);
    }
}
