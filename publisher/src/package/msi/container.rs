//! The compound file: every stream written once and in one go.
//!
//! A stream that grows in between may get a chain of small sectors that leads to the first of them, which is
//! legal, and which osslsigncode takes for damage.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};

use cfb::{CompoundFile, Version};
use consign_metadata::msi::{self, name};

/// The largest stream of a file with sectors of 512 bytes.
pub const MAXIMUM_STREAM: u64 = 0x8000_0000;

/// Writes the streams, and then the cabinet.
///
/// # Errors
/// Also of kind `InvalidInput` where a name is too long.
pub fn write(file: File, streams: &[(String, Vec<u8>)], cabinet: Option<&mut File>) -> io::Result<()> {
    let file = Gathered(BufWriter::with_capacity(1 << 17, file));
    let mut compound = CompoundFile::create_with_version(Version::V3, file)?;
    compound.set_storage_clsid("/", msi::CLASS.parse().map_err(io::Error::other)?)?;
    for (name, bytes) in streams {
        compound.create_new_stream(path(name)?)?.write_all(bytes)?;
    }
    if let Some(cabinet) = cabinet {
        cabinet.seek(SeekFrom::Start(0))?;
        let mut stream = compound.create_new_stream(path(msi::CABINET)?)?;
        let mut buffer = vec![0; 1 << 20];
        loop {
            let read = cabinet.read(&mut buffer)?;
            if read == 0 {
                break;
            }
            stream.write_all(&buffer[..read])?;
        }
        stream.flush()?;
    }
    compound.flush()
}

/// A file to which neighbouring sectors are written together: of a cabinet there are a hundred thousand.
struct Gathered(BufWriter<File>);

impl Read for Gathered {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.flush()?;
        self.0.get_mut().read(buffer)
    }
}

impl Write for Gathered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Seek for Gathered {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

/// Adds a stream to a file that was written.
///
/// # Errors
/// Also where there is one of the name.
pub fn append(file: File, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut compound = CompoundFile::open(file)?;
    compound.create_new_stream(path(name)?)?.write_all(bytes)?;
    compound.flush()
}

fn path(stream: &str) -> io::Result<String> {
    let stored = name::encode(stream);
    if stored.encode_utf16().count() > name::MAXIMUM_UNITS {
        let reason = format!("the name of the stream {stream:?} is too long");
        return Err(io::Error::new(io::ErrorKind::InvalidInput, reason));
    }
    Ok(format!("/{stored}"))
}
