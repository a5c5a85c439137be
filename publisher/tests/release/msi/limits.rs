//! What Windows cannot hold is refused when the package is built, each with the file or the value.

use std::fs;
use std::os::unix::fs::symlink;

use consign::build::Release;
use consign::manifest::Strictness::Lenient;

use super::{Project, TIME};
use crate::sample::output_of;

fn refusal(change: impl Fn(&Project)) -> String {
    let project = Project::new();
    change(&project);
    let release = match Release::prepare(&project.sample.load()) {
        Ok(release) => release,
        Err(refused) => return refused.to_string(),
    };
    let (time, folder) = (jiff::Timestamp::from_second(TIME).unwrap(), project.sample.path().join("dist"));
    match release.build(&project.signer(), time, &folder, &mut |_| {}) {
        Ok(_) => "it was built".to_owned(),
        Err(refused) => refused.to_string(),
    }
}

#[test]
fn files_that_windows_cannot_hold_are_refused() {
    let with = |name: &str| refusal(|project| project.sample.write(&format!("win/{name}"), "x"));
    let names = [
        ("con.txt", "the name of a device"),
        ("a/LPT1", "the name of a device"),
        ("dot.", "drops a dot or a blank"),
        ("a:b", "one of < > :"),
        ("ERP.EXE", "are one file to Windows"),
        ("erp.EXE/x", "are one file to Windows"),
        ("Łódź.txt", "has no 'Ł'"),
    ];
    let told = names.map(|(name, why)| (name, why, with(name)));
    let otherwise =
        told.into_iter().filter(|(_, why, said)| !(said.starts_with("cannot build package") && said.contains(why)));
    assert_eq!(otherwise.collect::<Vec<_>>(), []);
    let long = refusal(|project| project.sample.write(&format!("win/{0}/{0}/x", "a".repeat(120)), "x"));
    assert!(long.contains("259 characters"), "{long}");
    let link = refusal(|project| symlink("erp.exe", project.sample.path().join("win/link")).unwrap());
    assert!(link.contains("is a link"), "{link}");
}

/// It is a hole of 2 GiB: nobody waits until it is read.
#[test]
fn a_file_that_no_cabinet_can_hold_is_refused_by_its_length() {
    let large = refusal(|project| {
        let file = fs::File::create(project.sample.path().join("win/large")).unwrap();
        file.set_len(0x8000_0000).unwrap();
    });
    assert!(large.contains("has 2147483648 bytes"), "{large}");
}

#[test]
fn a_version_that_windows_cannot_hold_is_refused_where_it_was_typed() {
    let project = Project::new();
    project.sample.replace("version = \"1.1.0\"", "version = \"2024.1.0\"");
    let fault = project.sample.fault(Lenient);
    assert!(fault.contains("line 5") && fault.contains("its first number is 2024"), "{fault}");
    project.sample.replace("version =", "windows_version = \"24.1.0\"\nversion =");
    let built = project.msi();
    assert_eq!(built.version(), "2024.1.0-1");
    let upgrades = super::rows(built.path(), "Upgrade");
    assert!(upgrades.iter().any(|row| row[2] == "24.1.0" && row[6] == "OLDFOUND"), "{upgrades:?}");
}

#[test]
fn what_a_manifest_says_of_windows_is_checked_where_it_was_typed() {
    let fault = |part: &str, with: &str| {
        let project = Project::new();
        project.sample.replace(part, with);
        project.sample.fault(Lenient)
    };
    for (part, with, said) in [
        ("upgrade_code = \"{6F1C0A5E-2B47-4D0B-9A3E-51C7D82493E6}\"\n", "", "no upgrade code"),
        ("upgrade_code = \"{6F1C", "upgrade_code = \"{6F1Z", "is not an upgrade code"),
        ("upgrade_code = ", "pools = ['Acme/Shop']\nupgrade_code = ", "IIS has no application pool \"Acme/Shop\""),
        ("'Acme\\ERP'", "'Acme\\NUL'", "the name of a device"),
        ("to = \"bin/\"", "to = \"../bin/\"", "has a part '.' or '..'"),
        ("to = \"bin/\"", "to = 'C:\\bin'", "cannot be a path on Windows"),
        ("account = \"virtual\"", "account = 'ACME\\erp'", "is not an account that a package can give"),
        ("write = [\"AcmeErp\"]", "write = ['ACME\\erp']", "only a host knows who"),
        ("{data}/spool", "spool", "what is written to is below {data}"),
        ("program = \"bin/erp.exe\"", "program = \"bin/erp\"", "an .exe of the package"),
        ("key = 'Software", "key = 'HKLM\\Software", "begins with a root"),
        ("restart_after = [\"1m\", \"5m\"]", "restart_after = []", "after how long"),
        ("formats = [\"msi\"]", "formats = []", "packages in no format are none"),
    ] {
        let fault = fault(part, with);
        assert!(fault.contains(said), "{said}: {fault}");
    }
    let project = Project::new();
    project.sample.replace("program = \"bin/erp.exe\"", "program = \"bin/other.exe\"");
    let refused = Release::prepare(&project.sample.load()).unwrap_err().to_string();
    assert!(refused.contains("the service AcmeErp runs bin/other.exe"), "{refused}");
}

#[test]
fn programs_say_their_version_and_their_processor_themselves() {
    let project = Project::new();
    project.sample.write(
        "version.rc",
        "1 VERSIONINFO FILEVERSION 1,2,3,4 PRODUCTVERSION 1,2,3,4\nBEGIN BLOCK \"VarFileInfo\" BEGIN VALUE \"Translation\", 0x40c, 1200 END END\n",
    );
    project.sample.write("main.c", "int main(void) { return 0; }\n");
    let at = |name: &str| project.sample.path().join(name).display().to_string();
    output_of("x86_64-w64-mingw32-windres", &[&at("version.rc"), &at("version.o")]);
    output_of("x86_64-w64-mingw32-gcc", &["-s", "-o", &at("win/erp.exe"), &at("main.c"), &at("version.o")]);
    let msi = project.msi();
    let file = super::rows(msi.path(), "File").into_iter().find(|row| row[2] == "erp.exe").unwrap();
    assert_eq!((file[4].as_str(), file[5].as_str()), ("1.2.3.4", "1036"));
    // Windows compares it by its version, and needs no digest.
    assert!(super::rows(msi.path(), "MsiFileHash").iter().all(|row| row[0] != file[0]));

    let mut program = fs::read(at("win/erp.exe")).unwrap();
    let header = u32::from_le_bytes(program[0x3c..0x40].try_into().unwrap()) as usize;
    program[header + 4..header + 6].copy_from_slice(&0xaa64u16.to_le_bytes());
    fs::write(at("win/erp.exe"), program).unwrap();
    let refused = refusal(|other| {
        fs::copy(at("win/erp.exe"), other.sample.path().join("win/erp.exe")).unwrap();
    });
    assert!(refused.contains("is a program for arm64, and the package is for x64"), "{refused}");
}

#[test]
fn a_secret_is_told_before_everybody_on_a_host_can_read_it() {
    let project = Project::new();
    project.sample.write("win/tls.key", "-----BEGIN PRIVATE KEY-----\nx\n");
    let release = Release::prepare(&project.sample.load()).unwrap();
    assert!(
        release.exposed()[0].starts_with("bin/tls.key of acme-erp looks like a private key"),
        "{:?}",
        release.exposed()
    );
}

/// Cabinets of others' making are known to break here.
#[test]
fn files_that_repeat_one_byte_or_are_empty_are_packed_as_cabextract_unpacks_them() {
    let project = Project::new();
    fs::write(project.sample.path().join("win/zeros"), vec![0; 3 << 20]).unwrap();
    fs::write(project.sample.path().join("win/short"), "ab".repeat(40_000)).unwrap();
    project.sample.write("win/empty", "");
    let noise: Vec<u8> = (0..200_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    fs::write(project.sample.path().join("win/noise"), noise).unwrap();
    let msi = project.msi();
    let cabinet = project.sample.path().join("files.cab");
    let line = format!("msiinfo extract {} files.cab >{}", msi.path().display(), cabinet.display());
    output_of("sh", &["-c", &line]);
    let tested = output_of("cabextract", &["-t", crate::sample::text(&cabinet)]);
    assert!(tested.contains("All done, no errors."), "{tested}");
}
