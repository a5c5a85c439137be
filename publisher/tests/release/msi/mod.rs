//! Packages for Windows, judged by readers of others: the crate `msi`, msitools, cabextract.

mod authority;
mod example;
mod limits;
mod read;
mod siblings;
mod signed;
mod unsigned;
mod validated;
mod wine;
mod wine_agent;
mod wine_host;

use std::fs::File;
use std::path::Path;

use consign::build::{Built, Release};
use consign::package::SignedPackage;
use consign::sign::{Algorithm, KeyFile};
use jiff::Timestamp;

use crate::sample::{Keys, Sample, output_of, text};

pub const TIME: i64 = 1_700_000_000;

/// What a module says of Windows.
pub const WINDOWS: &str = r#"
[module.windows]
upgrade_code = "{6F1C0A5E-2B47-4D0B-9A3E-51C7D82493E6}"
name = "Acme ERP"
install_folder = 'Acme\ERP'
files = [
    { from = "win/", to = "bin/" },
    { from = "erp.conf", to = "{data}/erp.conf", config = true },
]
folders = [{ path = "{data}/spool", write = ["AcmeErp"] }]
registry = [{ key = 'Software\Acme\ERP', name = "Port", value = 8080 }]

[[module.windows.service]]
name = "AcmeErp"
program = "bin/erp.exe"
arguments = "--service"
account = "virtual"
start = "automatic-delayed"
recovery = { restart_after = ["1m", "5m"] }
"#;

/// A project with a module for Windows.
pub struct Project {
    pub sample: Sample,
    pub keys: Keys,
}

impl Project {
    pub fn new() -> Self {
        let sample = Sample::new();
        sample.write("win/erp.exe", "MZ, as it were\n");
        sample.write("win/read me first.txt", "Read me.\n");
        sample.replace("[options.edition]", &format!("{WINDOWS}\n[options.edition]"));
        sample.replace("maintainer =", "formats = [\"msi\"]\nmaintainer =");
        Self { sample, keys: Keys::new(Algorithm::Ed25519) }
    }

    pub fn signer(&self) -> KeyFile {
        self.keys.package()
    }

    pub fn release(&self) -> Release {
        Release::prepare(&self.sample.load()).unwrap()
    }

    /// The packages of every format.
    pub fn all(&self) -> Vec<Built> {
        let time = Timestamp::from_second(TIME).unwrap();
        self.release().build(&self.signer(), time, &self.sample.path().join("dist"), &mut |_| {}).unwrap()
    }

    /// The package for Windows.
    pub fn msi(&self) -> SignedPackage {
        let mut built = self.all();
        let at = built.iter().position(|built| built.package.path().extension().unwrap() == "msi").unwrap();
        built.remove(at).package
    }
}

/// The rows of a table, as the crate `msi` reads them.
pub fn rows(path: &Path, table: &str) -> Vec<Vec<String>> {
    let mut package = msi::Package::open(File::open(path).unwrap()).unwrap();
    let rows = package.select_rows(msi::Select::table(table)).unwrap();
    rows.map(|row| (0..row.len()).map(|at| shown(&row[at])).collect()).collect()
}

fn shown(value: &msi::Value) -> String {
    match value {
        msi::Value::Null | msi::Value::Binary => String::new(),
        msi::Value::Int(number) => number.to_string(),
        msi::Value::Str(text) => text.clone(),
    }
}

/// What msitools unpack, below a folder.
pub fn extract(path: &Path, folder: &Path) {
    output_of("msiextract", &["-C", text(folder), text(path)]);
}
