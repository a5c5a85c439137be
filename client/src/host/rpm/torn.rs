//! Files that an interrupted transaction has put in their places before rpm wrote down whose they are.
//!
//! rpm unpacks the files of a package under their names and says so in its database afterwards. Where it is killed in
//! between, or the power fails, the database knows nothing but the version of before, and its files are those of the
//! next one, or, where they were not synced, of none. dpkg writes down first that it has begun.
//!
//! What a site has changed in a package's files is no such thing: only files that were made since the transaction may
//! have begun are looked at.

use std::fs::Metadata;
use std::path::{Path, PathBuf};

use consign_metadata::name::PackageName;
use jiff::Timestamp;

use super::database;
use crate::host::HostError;
use crate::places::Places;

/// What rpm says of a file that is not there.
const MISSING: &str = "missing";
/// Of its answers for a file: size, digest, link, device, and what it could not look at. Owner, mode and times
/// are changed by others, too.
const CONTENT: [char; 5] = ['S', '5', 'L', 'D', '?'];
/// Configuration files are the site's, and ghosts are nobody's.
const LEFT_OUT: [&str; 2] = ["c", "g"];

/// The files of packages that are not what the database says since a moment.
///
/// # Errors
/// When rpm cannot be asked.
pub fn files(places: &Places, packages: &[PackageName], since: Timestamp) -> Result<Vec<PathBuf>, HostError> {
    let here: Vec<PackageName> = database::observe(places, packages)?.into_iter().map(|(name, _)| name).collect();
    let is_touched = |path: &PathBuf| is_touched(&places.at(&path.to_string_lossy()), since);
    // To read every file takes as long as the packages are large, and most often nothing has been begun.
    if !database::files(places, &here)?.iter().any(is_touched) {
        return Ok(Vec::new());
    }
    let names = here.iter().map(PackageName::as_str);
    let verify = super::rpm(places).args(["--verify", "--nodeps", "--noscripts", "--nosignature", "--"]).args(names);
    // Its status says that there is a line.
    let answer = verify.run()?;
    let differ = answer.text().lines().filter_map(differs).map(PathBuf::from).filter(is_touched).collect();
    Ok(differ)
}

/// Whether a file was made since a moment, or has gone since then.
fn is_touched(path: &Path, since: Timestamp) -> bool {
    let is_since = |time: std::io::Result<std::time::SystemTime>| {
        time.ok().and_then(|time| Timestamp::try_from(time).ok()).is_some_and(|time| time >= since)
    };
    match path.symlink_metadata() {
        // A folder is kept from version to version.
        Ok(found) if found.is_dir() => false,
        Ok(found) => is_since(made(&found)),
        Err(_) => path.parent().is_some_and(|folder| is_since(folder.metadata().and_then(|folder| folder.modified()))),
    }
}

/// Where the file system does not know it, when the file was last changed.
fn made(file: &Metadata) -> std::io::Result<std::time::SystemTime> {
    file.created().or_else(|_| file.modified())
}

/// The path in a line of `rpm --verify`, where it says that the content is another one. rpm(8), "VERIFY OPTIONS".
fn differs(line: &str) -> Option<&str> {
    let (said, path) = line.split_at(line.find(" /")? + 1);
    let mut words = said.split_whitespace();
    let (result, kind) = (words.next()?, words.next());
    let is_other = result == MISSING || result.contains(CONTENT);
    (is_other && kind.is_none_or(|kind| !LEFT_OUT.contains(&kind))).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::super::sample::Root;
    use super::*;

    #[test]
    fn what_rpm_says_of_a_file_is_understood() {
        let cases = [
            ("S.5....T.    /opt/x/bin/engine", Some("/opt/x/bin/engine")),
            ("..5....T.  d /usr/share/doc/x/two words", Some("/usr/share/doc/x/two words")),
            ("missing     /opt/x/lib", Some("/opt/x/lib")),
            ("..?......    /opt/x/unreadable", Some("/opt/x/unreadable")),
            ("S.5....T.  c /etc/x.conf", None),
            ("missing   c /etc/x.conf", None),
            (".M...UG..  g /run/x", None),
            (".M...UGT.    /opt/x/bin/engine", None),
            ("error: rpmdb", None),
        ];
        for (line, expected) in cases {
            assert_eq!(differs(line), expected, "{line}");
        }
    }

    #[test]
    fn only_what_was_made_since_then_and_is_another_file_counts() {
        let root = Root::empty();
        root.install(&[root.build("acme-erp", "1.0.0", "1")]);
        let erp: PackageName = "acme-erp".parse().unwrap();
        let torn = |since| files(&root.places, std::slice::from_ref(&erp), since);
        let file = root.places.at("/usr/share/acme-erp/version");
        let long_ago = Timestamp::UNIX_EPOCH;
        assert_eq!(torn(long_ago), Ok(vec![]), "the file is that of the package");

        // What the site has patched stays what it is to an upgrade that begins later.
        fs_err::write(&file, "1.0.0 patched\n").unwrap();
        assert_eq!(torn(long_ago), Ok(vec!["/usr/share/acme-erp/version".into()]));
        assert_eq!(torn(Timestamp::now() + std::time::Duration::from_secs(5)), Ok(vec![]));

        fs_err::remove_file(&file).unwrap();
        assert_eq!(torn(long_ago), Ok(vec!["/usr/share/acme-erp/version".into()]));
        assert_eq!(files(&root.places, &["acme-web".parse().unwrap()], long_ago), Ok(vec![]));
    }
}
