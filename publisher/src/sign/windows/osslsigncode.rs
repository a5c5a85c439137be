//! `osslsigncode`, with a key in a file or behind PKCS#11.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use consign_metadata::authenticode::Pins;
use tempfile::NamedTempFile;

use super::outcome::run;
use super::{FileSigner, SigningRequest};
use crate::sign::SignError;

/// Where Debian puts what lets OpenSSL speak PKCS#11.
const ENGINE: &str = "/usr/lib/x86_64-linux-gnu/engines-3/pkcs11.so";

/// Where the key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// A file, PEM or DER.
    File(PathBuf),
    /// A token or a service.
    Pkcs11 {
        /// `pkcs11:token=…;object=…;type=private`.
        uri: String,
        /// The library of the token.
        module: PathBuf,
        /// The engine of OpenSSL, where it is not where Debian has it.
        engine: Option<PathBuf>,
    },
}

/// Signs with `osslsigncode`.
#[derive(Clone)]
pub struct Osslsigncode {
    /// The certificate, and those above it.
    pub certificates: PathBuf,
    /// The key.
    pub key: Key,
    /// What opens the key; it is never an argument, since whoever is on the machine could read that.
    pub passphrase: Option<String>,
    /// Who says when it was signed (RFC 3161).
    pub time_stamp: Option<String>,
    /// Whose signature it must be.
    pub pins: Pins,
}

impl std::fmt::Debug for Osslsigncode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Osslsigncode").field("key", &self.key).finish_non_exhaustive()
    }
}

impl Osslsigncode {
    fn command(&self, request: &SigningRequest<'_>) -> Command {
        let mut command = Command::new("osslsigncode");
        command.arg("sign").arg("-certs").arg(&self.certificates);
        match &self.key {
            Key::File(path) => command.arg("-key").arg(path),
            Key::Pkcs11 { uri, module, engine } => {
                let engine = engine.clone().unwrap_or_else(|| ENGINE.into());
                command.arg("-pkcs11engine").arg(engine).arg("-pkcs11module").arg(module).arg("-key").arg(uri)
            }
        };
        command.args(["-h", "sha256", "-add-msi-dse", "-n", request.name]);
        command.args(request.url.iter().flat_map(|url| ["-i", url]));
        command.args(self.time_stamp.iter().flat_map(|authority| ["-ts", authority]));
        command.arg("-in").arg(request.input).arg("-out").arg(request.output);
        command
    }
}

impl FileSigner for Osslsigncode {
    fn sign(&self, request: &SigningRequest<'_>) -> Result<(), SignError> {
        let mut command = self.command(request);
        let passphrase = self.passphrase.as_ref().map(|text| -> std::io::Result<NamedTempFile> {
            let mut file = NamedTempFile::new()?;
            file.write_all(text.as_bytes())?;
            file.flush()?;
            Ok(file)
        });
        let passphrase = passphrase.transpose()?;
        if let Some(file) = &passphrase {
            command.arg("-readpass").arg(file.path());
        }
        run(&mut command)
    }

    fn pins(&self) -> &Pins {
        &self.pins
    }
}
