//! What a package says of itself, in the tags of its main header.

use consign_metadata::digest::Sha256;
use consign_metadata::rpm::tag;

use super::files::Files;
use super::opened::CONTENT;
use super::payload::{COMPRESSOR, LEVEL, Packed};
use super::relation::Relation;
use super::store::{Store, Value};
use crate::package::deb::wrapped;
use crate::package::{Architecture, PackageContents, PackageError};

const SHELL: &str = "/bin/sh";
/// The oldest rpm that reads what is written here.
const RPM_VERSION: &str = "4.14.2";
/// What `rpmbuild` gives to triggers that say nothing of their turn.
const PRIORITY: u32 = 1_000_000;
/// The name of no host: which one built it is no part of a package.
const BUILD_HOST: &str = "consign";

/// The main header, but for what is known only when all was packed.
#[derive(Debug)]
pub struct Main {
    store: Store,
    content: Sha256,
}

impl Main {
    /// The header of a package with these files.
    pub fn of(contents: &PackageContents, files: &Files, time: u32) -> Result<Self, PackageError> {
        let refuse = |reason: String| PackageError::Contents { package: contents.name.to_string(), reason };
        let native = contents.native.rpm.as_deref().ok_or_else(|| refuse("it has no version for rpm".to_owned()))?;
        let (version, release) = native
            .rsplit_once('-')
            .filter(|(version, _)| !version.contains('-'))
            .ok_or_else(|| refuse(format!("{native:?} is not version-release")))?;
        let mut store = Store::default();
        identity(&mut store, contents, version, release);
        scripts(&mut store, contents);
        relations(&mut store, contents, files, native);
        let mut content = store.clone();
        files.content().describe(&mut content, 0);
        let content = Sha256::of(&content.to_bytes(tag::REGION_HEADER));
        files.describe(&mut store, time);
        dated(&mut store, contents, native, files, time);
        store.text(tag::COOKIE, format!("{CONTENT}{content}"));
        Ok(Self { store, content })
    }

    /// Digest of what the package is: everything but its time, its signatures and its compression.
    pub fn content(&self) -> Sha256 {
        self.content
    }

    /// The bytes that are signed.
    pub fn to_bytes(&self, packed: &Packed) -> Vec<u8> {
        let mut store = self.store.clone();
        store.text(tag::PAYLOAD_FORMAT, "cpio");
        store.text(tag::PAYLOAD_COMPRESSOR, COMPRESSOR);
        store.text(tag::PAYLOAD_FLAGS, LEVEL.to_string());
        store.texts(tag::PAYLOAD_DIGEST, vec![packed.digest.to_string()]);
        store.texts(tag::PAYLOAD_DIGEST_ALT, vec![packed.archive.to_string()]);
        store.number(tag::PAYLOAD_DIGEST_ALGORITHM, 8);
        store.to_bytes(tag::REGION_HEADER)
    }
}

fn identity(store: &mut Store, contents: &PackageContents, version: &str, release: &str) {
    store.texts(tag::I18N_TABLE, vec!["C".to_owned()]);
    store.text(tag::NAME, contents.name.as_str());
    store.text(tag::VERSION, version);
    store.text(tag::RELEASE, release);
    store.set(tag::SUMMARY, Value::Translated(contents.summary.clone()));
    let description = match contents.description.trim() {
        "" => contents.summary.clone(),
        text => lines(text),
    };
    store.set(tag::DESCRIPTION, Value::Translated(description));
    store.set(tag::GROUP, Value::Translated("Unspecified".to_owned()));
    store.text(tag::BUILD_HOST, BUILD_HOST);
    store.text(tag::VENDOR, contents.maintainer.split(" <").next().unwrap_or_default());
    store.text(tag::PACKAGER, contents.maintainer.as_str());
    store.text(tag::LICENSE, contents.copyright.license.as_str());
    if let Some(homepage) = &contents.homepage {
        store.text(tag::URL, homepage.as_str());
    }
    store.text(tag::OS, "linux");
    store.text(tag::ARCH, contents.architecture.rpm());
    // Without it rpm takes a package for a source package.
    store.text(tag::SOURCE_RPM, format!("{}-{version}-{release}.src.rpm", contents.name));
    store.text(tag::ENCODING, "utf-8");
    store.number(tag::FILE_DIGEST_ALGORITHM, 8);
}

/// Paragraphs in lines that a terminal shows whole.
fn lines(text: &str) -> String {
    let wrapped = text.lines().map(|line| wrapped(line.trim_end()).join("\n"));
    wrapped.collect::<Vec<_>>().join("\n")
}

fn scripts(store: &mut Store, contents: &PackageContents) {
    let scripts = &contents.rpm.scripts;
    for (script, text, program) in [
        (&scripts.pre, tag::PREIN, tag::PREIN_PROGRAM),
        (&scripts.post, tag::POSTIN, tag::POSTIN_PROGRAM),
        (&scripts.preun, tag::PREUN, tag::PREUN_PROGRAM),
        (&scripts.postun, tag::POSTUN, tag::POSTUN_PROGRAM),
        (&scripts.posttrans, tag::POSTTRANS, tag::POSTTRANS_PROGRAM),
    ] {
        if let Some(script) = script {
            store.text(text, script.as_str());
            store.text(program, SHELL);
        }
    }
    if let Some(trigger) = &contents.rpm.trigger {
        store.texts(tag::TRANS_FILE_TRIGGER_SCRIPTS, vec![trigger.script.clone()]);
        store.texts(tag::TRANS_FILE_TRIGGER_PROGRAMS, vec![SHELL.to_owned()]);
        store.texts(tag::TRANS_FILE_TRIGGER_NAMES, vec![trigger.below.clone()]);
        store.number(tag::TRANS_FILE_TRIGGER_INDEXES, 0);
        store.texts(tag::TRANS_FILE_TRIGGER_VERSIONS, vec![String::new()]);
        store.number(tag::TRANS_FILE_TRIGGER_FLAGS, tag::TRIGGER_IN);
        store.number(tag::TRANS_FILE_TRIGGER_PRIORITIES, PRIORITY);
    }
}

/// Each kind of relation is three lists.
fn relations(store: &mut Store, contents: &PackageContents, files: &Files, native: &str) {
    let relations = &contents.rpm.relations;
    let requires = requires(contents, files, native);
    for (all, names, flags, versions) in [
        (&requires, tag::REQUIRE_NAMES, tag::REQUIRE_FLAGS, tag::REQUIRE_VERSIONS),
        (&provides(contents, files, native), tag::PROVIDE_NAMES, tag::PROVIDE_FLAGS, tag::PROVIDE_VERSIONS),
        (&relations.conflicts, tag::CONFLICT_NAMES, tag::CONFLICT_FLAGS, tag::CONFLICT_VERSIONS),
        (&relations.obsoletes, tag::OBSOLETE_NAMES, tag::OBSOLETE_FLAGS, tag::OBSOLETE_VERSIONS),
        (&relations.recommends, tag::RECOMMEND_NAMES, tag::RECOMMEND_FLAGS, tag::RECOMMEND_VERSIONS),
        (&relations.suggests, tag::SUGGEST_NAMES, tag::SUGGEST_FLAGS, tag::SUGGEST_VERSIONS),
    ] {
        // rpm merges these lists, and takes them to be sorted.
        let mut all = all.clone();
        all.sort();
        all.dedup();
        store.texts(names, all.iter().map(|relation| relation.name.clone()).collect());
        store.numbers(flags, all.iter().map(|relation| relation.flags).collect());
        store.texts(versions, all.iter().map(|relation| relation.version.clone()).collect());
    }
}

fn requires(contents: &PackageContents, files: &Files, native: &str) -> Vec<Relation> {
    let (relations, scripts) = (&contents.rpm.relations, &contents.rpm.scripts);
    let mut all = relations.requires.clone();
    all.extend(relations.requires_pre.iter().map(|relation| relation.clone().with(tag::PRE_SCRIPT)));
    for (script, when) in [
        (scripts.pre.is_some(), tag::PRE_SCRIPT),
        (scripts.post.is_some(), tag::POST_SCRIPT),
        (scripts.preun.is_some(), tag::PREUN_SCRIPT),
        (scripts.postun.is_some(), tag::POSTUN_SCRIPT),
        (scripts.posttrans.is_some() || contents.rpm.trigger.is_some(), 0),
    ] {
        if script {
            all.push(Relation::any(SHELL).with(tag::INTERPRETER | when));
        }
    }
    if files.has_configuration() {
        all.push(Relation::exactly(format!("config({})", contents.name), native).with(tag::CONFIG));
    }
    let weak = [&relations.recommends[..], &relations.suggests].concat();
    all.extend(features(&all, &weak, files, native));
    all
}

/// What rpm must be able to do, as `rpmbuild` finds it.
fn features(requires: &[Relation], weak: &[Relation], files: &Files, native: &str) -> Vec<Relation> {
    let features = [
        ("CompressedFileNames", "3.0.4-1", true),
        ("FileDigests", "4.6.0-1", true),
        ("PayloadFilesHavePrefix", "4.0-1", true),
        ("PayloadIsZstd", "5.4.18-1", true),
        ("FileCaps", "4.6.1-1", files.has_capabilities()),
        ("PartialHardlinkSets", "4.0.4-1", files.has_hard_links()),
        ("TildeInVersions", "4.10.0-1", native.contains('~') || requires.iter().any(|r| r.version.contains('~'))),
        ("RichDependencies", "4.12.0-1", requires.iter().any(Relation::is_rich) || weak.iter().any(Relation::is_rich)),
    ];
    features.iter().filter(|(_, _, needed)| *needed).map(|(name, since, _)| Relation::feature(name, since)).collect()
}

fn provides(contents: &PackageContents, files: &Files, native: &str) -> Vec<Relation> {
    let name = contents.name.as_str();
    let mut all = contents.rpm.relations.provides.clone();
    all.push(Relation::exactly(name, native));
    match contents.architecture {
        Architecture::All => {}
        Architecture::Amd64 => all.push(Relation::exactly(format!("{name}(x86-64)"), native)),
        Architecture::Arm64 => all.push(Relation::exactly(format!("{name}(aarch-64)"), native)),
    }
    if files.has_configuration() {
        all.push(Relation::exactly(format!("config({name})"), native).with(tag::CONFIG));
    }
    all
}

/// What differs between two builds of the same content.
fn dated(store: &mut Store, contents: &PackageContents, native: &str, files: &Files, time: u32) {
    store.number(tag::BUILD_TIME, time);
    store.text(tag::RPM_VERSION, RPM_VERSION);
    store.size(tag::SIZE, tag::LONG_SIZE, files.size());
    store.number(tag::CHANGELOG_TIMES, time);
    store.texts(tag::CHANGELOG_NAMES, vec![format!("{} - {native}", contents.maintainer)]);
    let lines: Vec<String> = contents.release.changes.iter().map(|change| format!("- {change}")).collect();
    store.texts(tag::CHANGELOG_TEXTS, vec![lines.join("\n")]);
}
