//! An operator's terminal: a command on a pty of the host, which can hang up like a lost ssh.

use std::io::Write;
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, ioctl_tiocgptpeer, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::error::{Doing, LabError, Result};
use crate::host::Host;
use crate::outcome::{code, line};
use crate::wait::until;

/// A command running on a terminal.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    line: String,
    // Dropping every holder of the master is the hang-up.
    master: Option<Arc<OwnedFd>>,
    reader: Option<JoinHandle<()>>,
    closing: Arc<AtomicBool>,
    screen: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    /// Runs a command as the leader of a session on a new terminal of the host.
    ///
    /// For what an operator types into a login shell, run `bash --login -i` and use
    /// [`Terminal::type_text`]: a shell passes a hang-up on to what it started.
    pub fn run(host: &Host, argv: &[&str]) -> Result<Terminal> {
        let (master, slave) = pty(host)?;
        let mut command = host.command(&[&["setsid", "--ctty", "--wait", "--"], argv].concat());
        command.env("TERM", "xterm");
        command.stdin(Stdio::from(slave.try_clone().doing("open a terminal")?));
        command.stdout(Stdio::from(slave.try_clone().doing("open a terminal")?));
        let child = command.stderr(Stdio::from(slave)).spawn().doing("start a command on a terminal")?;
        let master = Arc::new(master);
        let screen = Arc::new(Mutex::new(Vec::new()));
        let closing = Arc::new(AtomicBool::new(false));
        let reader = {
            let (master, screen, closing) = (master.clone(), screen.clone(), closing.clone());
            std::thread::spawn(move || show(master, &screen, &closing))
        };
        Ok(Terminal { child, line: line(argv), master: Some(master), reader: Some(reader), closing, screen })
    }

    /// Everything written to the screen so far: line ends as `\n`, without control sequences.
    pub fn screen(&self) -> String {
        let bytes = self.screen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        plain(&String::from_utf8_lossy(&bytes))
    }

    /// The same as a person sees it in the end: of a line that was written over and over, what stays.
    pub fn seen(&self) -> String {
        let bytes = self.screen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let text = String::from_utf8_lossy(&bytes);
        let last = |line: &str| plain(line.trim_end_matches('\r').rsplit('\r').next().unwrap_or_default());
        text.split('\n').map(|line| last(line).trim_end().to_owned()).collect::<Vec<_>>().join("\n")
    }

    /// Waits until the screen shows this text; panics with the screen when it does not.
    #[track_caller]
    pub fn wait_for(&self, text: &str, within: Duration) -> String {
        let shown = until(&format!("{text:?} on the terminal of {}", self.line), within, || {
            Some(self.screen()).filter(|screen| screen.contains(text))
        });
        shown.unwrap_or_else(|late| panic!("{late}; the screen:\n{}", self.screen()))
    }

    /// Types on the keyboard; a line ends with `\n`.
    pub fn type_text(&self, text: &str) -> Result<()> {
        let Some(master) = &self.master else {
            return Err(LabError::State { host: self.line.clone(), state: "hung up" });
        };
        let mut keyboard = std::fs::File::from(master.try_clone().doing("type on a terminal")?);
        keyboard.write_all(text.as_bytes()).doing("type on a terminal")
    }

    /// The line drops: the master side is closed, the session gets SIGHUP and reads and writes
    /// fail, as when sshd loses its client.
    pub fn hang_up(&mut self) {
        self.closing.store(true, Ordering::SeqCst);
        // The reader holds the master too: only when it has let go is the terminal hung up.
        if let Some(reader) = self.reader.take() {
            let _shown = reader.join();
        }
        self.master = None;
    }

    /// The exit code, once the command has ended by itself or by the hang-up.
    ///
    /// Panics with the screen when it has not ended in time.
    #[track_caller]
    pub fn wait(&mut self, within: Duration) -> i32 {
        let child = &mut self.child;
        let ended = until(&format!("{} ended", self.line), within, || child.try_wait().ok().flatten());
        let status = ended.unwrap_or_else(|late| panic!("{late}; the screen:\n{}", self.screen()));
        // What it wrote last is still on its way.
        let reader = &self.reader;
        let _drained = until("screen drained", Duration::from_secs(5), || {
            reader.as_ref().is_none_or(JoinHandle::is_finished).then_some(())
        });
        code(status)
    }

    /// Has the command ended?
    pub fn ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.hang_up();
        // Whoever ignores the hang-up lives on in the host, as it should; the way in is ours.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// A new pty of the host's own devpts, so that the host can name it.
fn pty(host: &Host) -> Result<(OwnedFd, OwnedFd)> {
    let init = host.entrance().init();
    let init = init.ok_or(LabError::State { host: host.name().to_owned(), state: "off" })?;
    let ptmx = format!("/proc/{init}/root/dev/pts/ptmx");
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let master = open(ptmx, flags, Mode::empty()).doing("open a terminal of a host")?;
    unlockpt(&master).doing("open a terminal of a host")?;
    let peer = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
    let slave = ioctl_tiocgptpeer(&master, peer).doing("open a terminal of a host")?;
    let size = Winsize { ws_row: 50, ws_col: 132, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&slave, size).doing("size a terminal")?;
    Ok((master, slave))
}

/// Copies what is written to the screen until the terminal closes or hangs up. Never blocks in a
/// read: a blocked read would keep the master open.
fn show(master: Arc<OwnedFd>, screen: &Mutex<Vec<u8>>, closing: &AtomicBool) {
    let pace = Timespec { tv_sec: 0, tv_nsec: 20_000_000 };
    let mut piece = [0; 4096];
    while !closing.load(Ordering::SeqCst) {
        let mut fds = [PollFd::from_borrowed_fd(master.as_fd(), PollFlags::IN)];
        if !matches!(poll(&mut fds, Some(&pace)), Ok(ready) if ready > 0) {
            continue;
        }
        // EIO: the last holder of the other side has closed it.
        let Ok(read @ 1..) = rustix::io::read(&*master, &mut piece) else {
            return;
        };
        screen.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend_from_slice(&piece[..read]);
    }
}

/// Text without carriage returns and ANSI control sequences.
fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\r' => {}
            '\x1b' if rest.peek() == Some(&'[') => {
                rest.next();
                while rest.next().is_some_and(|c| !('@'..='~').contains(&c)) {}
            }
            '\x1b' => {
                rest.next();
            }
            c => shown.push(c),
        }
    }
    shown
}
