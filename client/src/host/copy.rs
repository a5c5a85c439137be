//! A copy of this host that costs only what is changed in it: every file system is laid over with another one,
//! which takes what is written (overlayfs).
//!
//! It is made in namespaces of its own for mounts, processes, System V IPC and the network, and what runs in it
//! has nothing of the host that it could change: no socket of a service (`/run` is empty), no network, no disk, no
//! other process. What it reads of the host's files it reads; what it writes goes with the namespaces.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};

use consign_metadata::name::ProductId;

use super::command::HostCommand;
use super::mounted::{self, Mounted};
use super::systemd::Systemd;
use super::{HostError, at, transient};
use crate::rehearsal::scratch;

/// Where the copy shows what is written in it.
pub const LAYERS: &str = "/run/consignee-layers";
/// All that root's programs may do in the copy (capabilities(7)): what installing packages, becoming another user and
/// serving take. Not among them: to mount, to make device nodes, to load modules, to set the clock, to open files by
/// their handles, which would need no path.
const MAY: [&str; 15] = [
    "chown",
    "dac_override",
    "fowner",
    "fsetid",
    "setfcap",
    "setgid",
    "setuid",
    "setpcap",
    "kill",
    "ipc_lock",
    "ipc_owner",
    "net_bind_service",
    "sys_chroot",
    "sys_nice",
    "audit_write",
];
/// What of `/proc` is the whole machine's, as systemd.exec(5) has it for `ProtectKernelTunables=`.
const OF_THE_MACHINE: [&str; 7] = ["sys", "sysrq-trigger", "irq", "bus", "acpi", "scsi", "fs"];
/// The kinds of file systems that a copy has beside its layers.
const OF_A_COPY: [&str; 6] = ["overlay", "proc", "sysfs", "tmpfs", "devtmpfs", "devpts"];
/// The devices of the copy; none is a disk.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];
/// Folders of `/run` that are not even there by name.
const NOT_IN_RUN: [&str; 6] = ["systemd", "udev", "user", "consignee", "credentials", "netns"];
/// `OVERLAYFS_SUPER_MAGIC` of linux/magic.h.
const OVERLAY: i64 = 0x794c_7630;
/// Those that keep a process from the host, by their names in `/proc/self/ns`.
pub const NAMESPACES: [&str; 5] = ["mnt", "pid", "ipc", "net", "uts"];

/// A file system of the copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// Where it is mounted.
    pub folder: PathBuf,
    /// What was written to it, seen from within the copy.
    pub upper: PathBuf,
}

/// The namespaces that this process is in.
///
/// # Errors
/// When they cannot be told.
pub fn namespaces() -> Result<Vec<String>, HostError> {
    let one = |name: &&str| {
        let path = Path::new("/proc/self/ns").join(name);
        fs::read_link(&path).map(|link| link.display().to_string()).map_err(|cause| at("read", &path, cause))
    };
    NAMESPACES.iter().map(one).collect()
}

/// Lays every file system of the host over, below `scratch/root`. Answers the layers, and whether what is written
/// is kept in memory since the file system of the scratch folder cannot keep it.
///
/// # Errors
/// When there can be no copy here.
pub fn lay(scratch: &Path) -> Result<(Vec<Layer>, bool), HostError> {
    let (layers, root) = (scratch.join("layers"), scratch.join("root"));
    for folder in [&layers, &root] {
        fs::create_dir_all(folder).map_err(|cause| at("create", folder, cause))?;
    }
    let in_memory = over(Path::new("/"), &layers.join("0"), &root).is_err();
    if in_memory {
        mount("tmpfs", "mode=700", &layers)?;
        over(Path::new("/"), &layers.join("0"), &root)?;
    }
    let mut laid = vec![layer(Path::new("/"), 0)];
    for (number, Mounted { folder, .. }) in mounted::with_files()?.into_iter().enumerate() {
        let target = below(&root, &folder);
        match over(&folder, &layers.join((number + 1).to_string()), &target) {
            Ok(()) => laid.push(layer(&folder, number + 1)),
            // Not there at all in the copy: what cannot be copied is not shown either.
            Err(problem) => log::warn!("{} is empty in the copy: {problem}", folder.display()),
        }
    }
    furnish(&root, &layers)?;
    Ok((laid, in_memory))
}

/// A path of the host in the copy, before that is entered.
pub fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

fn layer(folder: &Path, number: usize) -> Layer {
    Layer { folder: folder.to_owned(), upper: Path::new(LAYERS).join(number.to_string()).join("upper") }
}

fn over(folder: &Path, layer: &Path, target: &Path) -> Result<(), HostError> {
    let (upper, work) = (layer.join("upper"), layer.join("work"));
    let found = fs::metadata(folder).map_err(|cause| at("look at", folder, cause))?;
    for made in [&upper, &work] {
        fs::create_dir_all(made).map_err(|cause| at("create", made, cause))?;
    }
    // The upper folder is what the copy shows of the file system's own.
    fs::set_permissions(&upper, fs::Permissions::from_mode(found.mode())).map_err(|cause| at("open", &upper, cause))?;
    chown(&upper, Some(found.uid()), Some(found.gid())).map_err(|cause| at("give away", &upper, cause))?;
    let names = [folder, &upper, &work].map(|path| path.display().to_string());
    if names.iter().any(|name| name.contains([':', ',', '\\'])) {
        return Err(at("lay over", folder, "its name has a character that the kernel's options cannot have"));
    }
    let [lower, upper, work] = names;
    mount("overlay", &format!("lowerdir={lower},upperdir={upper},workdir={work}"), target)
}

/// What a host has beside its file systems.
fn furnish(root: &Path, layers: &Path) -> Result<(), HostError> {
    let place = |name: &str| root.join(name);
    mount("proc", "nosuid,nodev,noexec", &place("proc"))?;
    for name in OF_THE_MACHINE {
        let part = place("proc").join(name);
        if part.exists() {
            bind(&part, &part, "bind,ro")?;
        }
    }
    // Nothing needs to be written there, and not every host lets it be mounted.
    if let Err(problem) = mount("sysfs", "ro,nosuid,nodev,noexec", &place("sys")) {
        log::warn!("{problem}");
    }
    mount("tmpfs", "mode=1777,nosuid,nodev", &place("tmp"))?;
    mount("tmpfs", "mode=755,nosuid,nodev", &place("run"))?;
    mount("tmpfs", "mode=755,nosuid", &place("dev"))?;
    devices(&place("dev"))?;
    skeleton(Path::new("/run"), &place("run"));
    let seen = below(root, Path::new(LAYERS));
    fs::create_dir(&seen).map_err(|cause| at("create", &seen, cause))?;
    bind(layers, &seen, "bind,ro")
}

fn devices(dev: &Path) -> Result<(), HostError> {
    for name in DEVICES {
        let node = dev.join(name);
        fs::write(&node, "").map_err(|cause| at("create", &node, cause))?;
        bind(&Path::new("/dev").join(name), &node, "bind")?;
    }
    for (name, mode) in [("shm", 0o1777), ("pts", 0o755)] {
        let folder = dev.join(name);
        fs::create_dir(&folder).map_err(|cause| at("create", &folder, cause))?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).map_err(|cause| at("open", &folder, cause))?;
    }
    mount("devpts", "newinstance,ptmxmode=0666,mode=0620", &dev.join("pts"))?;
    let links =
        [("pts/ptmx", "ptmx"), ("/proc/self/fd", "fd"), ("fd/0", "stdin"), ("fd/1", "stdout"), ("fd/2", "stderr")];
    for (to, name) in links {
        let link = dev.join(name);
        std::os::unix::fs::symlink(to, &link).map_err(|cause| at("create", &link, cause))?;
    }
    Ok(())
}

/// The folders of a folder, with their owners and without what is in them: nothing makes them anew before
/// programs want to write there. One that cannot be made is missed by whoever needs it.
fn skeleton(from: &Path, to: &Path) {
    let Ok(device) = fs::metadata(from).map(|found| found.dev()) else { return };
    for entry in fs::read_dir(from).into_iter().flatten().flatten() {
        let Ok(found) = entry.metadata() else { continue };
        let name = entry.file_name();
        let is_left_out = NOT_IN_RUN.iter().any(|left| name == *left);
        if !found.is_dir() || found.dev() != device || is_left_out {
            continue;
        }
        let made = to.join(&name);
        let create = fs::DirBuilder::new().mode(found.mode()).create(&made);
        let _ = create.and_then(|()| chown(&made, Some(found.uid()), Some(found.gid())));
        let _ = fs::set_permissions(&made, fs::Permissions::from_mode(found.mode()));
        skeleton(&entry.path(), &made);
    }
}

/// Makes the copy the root of everything in these namespaces. The host's own files are then in none of its mounts.
///
/// # Errors
/// When they still are.
pub fn enter(scratch: &Path) -> Result<(), HostError> {
    let root = scratch.join("root");
    let old = root.join("run/consignee-host");
    fs::create_dir(&old).map_err(|cause| at("create", &old, cause))?;
    rustix::process::pivot_root(&root, &old).map_err(|cause| at("make a root of", &root, cause))?;
    std::env::set_current_dir("/").map_err(|cause| at("enter", Path::new("/"), cause))?;
    HostCommand::new("umount").args(["--lazy", "/run/consignee-host"]).output()?;
    let _ = fs::remove_dir("/run/consignee-host");
    is_copy()
}

/// Whether what is below `/` is a copy.
///
/// # Errors
/// When it is not, or nobody can tell.
pub fn is_copy() -> Result<(), HostError> {
    let root = Path::new("/");
    let found = rustix::fs::statfs(root).map_err(|cause| at("look at", root, cause))?;
    // The type is of another width on other machines.
    #[allow(clippy::unnecessary_cast)]
    if found.f_type as i64 != OVERLAY || std::process::id() != 1 || !Path::new(LAYERS).is_dir() {
        return Err(at("go on in", root, "it is no copy of the host"));
    }
    let is_of_copy = |found: &Mounted| OF_A_COPY.contains(&&*found.kind) || found.folder == Path::new(LAYERS);
    match mounted::all()?.into_iter().find(|found| !is_of_copy(found)) {
        None => Ok(()),
        Some(other) => Err(at("go on with", &other.folder, format!("it is a {} of the host", other.kind))),
    }
}

/// Goes on as this program, without what could reach out of the copy. Comes back only where it cannot.
pub fn confine(line: &[&str]) -> HostError {
    let may: String = MAY.iter().map(|name| format!(",+{name}")).collect();
    let mut command = std::process::Command::new("setpriv");
    command.args(["--bounding-set", &format!("-all{may}"), "--inh-caps", "-all", "--"]).args(line);
    at("run", Path::new("setpriv"), command.env("PATH", super::kernel::commands::PATH).exec())
}

fn mount(kind: &str, options: &str, target: &Path) -> Result<(), HostError> {
    let target = target.display().to_string();
    HostCommand::new("mount").args(["--types", kind, "--options", options, kind, &target]).output()?;
    Ok(())
}

fn bind(from: &Path, to: &Path, options: &str) -> Result<(), HostError> {
    let names = [from, to].map(|path| path.display().to_string());
    HostCommand::new("mount").args(["--options", options]).args(names).output()?;
    Ok(())
}

/// Begins what happens in a copy, in a unit that takes of the host what nobody else wants. It ends with whoever
/// began it.
///
/// # Errors
/// When it cannot be started.
pub fn begin(unit: &str, scratch: &Path, product: &ProductId) -> Result<(), HostError> {
    let program = std::env::current_exe().map_err(|cause| at("find", Path::new("/proc/self/exe"), cause))?;
    let [alive, said, log] = scratch::streams(scratch);
    let properties = [
        "PrivateNetwork=yes".to_owned(),
        "Nice=19".to_owned(),
        "IOSchedulingClass=idle".to_owned(),
        "CPUWeight=20".to_owned(),
        "OOMScoreAdjust=900".to_owned(),
        "TimeoutStopSec=2".to_owned(),
        format!("StandardInput=file:{}", alive.display()),
        format!("StandardOutput=append:{}", said.display()),
        format!("StandardError=append:{}", log.display()),
    ];
    let properties = properties.into_iter().map(|property| format!("--property={property}"));
    let fixed = ["unshare", "--mount", "--ipc", "--uts", "--pid", "--fork", "--kill-child", "--"].map(str::to_owned);
    let line = [program.display().to_string(), "rehearsal".to_owned(), product.to_string(), "lay".to_owned()];
    HostCommand::new("systemd-run")
        .args(["--quiet", "--collect", "--service-type=simple"])
        .arg(format!("--unit={}", transient::service(unit)))
        .arg(format!("--description=Rehearsal of an upgrade of {product}"))
        .args(properties)
        .arg("--")
        .args(fixed.into_iter().chain(line))
        .output()?;
    Ok(())
}

/// Whether a copy is there.
///
/// # Errors
/// When nobody can tell.
pub fn is_at_work(unit: &str) -> Result<bool, HostError> {
    let found = Systemd::show(&transient::service(unit), &["ActiveState"])?;
    Ok(!matches!(&*found["ActiveState"], "inactive" | "failed"))
}

/// Ends a copy, with all that is mounted and all that runs in it.
///
/// # Errors
/// When it does not end.
pub fn end(unit: &str) -> Result<(), HostError> {
    if !is_at_work(unit)? {
        return transient::forget(unit);
    }
    // Nothing in it is worth an orderly end.
    HostCommand::new("systemctl").args(["kill", "--signal=SIGKILL", "--", &transient::service(unit)]).run()?;
    transient::forget(unit)
}
