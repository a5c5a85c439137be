//! Who signs packages for Windows.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use consign_metadata::anchor::WindowsPins;
use consign_metadata::authenticode::Pins;

use super::Failure;
use crate::file::OnFile;
use crate::manifest::WindowsSigning;
use crate::sign::FileSigner;
use crate::sign::windows::{Command, Key, Osslsigncode};

/// The variable that may hold what opens the key.
const PASSPHRASE: &str = "CONSIGN_WINDOWS_PASSPHRASE";
const PKCS11: &str = "pkcs11:";
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// Options of commands that sign packages for Windows. What opens the key comes from
/// `CONSIGN_WINDOWS_PASSPHRASE`, and never from an argument.
#[derive(Debug, Args)]
pub struct WindowsArgs {
    /// The key that signs packages for Windows: a file, or a URI that begins with pkcs11:
    #[arg(long, env = "CONSIGN_WINDOWS_KEY", value_name = "FILE|URI")]
    windows_key: Option<String>,
    /// The library of the token that has it
    #[arg(long, env = "CONSIGN_WINDOWS_PKCS11_MODULE", value_name = "FILE")]
    windows_pkcs11_module: Option<PathBuf>,
    /// The engine that lets OpenSSL speak to it [default: that of Debian]
    #[arg(long, env = "CONSIGN_WINDOWS_PKCS11_ENGINE", value_name = "FILE")]
    windows_pkcs11_engine: Option<PathBuf>,
}

impl WindowsArgs {
    /// Whether a key was named, by an option or in the environment.
    pub fn has_key(&self) -> bool {
        self.windows_key.is_some()
    }

    /// The signer; `None` where nobody signs for Windows.
    ///
    /// # Errors
    /// What is missing.
    pub fn signer(&self, signing: Option<&WindowsSigning>) -> Result<Option<Arc<dyn FileSigner>>, Failure> {
        let Some(signing) = signing else {
            return match &self.windows_key {
                None => Ok(None),
                Some(_) => Err(Failure::usage("--windows-key needs the certificate of the key")
                    .hint("name it in the manifest: [windows] certificate = \"windows.pem\"")),
            };
        };
        let read = |path: &PathBuf| std::fs::read(path).on("read", path);
        let bad = |cause| Failure::refused(format!("cannot use the certificate for Windows: it {cause}"));
        let mut pins = Pins::of(&read(&signing.certificate)?).map_err(bad)?;
        if let Some(path) = &signing.time_stamp_certificate {
            pins = pins.with_time_stampers(&read(path)?).map_err(bad)?;
        }
        match (&signing.sign, &self.windows_key) {
            (Some(words), _) => {
                let command = Command::new(words.clone(), pins).map_err(Failure::usage)?;
                Ok(Some(Arc::new(command)))
            }
            (None, Some(key)) => Ok(Some(Arc::new(self.osslsigncode(key, signing, pins)?))),
            (None, None) => Ok(None),
        }
    }

    fn osslsigncode(&self, key: &str, signing: &WindowsSigning, pins: Pins) -> Result<Osslsigncode, Failure> {
        let key = match (key.starts_with(PKCS11), &self.windows_pkcs11_module) {
            (false, _) => Key::File(key.into()),
            (true, Some(module)) => {
                let (module, engine) = (module.clone(), self.windows_pkcs11_engine.clone());
                Key::Pkcs11 { uri: key.to_owned(), module, engine }
            }
            (true, None) => {
                return Err(Failure::usage("a key on a token needs --windows-pkcs11-module, the library of the token"));
            }
        };
        Ok(Osslsigncode {
            certificates: signing.certificate.clone(),
            key,
            passphrase: std::env::var(PASSPHRASE).ok(),
            time_stamp: signing.time_stamp.clone(),
            pins,
        })
    }
}

/// By whom hosts want packages to be signed for Windows.
///
/// # Errors
/// Where a certificate cannot be read, or is none.
pub fn pins(signing: &WindowsSigning) -> Result<WindowsPins, Failure> {
    let read = |path: &PathBuf| std::fs::read_to_string(path).on("read", path).map(|pem| certificates_in(&pem));
    let pins = WindowsPins {
        certificates: read(signing.pinned.as_ref().unwrap_or(&signing.certificate))?,
        time_stamps: signing.time_stamp_certificate.as_ref().map(read).transpose()?,
    };
    let bad = |cause| Failure::refused(format!("cannot pin the certificate for Windows: it {cause}"));
    pins.read().map(|_| pins).map_err(bad)
}

/// Nothing else of a file goes to hosts: there may be a key in it.
fn certificates_in(pem: &str) -> String {
    let blocks = pem.split(BEGIN).skip(1).filter_map(|rest| rest.split_once(END)).map(|(block, _)| block);
    blocks.map(|block| format!("{BEGIN}{block}{END}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_certificates_of_a_file_go_to_hosts() {
        let pem = format!(
            "# ours\n-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\n{BEGIN}\na\n{END}\n{BEGIN}\nb\n{END}"
        );
        assert_eq!(certificates_in(&pem), format!("{BEGIN}\na\n{END}\n{BEGIN}\nb\n{END}\n"));
    }
}
