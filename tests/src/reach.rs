//! Reaching into a host: the words of [`Entrance`](crate::Entrance) and [`Tree`](crate::Tree), said
//! to the host itself.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::host::Host;
use crate::outcome::Outcome;

impl Host {
    /// See [`Entrance::command`](crate::Entrance::command).
    #[track_caller]
    pub fn command(&self, argv: &[&str]) -> Command {
        self.entrance().command(argv)
    }

    /// See [`Entrance::exec`](crate::Entrance::exec).
    #[track_caller]
    pub fn exec(&self, argv: &[&str]) -> Outcome {
        self.entrance().exec(argv)
    }

    /// See [`Entrance::run`](crate::Entrance::run).
    #[track_caller]
    pub fn run(&self, argv: &[&str]) -> Outcome {
        self.entrance().run(argv)
    }

    /// See [`Entrance::ok`](crate::Entrance::ok).
    #[track_caller]
    pub fn ok(&self, argv: &[&str]) -> Outcome {
        self.entrance().ok(argv)
    }

    /// See [`Entrance::shell`](crate::Entrance::shell).
    #[track_caller]
    pub fn shell(&self, script: &str) -> String {
        self.entrance().shell(script)
    }

    /// See [`Entrance::wait_until`](crate::Entrance::wait_until).
    #[track_caller]
    pub fn wait_until<T>(&self, what: &str, within: Duration, look: impl FnMut() -> Option<T>) -> T {
        self.entrance().wait_until(what, within, look)
    }

    /// The whole of one file of the host, as text; panics when it cannot be read.
    #[track_caller]
    pub fn read(&self, path: &str) -> String {
        String::from_utf8_lossy(&self.tree().read(path).unwrap()).into_owned()
    }

    /// See [`Tree::write`](crate::Tree::write); panics when it cannot be written.
    #[track_caller]
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>, mode: u32) {
        self.tree().write(path, bytes.as_ref(), mode).unwrap();
    }

    /// See [`Tree::copy_in`](crate::Tree::copy_in); panics when it cannot be copied.
    #[track_caller]
    pub fn copy_in(&self, local: impl AsRef<Path>, path: &str) {
        self.tree().copy_in(local.as_ref(), path).unwrap();
    }

    /// See [`Tree::exists`](crate::Tree::exists).
    pub fn exists(&self, path: &str) -> bool {
        self.tree().exists(path)
    }
}
