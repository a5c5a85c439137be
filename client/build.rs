//! The resources of the programs for Windows: the sentences of the Event Log, by the message compiler of binutils.

#![allow(clippy::print_stdout, reason = "cargo reads what a build script writes")]

use std::path::{Path, PathBuf};
use std::process::Command;

const SENTENCES: &str = "src/report/event_log.mc";

fn main() {
    println!("cargo::rerun-if-changed={SENTENCES}");
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "windows") {
        let object = compiled(&PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it")));
        for programs in ["bins", "examples"] {
            println!("cargo::rustc-link-arg-{programs}={}", object.display());
        }
    }
}

fn compiled(folder: &Path) -> PathBuf {
    // UTF-8 in, UTF-16 out.
    run(Command::new(tool("windmc"))
        .args(["-C", "65001", "-U", "-h"])
        .arg(folder)
        .arg("-r")
        .arg(folder)
        .arg(SENTENCES));
    let object = folder.join("event_log.o");
    let script = folder.join("event_log.rc");
    run(Command::new(tool("windres")).arg("-I").arg(folder).arg(script).arg(&object).current_dir(folder));
    object
}

/// Of GCC's for Windows, where this is another system.
fn tool(name: &str) -> String {
    if cfg!(windows) { name.to_owned() } else { format!("x86_64-w64-mingw32-{name}") }
}

fn run(command: &mut Command) {
    match command.status() {
        Ok(status) if status.success() => {}
        ended => panic!("{command:?}: {ended:?} (it is in the package gcc-mingw-w64-x86-64)"),
    }
}
