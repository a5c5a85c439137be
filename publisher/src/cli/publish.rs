//! `consign publish`: packages into a channel of a repository.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use consign_metadata::document::Role;
use consign_metadata::feed::FileReference;
use consign_metadata::name::ChannelName;
use jiff::{SignedDuration, Timestamp};

use super::passphrase::PassphraseArgs;
use super::windows::{self, WindowsArgs};
use super::{Failure, Outcome, failure, key, publication, verify};
use crate::feed::FeedError;
use crate::file::FileError;
use crate::manifest::{self, Outline, Repository};
use crate::publish::{AgentKeys, Introduction, Publication, PublishError, Request, prepare};
use crate::repository::RepositoryError;
use crate::sign::{KeyFile, KeyFiles, OpenPgpSigner, Turn};
use crate::store::{DirectoryStore, StoreError};
use crate::trust::{Trust, signing_keys};
use crate::verify::{Scope, examine};

/// How long another publish is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Publish packages into a channel of a repository: add what is new, then swap the entry points.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign publish --plan
  consign publish
  consign publish --agent consignee_*.deb --agent-certificate consign.pgp
  consign publish --channel testing --folder /srv/repository dist/*.deb
  consign publish --renew

What is published never changes: the same version with other content is refused, with the same content \
it keeps the published bytes. A publish that was killed leaves nothing to repair; run it again.")]
pub struct Publish {
    /// The packages [default: those of the manifest's release, from dist beside the manifest]
    packages: Vec<PathBuf>,
    /// Publish no package, but new dates, before the old ones expire
    #[arg(long, conflicts_with = "packages")]
    renew: bool,
    /// The manifest
    #[arg(long, default_value = manifest::FILE)]
    manifest: PathBuf,
    /// The channel [default: the manifest's]
    #[arg(long)]
    channel: Option<ChannelName>,
    /// The root of the repository [default: the manifest's]
    #[arg(long)]
    folder: Option<PathBuf>,
    /// The folder of the keys [default: keys beside the manifest]
    #[arg(long)]
    keys: Option<PathBuf>,
    /// The agent's packages, one for each format and architecture, republished as they are
    #[arg(long, value_name = "PACKAGE", num_args = 1.., requires = "agent_certificate")]
    agent: Vec<PathBuf>,
    /// The certificate of whoever releases the agent
    #[arg(long, value_name = "FILE", requires = "agent")]
    agent_certificate: Option<PathBuf>,
    /// How long hosts believe that nothing newer exists, as in 30d [default: the manifest's]
    #[arg(long, value_name = "TIME")]
    valid_for: Option<manifest::Span>,
    /// Show what would be written, and write nothing
    #[arg(long, visible_alias = "dry-run")]
    plan: bool,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    passphrase: PassphraseArgs,
    #[command(flatten)]
    windows: WindowsArgs,
}

impl Publish {
    pub fn run(self) -> Outcome {
        let outline = Outline::load(&self.manifest).map_err(failure::of_project)?;
        let Some(repository) = &outline.repository else {
            let hint = "say where hosts find it:\n\n  [repository]\n  url = \"https://packages.example/\"";
            return Err(Failure::usage("the manifest has no [repository]").hint(hint));
        };
        let keys = Keys::open(&self, &outline)?;
        let folder = self.folder.clone().unwrap_or_else(|| repository.folder.clone());
        let request = self.request(&outline, repository, &keys)?;
        if self.plan {
            let publication = prepare(&DirectoryStore::at(folder), &request).map_err(refusal)?;
            publication::show(&publication, self.json);
            return Ok(());
        }
        // Nobody else swaps anything between what is read now and what is written then.
        let store = DirectoryStore::claimed(folder, PATIENCE)?;
        let publication = prepare(&store, &request).map_err(refusal)?;
        if !self.json {
            publication::show(&publication, false);
        }
        let written = publication.carry_out(&store).map_err(refusal)?;
        read_back(&store, &request, &publication)?;
        publication::done(&publication, written, self.json);
        Ok(())
    }

    /// The files that `consign build` writes for the manifest's release.
    fn packages(&self, outline: &Outline, channel: &ChannelName) -> Result<Vec<PathBuf>, Failure> {
        if self.renew || !self.packages.is_empty() {
            return Ok(self.packages.clone());
        }
        let dist = outline.root.join("dist");
        let files: Vec<_> = outline.packages(channel).iter().map(|name| dist.join(name)).collect();
        if files.is_empty() {
            let channels: Vec<_> = outline.builds.iter().filter_map(|build| build.channel.as_ref()).collect();
            let hint: Vec<_> = channels.iter().map(|channel| format!("consign publish --channel {channel}")).collect();
            let message = format!("no [[build]] of the manifest goes into the channel {channel}");
            return Err(Failure::usage(message).hint(hint.join("\n")));
        }
        match files.iter().find(|file| !file.exists()) {
            Some(missing) => {
                let message = format!("cannot publish {}: it is not there", missing.display());
                Err(Failure::failed(std::io::Error::other(message)).hint("build it with: consign build"))
            }
            None => Ok(files),
        }
    }

    fn request<'a>(&self, outline: &Outline, repository: &Repository, keys: &'a Keys) -> Result<Request<'a>, Failure> {
        let agent = match &self.agent_certificate {
            Some(path) => {
                let (certificate, keys) = signing_keys(path)?;
                Some((self.agent.clone(), AgentKeys { certificate, keys }))
            }
            None => None,
        };
        let channel = self.channel.clone().unwrap_or_else(|| repository.channel.clone());
        let packages = self.packages(outline, &channel)?;
        let valid_for = self.valid_for.map_or(repository.valid_for, |span| span.0);
        Ok(Request {
            channel,
            trust: keys.trust.clone(),
            package_signer: keys.package.as_ref().map(|key| key as &dyn OpenPgpSigner),
            index_signer: &keys.index,
            packages,
            agent,
            introduction: Introduction {
                url: repository.url.clone(),
                maintainer: outline.product.maintainer.clone(),
                default_channel: repository.channel.clone(),
                windows: outline.windows.as_ref().map(windows::pins).transpose()?,
            },
            windows_signer: self.windows.signer(outline.windows.as_ref())?,
            valid_for: SignedDuration::try_from(valid_for).unwrap_or(SignedDuration::MAX),
            now: Timestamp::now(),
        })
    }
}

/// The keys that sign a publication.
struct Keys {
    trust: Trust,
    /// Needed only where `<vendor>-release` changes; a runner that only publishes may lack it.
    package: Option<KeyFile>,
    index: KeyFile,
}

impl Keys {
    fn open(command: &Publish, outline: &Outline) -> Result<Self, Failure> {
        let folder = command.keys.clone().unwrap_or_else(|| outline.root.join("keys"));
        let files = KeyFiles::in_folder(&folder);
        let package = match files.package_secret.exists() {
            true => Some(key::open(&files.package_secret, Role::Package, &command.passphrase)?),
            false => None,
        };
        let mut index = key::open(&files.index_secret, Role::Index, &command.passphrase)?;
        let outgoing = files.secret(Role::Index, Turn::Old);
        if outgoing.exists() {
            index = index.with(key::open(&outgoing, Role::Index, &command.passphrase)?);
        }
        let trust = Trust::beside(&files.certificate)?;
        let (theirs, ours) = (&trust.roles.vendor, &outline.product.id.vendor);
        if theirs != ours {
            let folder = folder.display();
            return Err(Failure::refused(format!("cannot publish for {ours}: the keys in {folder} are {theirs}'s")));
        }
        Ok(Self { trust, package, index })
    }
}

/// Reads what was written as a client reads it.
fn read_back(store: &DirectoryStore, request: &Request<'_>, publication: &Publication) -> Outcome {
    let files: Vec<FileReference> = publication.packages.iter().map(|package| package.file.clone()).collect();
    let report = examine(store, &request.trust, &request.channel, Timestamp::now(), Scope::Packages(files))?;
    if report.findings.is_empty() {
        return Ok(());
    }
    verify::findings(&report);
    let message = "it was published, but cannot be read back as a client reads it";
    Err(Failure::failed(std::io::Error::other(message)))
}

/// What a rule of Consign's refuses is told from what did not work.
fn refusal(error: PublishError) -> Failure {
    let ruled = matches!(
        &error,
        PublishError::ForeignKey { .. }
            | PublishError::Delivery { .. }
            | PublishError::UnsignedForWindows(_)
            | PublishError::NoWindowsKey(_)
            | PublishError::KeyExpired { .. }
            | PublishError::KeyRevoked { .. }
            | PublishError::Repository(RepositoryError::Immutable { .. })
            | PublishError::Feed(
                FeedError::Immutable { .. }
                    | FeedError::Incomplete { .. }
                    | FeedError::Order { .. }
                    | FeedError::RevisionDown { .. }
                    | FeedError::OtherBuild { .. }
            )
    );
    let is_full = match &error {
        PublishError::Store(StoreError::Io { cause, .. }) => cause.kind() == std::io::ErrorKind::StorageFull,
        PublishError::File(FileError { cause, .. }) => cause.kind() == std::io::ErrorKind::StorageFull,
        _ => false,
    };
    let is_unsigned = matches!(&error, PublishError::UnsignedForWindows(_));
    let failure = Failure::failed(error);
    if is_unsigned {
        return failure
            .as_refusal()
            .hint("consign build --windows-key …, with the key of the certificate of [windows]");
    }
    if is_full {
        return failure.hint("readers still see a whole generation; make room, and run the same command again");
    }
    if ruled { failure.as_refusal() } else { failure }
}
