//! What is signed of a package: the content of its streams, in the order of their stored names; where the
//! package says so in a stream of its own, also their names and lengths before.

use std::io::{Read, Seek};
use std::time::{Duration, SystemTime};

use super::AuthenticodeError;
use super::key::{Hash, Hasher};
use crate::msi::{MsiFile, SIGNATURES, name};

/// Seconds from 1601 to 1970.
const EPOCH: u64 = 11_644_473_600;
/// Larger digests there are none.
const MAXIMUM_DIGEST: u64 = 64;

/// The digest of a package.
pub fn of<F: Read + Seek>(package: &mut MsiFile<F>, hash: Hash) -> Result<Vec<u8>, AuthenticodeError> {
    let mut entries = package.entries();
    if let Some(storage) = entries.iter().find(|entry| !entry.is_stream()) {
        return Err(AuthenticodeError::Bad(format!("the package has a storage {:?}", storage.name())));
    }
    entries.retain(|entry| !SIGNATURES.contains(&entry.name()));
    entries.sort_by_key(|entry| ordered(entry.name()));
    let mut hasher = Hasher::new(hash);
    if let Some(extended) = package.bytes(SIGNATURES[1], MAXIMUM_DIGEST)? {
        let metadata = metadata(package, &entries, hash);
        if metadata != extended {
            return Err(AuthenticodeError::Changed);
        }
        hasher.update(&metadata);
    }
    let mut buffer = vec![0; 1 << 16];
    for entry in &entries {
        let Some(mut stream) = package.stream(&name::decode(entry.name()))? else {
            return Err(AuthenticodeError::Bad(format!("the package has a stream {:?}", entry.name())));
        };
        loop {
            match stream.read(&mut buffer)? {
                0 => break,
                read => hasher.update(&buffer[..read]),
            }
        }
    }
    hasher.update(&package.class());
    Ok(hasher.finish())
}

/// As the names lie in memory, with the NUL that ends them: so one that another begins with comes first.
fn ordered(name: &str) -> Vec<u8> {
    name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

/// `MsiDigitalSignatureEx`: what a compound file says of its streams.
fn metadata<F: Read + Seek>(package: &MsiFile<F>, entries: &[cfb::Entry], hash: Hash) -> Vec<u8> {
    let mut hasher = Hasher::new(hash);
    hasher.update(&package.class());
    hasher.update(&package.state_bits().to_le_bytes());
    for entry in entries {
        let mut name = ordered(entry.name());
        name.truncate(name.len() - 2);
        hasher.update(&name);
        hasher.update(&u32::try_from(entry.len()).unwrap_or(u32::MAX).to_le_bytes());
        hasher.update(&entry.state_bits().to_le_bytes());
        hasher.update(&ticks(entry.created()).to_le_bytes());
        hasher.update(&ticks(entry.modified()).to_le_bytes());
    }
    hasher.finish()
}

/// Tenths of microseconds since 1601.
fn ticks(time: SystemTime) -> u64 {
    let start = SystemTime::UNIX_EPOCH - Duration::from_secs(EPOCH);
    let since = time.duration_since(start).unwrap_or_default();
    u64::try_from(since.as_nanos() / 100).unwrap_or(u64::MAX)
}
