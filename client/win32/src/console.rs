//! The console that the process writes to.

use std::os::windows::io::{AsHandle, AsRawHandle};

use windows_sys::Win32::System::Console::{CONSOLE_SCREEN_BUFFER_INFO, GetConsoleScreenBufferInfo, GetConsoleWindow};

/// How many characters a line of it has; `None` where it is none.
pub fn width(stream: impl AsHandle) -> Option<usize> {
    let mut found = CONSOLE_SCREEN_BUFFER_INFO::default();
    // SAFETY: the handle is open while the stream is borrowed, and the place for the answer is ours.
    let answer = unsafe { GetConsoleScreenBufferInfo(stream.as_handle().as_raw_handle(), &mut found) };
    super::done(answer).ok()?;
    usize::try_from(found.srWindow.Right - found.srWindow.Left + 1).ok()
}

/// Whether the process has one.
pub fn is_there() -> bool {
    // SAFETY: takes nothing and gives a handle that nobody closes.
    !unsafe { GetConsoleWindow() }.is_null()
}
