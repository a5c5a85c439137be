//! Everything that happens before anything is written.

use std::collections::BTreeSet;
use std::path::Path;

use consign_metadata::anchor::{PUBLISHED_CERTIFICATE, WindowsPins};
use consign_metadata::document::Role;
use consign_metadata::feed::{FeedPackage, FileReference};
use consign_metadata::name::PackageName;
use consign_metadata::openpgp::Keyring;
use consign_metadata::plan::Envelope;
use tempfile::TempDir;

use super::delivery::{self, DeliveredRelease};
use super::introduction::{IntroductionContent, package_name};
use super::lineage::{self, Descendant, Lineage};
use super::publication::{Addition, Content};
use super::repositories::Repositories;
use super::{AGENT, AgentKeys, PlannedPackage, Publication, PublishError, Request};
use super::{announcement, form, passage, pinned, rpm_paths, scripts, shape, succession, validity, winget};
use crate::feed::{Changes, FeedDraft, NewRelease};
use crate::file::OnFile;
use crate::package::{NoteFile, SignedPackage};
use crate::repository::{Added, Validity};
use crate::sign::OpenPgpSigner;
use crate::store::{Key, Store, Swap};

/// A publication in the making.
pub(super) struct Preparation<'a> {
    store: &'a dyn Store,
    request: &'a Request<'a>,
    package_keys: Keyring,
    validity: Validity,
    repositories: Repositories<'a>,
    feed: FeedDraft<'a>,
    packages: Vec<PlannedPackage>,
    /// Files that only others read.
    beside: Vec<(String, String)>,
    warnings: Vec<String>,
    work: TempDir,
}

impl<'a> Preparation<'a> {
    pub(super) fn begin(store: &'a dyn Store, request: &'a Request<'a>) -> Result<Self, PublishError> {
        let trust = &request.trust;
        // Only those that sign here: during a rotation the outgoing key may well have expired.
        let signers = [request.package_signer, Some(request.index_signer)].into_iter().flatten();
        let signers = signers.map(OpenPgpSigner::fingerprint).collect();
        let warnings = validity::keys(trust, &signers, request.now)?;
        let vendor = &trust.roles.vendor;
        let bad = |cause| PublishError::Certificate { whose: vendor.to_string(), cause };
        let index_keys = trust.keyring(Role::Index).map_err(bad)?;
        let feed = FeedDraft::load(store, &request.channel, trust)?;
        let repositories = Repositories::load(store, request, &index_keys, &feed)?;
        let work = tempfile::tempdir().on("create a folder in", &std::env::temp_dir())?;
        Ok(Self {
            store,
            request,
            package_keys: lineage::keyring(trust)?,
            validity: validity::next(request.now, repositories.apt.issued(), request.valid_for)?,
            repositories,
            feed,
            packages: Vec::new(),
            beside: Vec::new(),
            warnings,
            work,
        })
    }

    pub(super) fn finish(mut self) -> Result<Publication, PublishError> {
        let Request { packages, trust, .. } = self.request;
        let msis = Lineage::load(&form::WINDOWS, &self.repositories.windows, self.store, trust)?;
        let pins = self.request.introduction.windows.clone().or(msis.windows());
        for release in delivery::releases(packages, trust, &self.package_keys)? {
            self.take_release(&release, pins.as_ref())?;
        }
        let given = self.take_agent()?;
        let debs = Lineage::load(&form::APT, &self.repositories.apt, self.store, trust)?;
        let rpms = Lineage::load(&form::YUM, &self.repositories.yum, self.store, trust)?;
        let agent = match given {
            Some(keys) => Some(keys),
            None => debs.agent(trust)?.or(rpms.agent(trust)?).or(msis.agent(trust)?),
        };
        self.warn_of_agent(agent.is_some());
        let mut introductions = vec![(form::APT.extension, self.introduce(debs, agent.clone(), None)?)];
        if !self.repositories.yum.is_empty() {
            introductions.push((form::YUM.extension, self.introduce(rpms, agent.clone(), None)?));
        }
        if !self.repositories.windows.is_empty() {
            introductions.push((form::WINDOWS.extension, self.introduce(msis, agent, pins)?));
        }
        self.seal(introductions)
    }

    fn take_release(&mut self, release: &DeliveredRelease, pins: Option<&WindowsPins>) -> Result<(), PublishError> {
        let keyring = self.package_keys.clone();
        let offered = release.packages().iter().all(|package| self.repositories.is_offered(package));
        if let Some(signed) = release.first().plan().filter(|_| !offered) {
            let envelope = &signed.plan.envelope;
            self.warnings.extend(passage::warnings(envelope, &self.feed.older(envelope)));
            if let Some(reason) = scripts::changed(&signed.plan, &self.feed.plans_beside(envelope)?) {
                let path = release.first().path().display().to_string();
                return Err(PublishError::Delivery { path, reason });
            }
        }
        if !offered {
            rpm_paths::inspect(release)?;
            shape::inspect(release)?;
            pinned::inspect(release, pins, self.request.now)?;
            if let Some(signed) = release.first().plan() {
                let envelope = &signed.plan.envelope;
                let neighbours = [self.feed.before(envelope), self.feed.after(envelope)];
                succession::inspect(self.store, &keyring, neighbours, release)?;
            }
        }
        if let Some(before) = release.first().plan().and_then(|signed| self.feed.before(&signed.plan.envelope)) {
            if !offered {
                rpm_paths::compare(self.store, before, release)?;
            }
            self.warnings.extend(shape::compare(self.store, &self.repositories.apt, before, release)?);
        }
        let mut packages = Vec::new();
        for package in release.packages() {
            let file = self.take(package, &keyring)?;
            packages.push(FeedPackage {
                package: package.name().clone(),
                architecture: package.architecture().to_owned(),
                native: package.format().native(package.version()),
                file,
            });
        }
        let first = release.first();
        if let Some(plan) = first.plan() {
            self.feed.add(&NewRelease { plan, notes: first.notes(), packages }, self.validity.issued)?;
            self.announce(&plan.plan.envelope, first.notes());
        }
        Ok(())
    }

    /// A release that dnf knows is an advisory, with all the packages that are published of it.
    fn announce(&mut self, envelope: &Envelope, notes: &[NoteFile]) {
        let Some(release) = self.feed.release(envelope) else { return };
        let rpms = release.packages.iter().filter(|package| package.native.rpm.is_some());
        let files: Vec<_> = rpms.map(|package| package.file.clone()).collect();
        if !files.is_empty() {
            let (before, from) = (self.feed.before(envelope), &self.request.introduction.maintainer);
            let advisory = announcement::advisory(envelope, release, before, notes, from);
            self.repositories.yum.announce(&advisory, &files);
        }
    }

    fn take(&mut self, package: &SignedPackage, keyring: &Keyring) -> Result<FileReference, PublishError> {
        let Added { file, published_before } = self.repositories.add(package, keyring)?;
        let (vendor, url) = (&self.request.trust.roles.vendor, &self.request.introduction.url);
        self.beside.extend(winget::manifests(package, &file, vendor.as_str(), url));
        self.packages.push(PlannedPackage { file: file.clone(), published_before });
        Ok(file)
    }

    fn take_agent(&mut self) -> Result<Option<AgentKeys>, PublishError> {
        let Some((paths, keys)) = &self.request.agent else { return Ok(None) };
        let bad = |cause| PublishError::Certificate { whose: "the agent".to_owned(), cause };
        let keyring = Keyring::new(&keys.certificate, keys.keys.clone(), "agent").map_err(bad)?;
        for package in delivery::agents(paths, &keyring, &keys.keys)? {
            self.take(&package, &keyring)?;
        }
        Ok(Some(keys.clone()))
    }

    fn warn_of_agent(&mut self, is_known: bool) {
        if !is_known {
            self.warnings.push(format!(
                "no package {AGENT} is published here, and products depend on it: give it along once, with --agent and --agent-certificate"
            ));
        }
    }

    /// Takes `<vendor>-release` in, and gives its bytes for the root of the repository.
    fn introduce(
        &mut self,
        lineage: Lineage,
        agent: Option<AgentKeys>,
        windows: Option<WindowsPins>,
    ) -> Result<Vec<u8>, PublishError> {
        let request = self.request;
        let mut content = IntroductionContent {
            url: &request.introduction.url,
            maintainer: request.introduction.maintainer.clone(),
            trust: &request.trust,
            channel: &request.channel,
            products: self.feed.products(),
            packages: self.names()?,
            agent,
            // What is published now: a host may read it until the head is swapped.
            minimum_generation: self.feed.generation().max(1),
            windows,
            windows_signer: request.windows_signer.clone(),
        };
        let built = lineage.continued(&mut content, request.package_signer, request.now, self.work.path())?;
        let keyring = self.package_keys.clone();
        match built {
            Descendant::Kept(there) => {
                self.take(&there.package, &keyring)?;
                Ok(there.bytes()?)
            }
            Descendant::Built(package) => {
                self.take(&package, &keyring)?;
                Ok(std::fs::read(package.path()).on("read", package.path())?)
            }
        }
    }

    fn names(&self) -> Result<BTreeSet<PackageName>, PublishError> {
        let agent = AGENT.parse().expect("it is a package name");
        let mut names = self.feed.packages();
        names.extend([agent, package_name(&self.request.trust.roles.vendor)?]);
        Ok(names)
    }

    /// At the root, for people: the one file they fetch by hand.
    fn introduction_swap(&self, extension: &str, bytes: Vec<u8>) -> Result<Option<Swap>, PublishError> {
        let Request { trust, channel, introduction, .. } = self.request;
        let name = package_name(&trust.roles.vendor)?;
        let plain = *channel == introduction.default_channel;
        let file = if plain { format!("{name}{extension}") } else { format!("{name}-{channel}{extension}") };
        self.swap_if_changed(&file, bytes)
    }

    fn swap_if_changed(&self, file: &str, bytes: Vec<u8>) -> Result<Option<Swap>, PublishError> {
        let key = file.parse()?;
        let current = self.store.read(&key, u64::MAX)?;
        if current.as_ref().is_some_and(|(there, _)| *there == bytes) {
            return Ok(None);
        }
        Ok(Some(Swap { key, replaces: current.map(|(_, stamp)| stamp), bytes }))
    }

    fn seal(self, introductions: Vec<(&str, Vec<u8>)>) -> Result<Publication, PublishError> {
        let request = self.request;
        let validity = self.validity;
        let (mut additions, mut indexes, mut swaps) = (Vec::new(), Vec::new(), Vec::new());
        let (mut entrances, mut outdated) = (Vec::new(), Vec::new());
        for snapshot in self.repositories.snapshots(validity, request.index_signer)? {
            additions.extend(snapshot.pool.into_iter().map(Addition::from));
            indexes.extend(snapshot.indexes);
            swaps.extend(snapshot.entry_points);
            entrances.push(snapshot.entrance);
            outdated.extend(snapshot.outdated);
        }
        let feed = self.feed.seal(validity, entrances, self.repositories.entrances(), request.index_signer)?;
        let changes = changes(feed.documents.iter().chain(&indexes), &swaps);
        let bytes = |(key, bytes)| Addition { key, content: Content::Bytes(bytes) };
        additions.extend(feed.documents.into_iter().chain(indexes).map(bytes));
        for (extension, bytes) in introductions {
            swaps.extend(self.introduction_swap(extension, bytes)?);
        }
        for (file, text) in &self.beside {
            swaps.extend(self.swap_if_changed(file, text.clone().into_bytes())?);
        }
        swaps.extend(self.swap_if_changed(PUBLISHED_CERTIFICATE, request.trust.certificate.clone())?);
        if let Some(changes) = changes.pack().on("pack", Path::new("the changes"))? {
            swaps.extend(self.swap_if_changed(&Changes::path(&request.channel), changes)?);
        }
        swaps.push(feed.head);
        Ok(Publication {
            vendor: request.trust.roles.vendor.clone(),
            channel: request.channel.clone(),
            generation: feed.generation,
            validity,
            packages: self.packages,
            warnings: self.warnings,
            additions,
            swaps,
            outdated,
            _work: self.work,
        })
    }
}

/// What a mirror has to know of the generation besides its packages. The text of `Release` it has from `InRelease`.
fn changes<'a>(documents: impl Iterator<Item = &'a (Key, Vec<u8>)>, entry_points: &'a [Swap]) -> Changes {
    let documents = documents.map(|(key, bytes)| (key, &**bytes));
    let entry_points = entry_points.iter().map(|swap| (&swap.key, &*swap.bytes));
    Changes::of(documents.chain(entry_points.filter(|(key, _)| key.file_name() != "Release")))
}
