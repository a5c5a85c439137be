//! The folder of a rehearsal: `rehearsal/` in the product's. Whoever holds its lease is at work; what is found
//! there without anybody at work is the rest of one that was cut off, and goes.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use consign_metadata::name::ProductId;
use rustix::fs::{FileType, FlockOperation, Mode, OFlags, flock, mknodat};

use super::verdict::Progress;
use crate::host::{HostError, at, copy};
use crate::places::Places;
use crate::product::Product;

/// Its name in the product's folder.
pub const FOLDER: &str = "rehearsal";
const LEASE: &str = "rehearsal.lease";
/// What the copy reads: nothing, until whoever began it is gone.
const ALIVE: &str = "alive";
const SAID: &str = "said.jsonl";
const LOG: &str = "log";
/// How many lines of the log tell why the copy is gone.
const LINES: usize = 12;

/// The folder, until it is dropped.
pub struct Scratch {
    product: ProductId,
    folder: PathBuf,
    _lease: File,
    _alive: File,
}

impl Scratch {
    /// An empty one; `None` while somebody else is at work there.
    ///
    /// # Errors
    /// When it cannot be made, or what was left of another one cannot be removed.
    pub fn begin(product: &Product) -> Result<Option<Self>, HostError> {
        let Some(lease) = lease(product)? else { return Ok(None) };
        let folder = product.folder().join(FOLDER);
        clear(&product.id, &folder)?;
        let made = fs::DirBuilder::new().mode(0o711).create(&folder).and_then(|()| {
            // Programs of the databases' users go through these.
            let open = |path: &Path| fs::set_permissions(path, fs::Permissions::from_mode(0o711));
            open(&folder)?;
            fs::DirBuilder::new().mode(0o711).create(folder.join("dumps"))?;
            open(&folder.join("dumps"))?;
            alive(&folder.join(ALIVE))
        });
        let alive = made.map_err(|cause| at("create", &folder, cause))?;
        Ok(Some(Self { product: product.id.clone(), folder, _lease: lease, _alive: alive }))
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// What the copy is called as a unit.
    pub fn unit(&self) -> String {
        unit(&self.product)
    }

    /// Everything that the copy has said so far.
    pub fn said(&self) -> Vec<Progress> {
        let text = fs::read_to_string(self.folder.join(SAID)).unwrap_or_default();
        // A line that is not whole yet is heard when it is.
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The end of the copy's log.
    pub fn last_lines(&self) -> Vec<String> {
        let text = fs::read(self.folder.join(LOG)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(LINES)..].iter().map(|line| (*line).to_owned()).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(problem) = clear(&self.product, &self.folder) {
            log::warn!("{problem}");
        }
    }
}

/// Removes what rehearsals have left that were cut off.
pub fn sweep(places: &Places) {
    let products = Product::all(places).unwrap_or_default();
    for product in products.iter().filter(|product| product.folder().join(FOLDER).exists()) {
        let swept = lease(product).and_then(|lease| match lease {
            Some(_lease) => clear(&product.id, &product.folder().join(FOLDER)),
            None => Ok(()),
        });
        if let Err(problem) = swept {
            log::warn!("{problem}");
        }
    }
}

/// The files that the copy's unit has open.
pub fn streams(folder: &Path) -> [PathBuf; 3] {
    [ALIVE, SAID, LOG].map(|name| folder.join(name))
}

fn unit(product: &ProductId) -> String {
    format!("consignee-rehearsal-{}.{}", product.vendor, product.product)
}

fn lease(product: &Product) -> Result<Option<File>, HostError> {
    let path = product.folder().join(LEASE);
    let file = File::options().create(true).append(true).open(&path).map_err(|cause| at("open", &path, cause))?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(cause) => Err(at("lock", &path, cause)),
    }
}

/// The copy goes before its files do.
fn clear(product: &ProductId, folder: &Path) -> Result<(), HostError> {
    if !folder.exists() {
        return Ok(());
    }
    copy::end(&unit(product))?;
    fs::remove_dir_all(folder).map_err(|cause| at("remove", folder, cause))
}

/// A pipe that is never written to, and that ends for whoever reads it when this process does.
fn alive(path: &Path) -> io::Result<File> {
    mknodat(rustix::fs::CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
    let opened = rustix::fs::open(path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())?;
    Ok(File::from(opened))
}
