//! A certificate authority of a site's own, by the real openssl.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::error::{Doing, Result};
use crate::outcome::tool;

/// An authority that no host trusts by itself.
#[derive(Debug)]
pub struct Authority {
    folder: TempDir,
}

/// A certificate for `127.0.0.1` and its key.
#[derive(Clone, Debug)]
pub struct Certified {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its secret key.
    pub key: PathBuf,
}

const CURVE: [&str; 5] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];

impl Authority {
    /// A fresh one.
    pub fn new() -> Result<Authority> {
        let authority = Authority { folder: TempDir::with_prefix("authority-").doing("make an authority")? };
        let (certificate, key) = (authority.at("ca.pem"), authority.at("ca.key"));
        let subject =
            ["req", "-x509", "-days", "30", "-subj", "/CN=Private site", "-keyout", &key, "-out", &certificate];
        tool("make an authority", &[&["openssl"][..], &subject, &CURVE].concat())?;
        Ok(authority)
    }

    /// What hosts are told to trust.
    pub fn certificate(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Certifies a server on the loopback.
    pub fn certify(&self) -> Result<Certified> {
        let (key, request, certificate) = (self.at("server.key"), self.at("server.csr"), self.at("server.pem"));
        let wanted = ["req", "-subj", "/CN=packages", "-keyout", &key, "-out", &request];
        tool("make a certificate", &[&["openssl"][..], &wanted, &CURVE].concat())?;
        let names = self.at("names");
        fs_err::write(&names, "subjectAltName=IP:127.0.0.1\n").doing("make a certificate")?;
        let (ca, ca_key) = (self.at("ca.pem"), self.at("ca.key"));
        let signed = ["x509", "-req", "-days", "30", "-in", &request, "-CA", &ca, "-CAkey", &ca_key, "-CAcreateserial"];
        let rest = ["-extfile", &names, "-out", &certificate];
        tool("make a certificate", &[&["openssl"][..], &signed, &rest].concat())?;
        Ok(Certified { certificate: certificate.into(), key: key.into() })
    }

    fn at(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }
}
