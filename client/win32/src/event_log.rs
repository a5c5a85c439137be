//! The Event Log: entries of a source, which says in the registry where the sentences to its numbers are.

use std::io;
use std::os::windows::ffi::OsStrExt;
use std::path::Path;
use std::ptr::{null, null_mut};

use windows_sys::Win32::Foundation::{FreeLibrary, HANDLE, LocalFree};
use windows_sys::Win32::System::Diagnostics::Debug::{
    FORMAT_MESSAGE_ALLOCATE_BUFFER, FORMAT_MESSAGE_ARGUMENT_ARRAY, FORMAT_MESSAGE_FROM_HMODULE, FormatMessageW,
};
use windows_sys::Win32::System::EventLog::{
    DeregisterEventSource, EVENTLOG_ERROR_TYPE, EVENTLOG_INFORMATION_TYPE, EVENTLOG_WARNING_TYPE, RegisterEventSourceW,
    ReportEventW,
};
use windows_sys::Win32::System::LibraryLoader::{LOAD_LIBRARY_AS_DATAFILE, LoadLibraryExW};
use windows_sys::Win32::System::Registry::{HKEY_LOCAL_MACHINE, REG_DWORD, REG_EXPAND_SZ, RegSetKeyValueW};

use super::{done, numbered, text, wide};

const SOURCES: &str = r"SYSTEM\CurrentControlSet\Services\EventLog\Application";
/// Errors, warnings and information.
const KINDS: u32 = 7;

/// How grave an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Somebody has to act.
    Error,
    /// Somebody should know.
    Warning,
    /// It is well.
    Information,
}

/// Says where the sentences of a source are: in the resources of this program.
///
/// # Errors
/// When it may not be written to the registry.
pub fn register(source: &str, program: &Path) -> io::Result<()> {
    let key = wide(format!(r"{SOURCES}\{source}"));
    let program: Vec<u16> = program.as_os_str().encode_wide().chain([0]).collect();
    let bytes: Vec<u8> = program.iter().flat_map(|unit| unit.to_ne_bytes()).collect();
    set(&key, "EventMessageFile", REG_EXPAND_SZ, &bytes)?;
    set(&key, "TypesSupported", REG_DWORD, &KINDS.to_ne_bytes())
}

fn set(key: &[u16], name: &str, kind: u32, bytes: &[u8]) -> io::Result<()> {
    let (name, length) = (wide(name), u32::try_from(bytes.len()).map_err(io::Error::other)?);
    // SAFETY: both names end with a zero, and the length of the value is told.
    numbered(unsafe {
        RegSetKeyValueW(HKEY_LOCAL_MACHINE, key.as_ptr(), name.as_ptr(), kind, bytes.as_ptr().cast(), length)
    })
}

/// Adds an entry: its number, and what stands for `%1`, `%2`, … in its sentence.
///
/// # Errors
/// When nobody takes it.
pub fn report(source: &str, number: u32, level: Level, parameters: &[String]) -> io::Result<()> {
    let (source, kind) = (Source::open(source)?, kind(level));
    let texts: Vec<Vec<u16>> = parameters.iter().map(wide).collect();
    let pointers: Vec<*const u16> = texts.iter().map(Vec::as_ptr).collect();
    let count = u16::try_from(pointers.len()).map_err(io::Error::other)?;
    // SAFETY: there are as many texts as told, each with a zero at its end, and they live until the end of this.
    done(unsafe { ReportEventW(source.0, kind, 0, number, null_mut(), count, 0, pointers.as_ptr(), null()) })
}

/// The sentence to a number as those who look at the log see it, in a language of Windows' (`0x409`).
///
/// # Errors
/// When the program has none.
pub fn sentence(program: &Path, number: u32, language: u32, parameters: &[String]) -> io::Result<String> {
    let (program, mut answer) = (wide(program), null_mut::<u16>());
    // As many as a sentence can ask for.
    let texts: Vec<Vec<u16>> = (0..99).map(|at| wide(parameters.get(at).map_or("", |text| text))).collect();
    let pointers: Vec<*const u16> = texts.iter().map(Vec::as_ptr).collect();
    let how = FORMAT_MESSAGE_ALLOCATE_BUFFER | FORMAT_MESSAGE_FROM_HMODULE | FORMAT_MESSAGE_ARGUMENT_ARRAY;
    // SAFETY: the program is loaded as data until the sentence is there, and there are as many texts as it may ask for.
    // What is answered ends with a zero, and is freed here.
    unsafe {
        let module = LoadLibraryExW(program.as_ptr(), null_mut(), LOAD_LIBRARY_AS_DATAFILE);
        if module.is_null() {
            return Err(io::Error::last_os_error());
        }
        let place = std::ptr::from_mut(&mut answer).cast();
        let length = FormatMessageW(how, module, number, language, place, 0, pointers.as_ptr().cast());
        let failed = io::Error::last_os_error();
        FreeLibrary(module);
        if length == 0 {
            return Err(failed);
        }
        let sentence = text(answer);
        LocalFree(answer.cast());
        Ok(sentence.trim_end().to_owned())
    }
}

fn kind(level: Level) -> u16 {
    match level {
        Level::Error => EVENTLOG_ERROR_TYPE,
        Level::Warning => EVENTLOG_WARNING_TYPE,
        Level::Information => EVENTLOG_INFORMATION_TYPE,
    }
}

struct Source(HANDLE);

impl Source {
    fn open(name: &str) -> io::Result<Self> {
        let name = wide(name);
        // SAFETY: no host is named, and the name ends with a zero.
        let handle = unsafe { RegisterEventSourceW(null(), name.as_ptr()) };
        if handle.is_null() { Err(io::Error::last_os_error()) } else { Ok(Self(handle)) }
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // SAFETY: it was opened here.
        unsafe { DeregisterEventSource(self.0) };
    }
}
