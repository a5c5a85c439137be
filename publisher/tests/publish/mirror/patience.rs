//! How long a mirror tries, and what a person sees meanwhile.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{Mode, OFlags, open};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::scene::Scene;
use super::server::{Server, Twist};
use crate::project::{consign, err, ok};

const HEAD: &str = "consign/stable/feed.pgp";
const PACKAGE: &str = "pool/main/a/acme-erp/acme-erp_1.0.0-1_all.deb";

fn vendor() -> Scene {
    let scene = Scene::new();
    scene.release("erp", "1.0.0");
    scene
}

fn command(scene: &Scene, server: &Server) -> Command {
    let mut command = consign();
    command.args(["mirror", "sync", &server.url()]).arg(scene.mirror());
    command.arg("--certificate").arg(scene.project.certificate());
    command
}

fn times(server: &Server, place: &str) -> usize {
    server.asked().iter().filter(|asked| asked.contains(place)).count()
}

#[test]
fn a_server_that_stumbles_is_asked_again_after_pauses_that_grow() {
    let scene = vendor();
    let stumbles = |path: &str, times| if path == HEAD && times < 3 { Twist::Status(502) } else { Twist::Honest };
    let (server, since) = (Server::of(scene.project.public(), stumbles), Instant::now());
    ok(&mut command(&scene, &server));
    assert_eq!(times(&server, HEAD), 4);
    // 0.5, 1 and 2 seconds.
    assert!(since.elapsed() >= Duration::from_millis(3500), "{:?}", since.elapsed());
}

#[test]
fn a_file_is_given_up_after_its_deadline_however_often_it_may_be_asked_for() {
    let scene = vendor();
    let never = |path: &str, _| if path == PACKAGE { Twist::Status(500) } else { Twist::Honest };
    let (server, since) = (Server::of(scene.project.public(), never), Instant::now());
    let output = command(&scene, &server).args(["--retries", "1000", "--deadline", "4"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(err(&output).contains(PACKAGE), "{}", err(&output));
    assert!(since.elapsed() < Duration::from_secs(20) && times(&server, PACKAGE) >= 3, "{:?}", server.asked());
}

#[test]
fn a_bar_grows_on_a_terminal_and_nowhere_else() {
    let scene = vendor();
    let server = Server::of(scene.project.public(), |_, _| Twist::Honest);
    let piped = ok(&mut command(&scene, &server));
    assert_eq!(err(&piped), "");
    let (fresh, terminal) = (vendor(), openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap());
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap();
    let side = open(name, OFlags::RDWR | OFlags::NOCTTY, Mode::empty()).unwrap();
    let server = Server::of(fresh.project.public(), |_, _| Twist::Honest);
    let mut child = command(&fresh, &server).env("TERM", "xterm").stdout(Stdio::null()).stderr(side).spawn().unwrap();
    let seen = everything(terminal);
    assert!(child.wait().unwrap().success());
    assert!(seen.contains("reading the indexes"), "{seen:?}");
}

/// What was written to a terminal, until nobody has it open any more.
fn everything(terminal: OwnedFd) -> String {
    let (mut terminal, mut seen, mut buffer) = (File::from(terminal), Vec::new(), [0; 4096]);
    loop {
        match terminal.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => seen.extend_from_slice(&buffer[..read]),
            // EIO: the other side is closed.
            Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    String::from_utf8_lossy(&seen).into_owned()
}
