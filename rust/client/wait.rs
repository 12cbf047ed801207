// SPDX-License-Identifier: GPL-2.0

//! Waiting for what comes, or for a moment.

use std::{
    io,
    os::fd::BorrowedFd,
    time::{Duration, Instant},
};

use rustix::event::{poll, PollFd, PollFlags, Timespec};

use crate::Failure;

/// A time as an option says it: seconds, or a part of one.
///
/// # Errors
///
/// Says what is wrong with the text.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// Waits until something can be read from `source`, if there is one; `false` if the time is over first.
///
/// # Errors
///
/// [`Failure::Closed`] as soon as nobody reads standard output any more.
pub fn wait(source: Option<BorrowedFd<'_>>, end: Option<Instant>) -> Result<bool, Failure> {
    let stdout = io::stdout();
    loop {
        let left = match end.map(|end| end.checked_duration_since(Instant::now())) {
            None => None,
            Some(None) => return Ok(false),
            Some(Some(left)) => Some(left),
        };
        // A time that is longer than the system's clock can tell is none.
        let left = left.and_then(|left| Timespec::try_from(left).ok());
        // Of standard output it is said if nobody reads any more.
        let mut fds = vec![PollFd::new(&stdout, PollFlags::empty())];
        fds.extend(source.map(|source| PollFd::from_borrowed_fd(source, PollFlags::IN)));
        match poll(&mut fds, left.as_ref()) {
            Ok(_) => (),
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(io::Error::from(error).into()),
        }
        let mut events = fds.iter().map(PollFd::revents);
        let closed = PollFlags::ERR | PollFlags::HUP;
        if events
            .next()
            .is_some_and(|stdout| stdout.intersects(closed))
        {
            return Err(Failure::Closed);
        }
        if events.any(|source| !source.is_empty()) {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_number_of_seconds() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert_eq!(seconds("0"), Ok(Duration::ZERO));
        for text in ["", "soon", "-1", "1s", "nan", "inf", "1e300"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_moment_that_is_over_is_not_waited_for() {
        assert!(!wait(None, Some(Instant::now())).unwrap());
        use std::{
            io::Write,
            os::{fd::AsFd, unix::net::UnixStream},
        };
        let (reader, mut writer) = UnixStream::pair().unwrap();
        let soon = Instant::now() + Duration::from_millis(20);
        assert!(!wait(Some(reader.as_fd()), Some(soon)).unwrap());
        assert!(Instant::now() >= soon);
        writer.write_all(b"x").unwrap();
        assert!(wait(Some(reader.as_fd()), None).unwrap());
    }
}
