//! What a backup of files brings back on Windows, and what it does not take for one.

use std::time::Duration;

use super::*;

fn later() -> Instant {
    Instant::now() + Duration::from_secs(60)
}

/// A folder with a file, one that may only be read, an empty one and a folder.
fn data() -> (tempfile::TempDir, PathBuf, PathBuf) {
    let root = tempfile::tempdir().unwrap();
    let data = fs::canonicalize(root.path()).unwrap().join("data");
    fs::create_dir_all(data.join("spool").join("empty")).unwrap();
    fs::write(data.join("erp.db"), vec![7; 700_000]).unwrap();
    fs::write(data.join("spool").join("é 1.txt"), "one").unwrap();
    fs::write(data.join("nothing"), "").unwrap();
    let mut closed = fs::metadata(data.join("erp.db")).unwrap().permissions();
    closed.set_readonly(true);
    fs::set_permissions(data.join("erp.db"), closed).unwrap();
    let saved = root.path().join("files.saved");
    (root, data, saved)
}

#[test]
fn what_was_saved_comes_back_as_it_was() {
    let (_root, data, saved) = data();
    archive::write(&saved, std::slice::from_ref(&data), later()).unwrap();
    archive::compare(&saved, later()).unwrap();
    let before = fs::metadata(data.join("erp.db")).unwrap();
    Traits::unprotect(&data.join("erp.db")).unwrap();
    fs::write(data.join("erp.db"), "migrated").unwrap();
    fs::write(data.join("spool").join("new"), "new").unwrap();
    fs::remove_file(data.join("nothing")).unwrap();
    assert!(archive::compare(&saved, later()).is_err());
    empty(&data).unwrap();
    assert_eq!(fs::read_dir(&data).unwrap().count(), 0);
    archive::extract(&saved, later()).unwrap();
    archive::compare(&saved, later()).unwrap();
    let after = fs::metadata(data.join("erp.db")).unwrap();
    assert_eq!((after.len(), after.modified().unwrap()), (700_000, before.modified().unwrap()));
    assert!(after.permissions().readonly());
    assert_eq!(fs::read_to_string(data.join("spool").join("é 1.txt")).unwrap(), "one");
    assert!(data.join("spool").join("empty").is_dir() && !data.join("spool").join("new").exists());
}

#[test]
fn what_is_damaged_or_cut_off_is_no_backup() {
    let (_root, data, saved) = data();
    archive::write(&saved, std::slice::from_ref(&data), later()).unwrap();
    let whole = fs::read(&saved).unwrap();
    let mut damaged = whole.clone();
    // In the middle of the large file, which has the same length.
    let middle = whole.windows(16).position(|bytes| bytes == [7; 16]).unwrap() + 100_000;
    damaged[middle] = 8;
    for (bytes, about) in [(&damaged[..], "content"), (&whole[..whole.len() - 20], ""), (b"consign-files 2\n", "first")]
    {
        fs::write(&saved, bytes).unwrap();
        let problem = archive::compare(&saved, later()).unwrap_err().to_string();
        assert!(problem.contains(about), "{about}: {problem}");
    }
}

#[test]
fn one_that_takes_too_long_is_told_so() {
    let (_root, data, saved) = data();
    let problem = archive::write(&saved, std::slice::from_ref(&data), Instant::now()).unwrap_err();
    assert_eq!(problem.cause.kind(), io::ErrorKind::TimedOut);
}
