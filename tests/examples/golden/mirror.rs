//! What a mirror of the repository knows of itself: the folder is the repository once more, and is not kept.

use std::path::Path;
use std::process::Stdio;

use crate::Result;
use crate::vendor::{Publisher, text};

/// Mirrors what was published, with a choice, and keeps what the mirror wrote down, and the vendor for it.
pub fn write(folder: &Path, acme: &Publisher) -> Result<()> {
    let (served, mirror) = (acme.work().join("served"), acme.work().join("mirror"));
    acme.copy_repository(&served)?;
    let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut server = std::process::Command::new("python3")
        .args(["-m", "http.server", "--bind", "127.0.0.1", "--directory", &text(&served), &port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let synced = acme.consign(&[
        "mirror",
        "sync",
        &format!("http://127.0.0.1:{port}"),
        &text(&mirror),
        "--certificate",
        &text(&acme.certificate()),
        "--url",
        "https://mirror.site.example/acme",
        "--product",
        "backoffice >=4.0.0",
        "--format",
        "msi",
        "--architecture",
        "x64",
    ]);
    server.kill()?;
    server.wait()?;
    synced?;
    fs_err::copy(mirror.join(".consign/mirror.json"), folder.join("mirror.json"))?;
    let keys = text(acme.certificate().parent().unwrap_or(&mirror));
    acme.consign(&["mirror", "extend", &text(&mirror), "--valid-for", "1d", "--keys", &keys])?;
    fs_err::copy(mirror.join("consign/stable/extension.pgp"), folder.join("extension.pgp"))?;
    Ok(())
}
