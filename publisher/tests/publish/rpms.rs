//! Releases as rpms, with the plan that a build of the project makes.

use std::path::PathBuf;

use consign::package::rpm::{Rpm, RpmControl};
use consign::package::{Architecture, PackageContents, Packager, SignedPackage};
use consign::sign::{KeyFile, KeyFiles, OpenPgpSigner};
use consign::stage::{Attributes, Entry, Node, Source, StagedTree};
use consign::trust::Trust;
use consign_metadata::digest::Sha256;
use consign_metadata::document::Role;
use consign_metadata::plan::{self, NativeVersions, note_file};
use jiff::Timestamp;

use crate::project::Project;

impl Project {
    /// Builds a version as an rpm, signed by the key of a folder.
    pub fn rpm(&self, version: &str, keys: &str) -> PathBuf {
        self.rpm_as(version, version, keys)
    }

    /// The same with a native version of its own.
    pub fn rpm_as(&self, version: &str, native: &str, keys: &str) -> PathBuf {
        let deb = self.build("erp", version).remove(0);
        let trust = Trust::beside(&self.certificate()).unwrap();
        let deb = SignedPackage::open(&deb, &trust.keyring(Role::Package).unwrap()).unwrap();
        let files = KeyFiles::in_folder(&self.path(keys));
        let key = KeyFile::open(&files.package_secret, || Err("no passphrase is needed".to_owned())).unwrap();
        let message = &deb.plan().unwrap().message;
        let verified = trust.keyring(Role::Package).unwrap().verify_message(message, plan::MAXIMUM_SIZE).unwrap();
        let mut document: serde_json::Value = serde_json::from_slice(&verified.bytes).unwrap();
        let native = format!("{native}-1");
        document["body"]["modules"][0]["native"] = serde_json::json!({ "rpm": native });
        let message = key.message(document.to_string().as_bytes()).unwrap();
        let mut payload = StagedTree::default();
        let stands_for = Sha256::of(document.to_string().as_bytes());
        let node = Node::File { source: Source::Salted { bytes: message, stands_for }, config: false };
        payload.add(&plan::installed_path(deb.name()), Entry { attributes: Attributes::root(0o644), node }).unwrap();
        for note in deb.notes() {
            let path = format!("/usr/share/doc/acme-erp/notes/{}", note_file(&note.version, note.language));
            payload.add_bytes(&path, note.text.clone().into_bytes(), 0o644).unwrap();
        }
        let program = std::fs::read(self.path("app/erp")).unwrap();
        payload.add_bytes("/opt/acme-erp/erp", program, 0o755).unwrap();
        let contents = PackageContents {
            msi: None,
            name: deb.name().clone(),
            native: NativeVersions { rpm: Some(native), ..NativeVersions::default() },
            architecture: Architecture::All,
            maintainer: "Acme <packages@acme.example>".to_owned(),
            section: "misc".to_owned(),
            priority: "optional".to_owned(),
            summary: "an example of <acme> & others".to_owned(),
            description: "first\n\nsecond".to_owned(),
            homepage: None,
            copyright: consign::package::Copyright {
                holder: "Acme".to_owned(),
                license: "Proprietary".to_owned(),
                text: None,
            },
            release: consign::package::Release { changes: vec!["Changed.".to_owned()] },
            payload,
            deb: Default::default(),
            rpm: RpmControl::default(),
        };
        let unsigned = Rpm::default().build(&contents, Timestamp::now(), &self.path("dist")).unwrap();
        unsigned.sign(&key).unwrap().path().to_owned()
    }
}

impl Project {
    /// A package of a release that was built, in its formats, with files that no manifest would give it.
    pub fn forged(&self, release: &std::path::Path, name: &str, files: &[(&str, &str)]) -> Vec<PathBuf> {
        let trust = Trust::beside(&self.certificate()).unwrap();
        let other = SignedPackage::open(release, &trust.keyring(Role::Package).unwrap()).unwrap();
        let signed = other.plan().unwrap();
        let module = signed.plan.body.modules.iter().find(|module| module.package.as_str() == name).unwrap();
        let source = Source::Salted { bytes: signed.message.clone(), stands_for: signed.plan.digest };
        let (mut payload, mut extra) = (StagedTree::default(), vec![(plan::DEB_MEMBER.to_owned(), source.clone())]);
        let node = Node::File { source, config: false };
        payload
            .add(&plan::installed_path(&module.package), Entry { attributes: Attributes::root(0o644), node })
            .unwrap();
        for note in other.notes() {
            let path = format!("/usr/share/doc/{name}/notes/{}", note_file(&note.version, note.language));
            payload.add_bytes(&path, note.text.clone().into_bytes(), 0o644).unwrap();
            extra
                .push((plan::note_member(&note.version, note.language), Source::Bytes(note.text.clone().into_bytes())));
        }
        for (path, text) in files {
            payload.add_bytes(path, text.as_bytes().to_vec(), 0o644).unwrap();
        }
        let contents = PackageContents {
            msi: None,
            name: module.package.clone(),
            native: module.native.clone(),
            architecture: Architecture::All,
            maintainer: "Acme <packages@acme.example>".to_owned(),
            section: "misc".to_owned(),
            priority: "optional".to_owned(),
            summary: "an example".to_owned(),
            description: String::new(),
            homepage: None,
            copyright: consign::package::Copyright { holder: "Acme".into(), license: "MIT".into(), text: None },
            release: consign::package::Release { changes: vec!["Changed.".to_owned()] },
            payload,
            deb: consign::package::deb::DebControl { extra, ..Default::default() },
            rpm: RpmControl::default(),
        };
        let key =
            KeyFile::open(&KeyFiles::in_folder(&self.path("keys")).package_secret, || Err(String::new())).unwrap();
        let build = |packager: Box<dyn Packager>| {
            let unsigned = packager.build(&contents, Timestamp::UNIX_EPOCH, &self.path("forged")).unwrap();
            unsigned.sign(&key).unwrap().path().to_owned()
        };
        consign::package::packagers(&contents.native, None).into_iter().map(build).collect()
    }
}
