//! A named pipe as a socket: one that listens, and one conversation, whose reads have a limit.
//!
//! Who may open it is written in its access list and checked by the kernel; others of the network are refused. The
//! first instance claims the name: where somebody else has it, there is no service rather than a false one.

use std::io::{self, Read, Write};
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr::{null, null_mut};
use std::sync::Mutex;
use std::time::Duration;

use windows_sys::Win32::Foundation::{
    ERROR_BROKEN_PIPE, ERROR_IO_PENDING, ERROR_OPERATION_ABORTED, ERROR_PIPE_BUSY, ERROR_PIPE_CONNECTED, GENERIC_READ,
    GENERIC_WRITE, HANDLE, INVALID_HANDLE_VALUE, WAIT_OBJECT_0,
};
use windows_sys::Win32::Security::SECURITY_ATTRIBUTES;
use windows_sys::Win32::Storage::FileSystem::{
    CreateFileW, FILE_FLAG_FIRST_PIPE_INSTANCE, FILE_FLAG_OVERLAPPED, OPEN_EXISTING, PIPE_ACCESS_DUPLEX, ReadFile,
    SECURITY_IDENTIFICATION, SECURITY_SQOS_PRESENT, WriteFile,
};
use windows_sys::Win32::System::IO::{CancelIoEx, GetOverlappedResult, OVERLAPPED};
use windows_sys::Win32::System::Pipes::{
    ConnectNamedPipe, CreateNamedPipeW, PIPE_READMODE_BYTE, PIPE_REJECT_REMOTE_CLIENTS, PIPE_TYPE_BYTE,
    PIPE_UNLIMITED_INSTANCES, PIPE_WAIT, WaitNamedPipeW,
};
use windows_sys::Win32::System::Threading::{CreateEventW, INFINITE, WaitForSingleObject};

use super::security::{self, Descriptor};
use super::{done, wide};

const BUFFER: u32 = 64 * 1024;
/// How long a service that is just answering somebody else is waited for, in milliseconds.
const BUSY: u32 = 5000;

/// The end that listens.
pub struct Listener {
    name: Vec<u16>,
    list: String,
    next: Mutex<OwnedHandle>,
}

impl Listener {
    /// Claims the name; who may open it is written as SDDL.
    ///
    /// # Errors
    /// When somebody has it.
    pub fn bind(name: &str, list: &str) -> io::Result<Self> {
        let name = wide(name);
        let next = Mutex::new(instance(&name, list, FILE_FLAG_FIRST_PIPE_INSTANCE)?);
        Ok(Self { name, list: list.to_owned(), next })
    }

    /// Whoever comes within the limit.
    ///
    /// # Errors
    /// When nobody can come any more.
    pub fn accept(&self, limit: Duration) -> io::Result<Option<Stream>> {
        let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let turn = Turn::new()?;
        let handle = next.as_raw_handle();
        // SAFETY: the turn stays where it is until the call has ended, or was called off.
        let answer = unsafe { ConnectNamedPipe(handle, turn.overlapped()) };
        match turn.end(handle, answer, Some(limit)) {
            Ok(_) => {}
            Err(error) if error.raw_os_error() == Some(ERROR_PIPE_CONNECTED.cast_signed()) => {}
            Err(error) if error.kind() == io::ErrorKind::TimedOut => return Ok(None),
            Err(error) => return Err(error),
        }
        let taken = std::mem::replace(&mut *next, instance(&self.name, &self.list, 0)?);
        Ok(Some(Stream { handle: taken, limit: Mutex::new(None) }))
    }
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener").field("name", &super::narrow(&self.name)).finish_non_exhaustive()
    }
}

/// Whether somebody has claimed the name.
pub fn is_there(name: &str) -> bool {
    let name = wide(name);
    // SAFETY: the name ends with a zero. One that is busy is there as well.
    let answer = done(unsafe { WaitNamedPipeW(name.as_ptr(), 1) });
    !answer.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// One conversation.
#[derive(Debug)]
pub struct Stream {
    handle: OwnedHandle,
    limit: Mutex<Option<Duration>>,
}

impl Stream {
    /// Opens the pipe of this name. Whoever listens learns who asks and cannot act for him; and he is the system or
    /// an administrator: a pipe of this name that somebody else made before is nobody to be believed.
    ///
    /// # Errors
    /// When nobody listens, or only others may ask, or somebody else listens.
    pub fn connect(name: &str) -> io::Result<Self> {
        let name = wide(name);
        let open = || {
            let flags = FILE_FLAG_OVERLAPPED | SECURITY_SQOS_PRESENT | SECURITY_IDENTIFICATION;
            // SAFETY: the name ends with a zero; nothing else is pointed to.
            owned(unsafe {
                CreateFileW(name.as_ptr(), GENERIC_READ | GENERIC_WRITE, 0, null(), OPEN_EXISTING, flags, null_mut())
            })
        };
        let handle = match open() {
            Err(error) if error.raw_os_error() == Some(ERROR_PIPE_BUSY.cast_signed()) => {
                // SAFETY: the name ends with a zero.
                done(unsafe { WaitNamedPipeW(name.as_ptr(), BUSY) })?;
                open()?
            }
            opened => opened?,
        };
        if let Some(owner) = security::strange_owner(&handle)? {
            return Err(io::Error::other(format!("the pipe belongs to {owner}, not to the agent's service")));
        }
        Ok(Self { handle, limit: Mutex::new(None) })
    }

    /// How long a read may wait; `None` for ever.
    ///
    /// # Errors
    /// None; it is asked as of a socket.
    pub fn set_read_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        *self.limit.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = limit;
        Ok(())
    }
}

impl Read for &Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let limit = *self.limit.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let turn = Turn::new()?;
        let (handle, length) = (self.handle.as_raw_handle(), u32::try_from(buffer.len()).unwrap_or(u32::MAX));
        // SAFETY: buffer and turn stay where they are until the call has ended, or was called off.
        let answer = unsafe { ReadFile(handle, buffer.as_mut_ptr(), length, null_mut(), turn.overlapped()) };
        match turn.end(handle, answer, limit) {
            // The other side hung up.
            Err(error) if error.raw_os_error() == Some(ERROR_BROKEN_PIPE.cast_signed()) => Ok(0),
            read => read,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buffer)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let turn = Turn::new()?;
        let (handle, length) = (self.handle.as_raw_handle(), u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        // SAFETY: bytes and turn stay where they are until the call has ended.
        let answer = unsafe { WriteFile(handle, bytes.as_ptr(), length, null_mut(), turn.overlapped()) };
        turn.end(handle, answer, None)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// One call that is waited for.
struct Turn {
    event: OwnedHandle,
    overlapped: Box<std::cell::UnsafeCell<OVERLAPPED>>,
}

impl Turn {
    fn new() -> io::Result<Self> {
        // SAFETY: neither a name nor a descriptor is given.
        let event = unsafe { CreateEventW(null(), 1, 0, null()) };
        if event.is_null() {
            return Err(io::Error::last_os_error());
        }
        let overlapped = OVERLAPPED { hEvent: event, ..OVERLAPPED::default() };
        // SAFETY: it was made here, and nobody else closes it.
        let event = unsafe { OwnedHandle::from_raw_handle(event) };
        Ok(Self { event, overlapped: Box::new(overlapped.into()) })
    }

    fn overlapped(&self) -> *mut OVERLAPPED {
        self.overlapped.get()
    }

    /// Waits for the call that was begun with this, and answers how many bytes it moved. When the limit is over it
    /// is called off, and has ended before this returns.
    fn end(&self, handle: HANDLE, begun: i32, limit: Option<Duration>) -> io::Result<usize> {
        if begun == 0 {
            let error = io::Error::last_os_error();
            if error.raw_os_error() != Some(ERROR_IO_PENDING.cast_signed()) {
                return Err(error);
            }
        }
        let milliseconds = limit.map_or(INFINITE, |limit| u32::try_from(limit.as_millis()).unwrap_or(INFINITE - 1));
        let mut moved = 0;
        // SAFETY: the handles are open, and the call is this turn's.
        let ended = unsafe {
            if WaitForSingleObject(self.event.as_raw_handle(), milliseconds) != WAIT_OBJECT_0 {
                CancelIoEx(handle, self.overlapped());
            }
            done(GetOverlappedResult(handle, self.overlapped(), &mut moved, 1))
        };
        match ended {
            Ok(()) => Ok(moved as usize),
            Err(error) if error.raw_os_error() == Some(ERROR_OPERATION_ABORTED.cast_signed()) => {
                Err(io::ErrorKind::TimedOut.into())
            }
            Err(error) => Err(error),
        }
    }
}

fn instance(name: &[u16], list: &str, first: u32) -> io::Result<OwnedHandle> {
    let descriptor = Descriptor::parse(list)?;
    let attributes = SECURITY_ATTRIBUTES {
        nLength: u32::try_from(size_of::<SECURITY_ATTRIBUTES>()).unwrap_or(0),
        lpSecurityDescriptor: descriptor.0,
        bInheritHandle: 0,
    };
    let kind = PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS;
    let access = PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | first;
    // SAFETY: the name ends with a zero, and the descriptor lives until the end of the function.
    owned(unsafe {
        CreateNamedPipeW(name.as_ptr(), access, kind, PIPE_UNLIMITED_INSTANCES, BUFFER, BUFFER, 0, &attributes)
    })
}

fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle == INVALID_HANDLE_VALUE {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: whoever calls this has just opened it, and hands it over.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}
