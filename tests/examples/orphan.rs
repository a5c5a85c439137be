//! A test that dies with a running host, for the suite that looks whether the next one sweeps it.
//! Writes the host's name into the file it is given.

use consign_lab::{Host, Release, Server};

fn main() {
    let note = std::env::args_os().nth(1).expect("usage: orphan FILE");
    let host = Host::boot("orphan", Release::Bookworm).expect("a host boots");
    let _server = Server::start(&host, std::path::Path::new("/usr/share"), 8080).expect("a server starts");
    fs_err::write(note, host.name()).expect("the note can be written");
    std::process::abort();
}
