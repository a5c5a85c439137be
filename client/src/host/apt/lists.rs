//! What the repositories offer: apt's lists, by way of `apt-cache` and `apt-get indextargets`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use consign_metadata::name::PackageName;

use crate::host::command::HostCommand;
use crate::host::{HostError, Repository, at, login};
use crate::places::Places;

const PREFERENCES: &str = "/etc/apt/preferences.d";
const TARGET: &str = "$(SITE)\t$(REPO_URI)\t$(RELEASE)\t$(METAKEY)\t$(FILENAME)";

/// What an upgrade would install if nothing were held by the agent. The administrator's own
/// preferences count as they always do: apt is asked with every file of theirs, and without ours.
///
/// # Errors
/// When the lists cannot be read.
pub fn candidate(places: &Places, package: &PackageName) -> Result<Option<String>, HostError> {
    let preferences = without_hold(places)?;
    let answer = HostCommand::new("apt-cache")
        .args(["-o", &format!("Dir::Etc::PreferencesParts={}", preferences.path().display())])
        .args(["policy", package.as_str()])
        .output()?;
    Ok(candidate_of(&String::from_utf8_lossy(&answer)))
}

fn candidate_of(policy: &str) -> Option<String> {
    let field = |name: &str| policy.lines().find_map(|line| line.trim().strip_prefix(name)).map(str::trim);
    let candidate = field("Candidate:").filter(|version| *version != "(none)")?;
    (field("Installed:") != Some(candidate)).then(|| candidate.to_owned())
}

/// A folder that has the administrator's preferences and not our hold.
fn without_hold(places: &Places) -> Result<tempfile::TempDir, HostError> {
    let parent = places.at("/run/consignee");
    fs_err::create_dir_all(&parent).map_err(|e| at("create", &parent, e))?;
    let folder =
        tempfile::Builder::new().prefix("preferences-").tempdir_in(&parent).map_err(|e| at("create", &parent, e))?;
    let all = places.at(PREFERENCES);
    for name in names(&all).map_err(|e| at("read", &all, e))? {
        if name != super::hold::FILE {
            let link = folder.path().join(&name);
            std::os::unix::fs::symlink(all.join(&name), &link).map_err(|e| at("create", &link, e))?;
        }
    }
    Ok(folder)
}

fn names(folder: &Path) -> std::io::Result<Vec<String>> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The repositories that offer any version of the packages.
///
/// # Errors
/// When the lists cannot be read.
pub fn repositories(packages: &[PackageName]) -> Result<Vec<Repository>, HostError> {
    if packages.is_empty() {
        return Ok(Vec::new());
    }
    let names = packages.iter().map(PackageName::as_str);
    let versions = HostCommand::new("apt-cache").arg("madison").args(names).output()?;
    let sources = sources(&String::from_utf8_lossy(&versions));
    let targets =
        HostCommand::new("apt-get").args(["indextargets", "--format", TARGET, "Created-By: Packages"]).output()?;
    Ok(targets_of(&String::from_utf8_lossy(&targets), &sources))
}

/// Site and suite of each line `name | version | http://host/path stable/main amd64 Packages`.
fn sources(madison: &str) -> BTreeSet<(String, String)> {
    let source = |line: &str| {
        let mut words = line.split(" | ").nth(2)?.split_whitespace();
        let (site, suite) = (words.next()?, words.next()?);
        // A flat repository has no component; its suite is a path that ends with a slash.
        let suite = if suite.ends_with('/') { suite } else { suite.rsplit_once('/').map_or(suite, |(s, _)| s) };
        Some((site.to_owned(), suite.to_owned()))
    };
    madison.lines().filter_map(source).collect()
}

fn targets_of(targets: &str, sources: &BTreeSet<(String, String)>) -> Vec<Repository> {
    let mut found: Vec<Repository> = Vec::new();
    for line in targets.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [site, url, suite, index, file] = fields.as_slice() else { continue };
        if !sources.contains(&((*site).to_owned(), (*suite).to_owned())) {
            continue;
        }
        let Some(entry_point) = entry_point(file, index) else { continue };
        let (url, login) = login::split(url);
        let repository = Repository { url, login, channel: (*suite).to_owned(), entry_point };
        // Two components or architectures of one suite.
        if !found.contains(&repository) {
            found.push(repository);
        }
    }
    found
}

/// The `InRelease` that apt keeps beside an index: the name of the index without what is below the suite.
fn entry_point(file: &str, index: &str) -> Option<PathBuf> {
    let below = index.replace('/', "_");
    let before = &file[..file.rfind(&below)?];
    Some(PathBuf::from(format!("{before}InRelease")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = "acme-erp:\n  Installed: 1.0.0-1\n  Candidate: 1.2.0-1\n  Version table:\n     1.2.0-1 500\n";

    #[test]
    fn the_candidate_is_what_differs_from_the_installed_version() {
        assert_eq!(candidate_of(POLICY).as_deref(), Some("1.2.0-1"));
        assert_eq!(candidate_of(&POLICY.replace("1.2.0-1\n  V", "1.0.0-1\n  V")), None);
        assert_eq!(candidate_of(&POLICY.replace("1.2.0-1\n  V", "(none)\n  V")), None);
        assert_eq!(candidate_of(""), None);
    }

    #[test]
    fn repositories_are_those_that_offer_the_packages() {
        let madison = "  acme-erp |    1.2.0-1 | http://127.0.0.1:8081/r stable/main amd64 Packages\n  \
            acme-erp |    1.0.0-1 | http://127.0.0.1:8081/r stable/main amd64 Packages\n";
        let targets = "http://127.0.0.1:8081/r\thttp://127.0.0.1:8081/r/\tstable\tmain/binary-amd64/Packages\t\
            /var/lib/apt/lists/127.0.0.1:8081_r_dists_stable_main_binary-amd64_Packages.lz4\n\
            http://127.0.0.1:8081/r\thttp://127.0.0.1:8081/r/\tstable\tmain/binary-i386/Packages\t\
            /var/lib/apt/lists/127.0.0.1:8081_r_dists_stable_main_binary-i386_Packages\n\
            http://deb.debian.org/debian\thttp://deb.debian.org/debian/\ttrixie\tmain/binary-amd64/Packages\t\
            /var/lib/apt/lists/deb.debian.org_debian_dists_trixie_main_binary-amd64_Packages\n";
        assert_eq!(
            targets_of(targets, &sources(madison)),
            [Repository {
                url: "http://127.0.0.1:8081/r/".to_owned(),
                login: None,
                channel: "stable".to_owned(),
                entry_point: "/var/lib/apt/lists/127.0.0.1:8081_r_dists_stable_InRelease".into(),
            }]
        );
    }

    #[test]
    fn our_own_hold_is_left_out_of_the_preferences() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        let all = places.at(PREFERENCES);
        fs_err::create_dir_all(&all).unwrap();
        for name in ["acme-release", super::super::hold::FILE, "site"] {
            fs_err::write(all.join(name), "").unwrap();
        }
        let folder = without_hold(&places).unwrap();
        let mut found = names(folder.path()).unwrap();
        found.sort();
        assert_eq!(found, ["acme-release", "site"]);
    }
}
