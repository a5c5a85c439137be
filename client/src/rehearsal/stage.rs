//! The copy is made and entered, by the first process of its namespaces.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Order;
use super::scratch::FOLDER;
use super::verdict::{Problem, Progress};
use crate::agent::room;
use crate::host::command::HostCommand;
use crate::host::copy::{self, Layer};
use crate::host::{HostError, at};
use crate::product::Product;

/// What the copy is, for whoever goes on in it.
const FILE: &str = "/run/consignee-copy.json";
const COPY: std::time::Duration = std::time::Duration::from_secs(4 * 3600);
const MIB: u64 = 1024 * 1024;

/// The layers of the copy.
#[derive(Debug, Serialize, Deserialize)]
pub struct Stage {
    /// Where each is mounted, and what was written to it.
    pub layers: Vec<(PathBuf, PathBuf)>,
    /// Whether what is written is kept in memory.
    pub in_memory: bool,
}

impl Stage {
    /// What was written down when the copy was made.
    ///
    /// # Errors
    /// When this is no copy.
    pub fn read() -> Result<Self, HostError> {
        let bytes = fs::read(FILE).map_err(|cause| at("read", Path::new(FILE), cause))?;
        serde_json::from_slice(&bytes).map_err(|cause| at("read", Path::new(FILE), cause))
    }
}

/// Makes the copy and goes on in it. Comes back only where that cannot be.
pub fn lay(product: &Product, say: &mut dyn FnMut(Progress)) -> Problem {
    match entered(product, say) {
        Ok(line) => {
            let words: Vec<&str> = line.iter().map(String::as_str).collect();
            copy::confine(&words).into()
        }
        Err(problem) => problem,
    }
}

fn entered(product: &Product, say: &mut dyn FnMut(Progress)) -> Result<Vec<String>, Problem> {
    let scratch = product.folder().join(FOLDER);
    let order = Order::read(&scratch)?;
    is_apart(&order)?;
    say(Progress::Copying);
    let program = std::env::current_exe().map_err(|cause| at("find", Path::new("/proc/self/exe"), cause))?;
    let (layers, in_memory) = copy::lay(&scratch)?;
    let free_mib = room::free(&scratch.join("layers"))? / MIB;
    if in_memory && free_mib < order.needed_mib {
        return Err(Problem::NoRoom { folder: scratch.join("layers"), free_mib, needed_mib: order.needed_mib });
    }
    let root = scratch.join("root");
    order.files.iter().try_for_each(|path| files(path, &root))?;
    write(&root, layers, in_memory)?;
    copy::enter(&scratch)?;
    Ok(vec![program.display().to_string(), "rehearsal".to_owned(), product.id.to_string(), "play".to_owned()])
}

/// Whether this process has none of the host's namespaces: what it mounts, signals or connects to is its own.
///
/// # Errors
/// When it has one of them.
pub fn is_apart(order: &Order) -> Result<(), HostError> {
    let here = copy::namespaces()?;
    let shared = here.iter().find(|namespace| order.namespaces.contains(namespace));
    match shared {
        None if here.len() == order.namespaces.len() => Ok(()),
        _ => Err(HostError {
            action: "leave the host alone".to_owned(),
            reason: format!("the namespace {} is its own", shared.cloned().unwrap_or_default()),
        }),
    }
}

fn write(root: &Path, layers: Vec<Layer>, in_memory: bool) -> Result<(), HostError> {
    let path = copy::below(root, Path::new(FILE));
    let stage = Stage { layers: layers.into_iter().map(|layer| (layer.folder, layer.upper)).collect(), in_memory };
    let text = serde_json::to_vec(&stage).map_err(|cause| at("write", &path, cause))?;
    fs::write(&path, text).map_err(|cause| at("write", &path, cause))
}

/// Files and folders as they are at this moment: what the host writes to them from here on is not seen any more.
fn files(path: &Path, root: &Path) -> Result<(), HostError> {
    let target = copy::below(root, path);
    empty(&target).map_err(|cause| at("empty", &target, cause))?;
    let is_folder = path.is_dir();
    let from = if is_folder { path.join(".") } else { path.to_owned() };
    let names = [from, target].map(|path| path.display().to_string());
    let command = HostCommand::new("cp").args(["--archive", "--reflink=auto", "--sparse=auto", "--"]).args(names);
    let copied = command.limit(COPY).run()?;
    // Engines remove files while they are copied.
    let is_gone = |line: &str| line.contains("No such file or directory") || line.contains("file vanished");
    match copied.status == 0 || copied.stderr.lines().all(is_gone) {
        true => Ok(()),
        false => Err(at("copy", path, copied.stderr)),
    }
}

/// A folder itself stays: it may be a file system of its own.
pub(super) fn empty(path: &Path) -> std::io::Result<()> {
    if !path.is_dir() {
        return fs::remove_file(path);
    }
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    Ok(())
}
