//! `consign mirror push`: what a mirror shows, put into a bucket of an object store.

use std::path::PathBuf;

use clap::Args;

use super::asking::address;
use super::bar::Bar;
use super::{PATIENCE, failed};
use crate::cli::{Failure, Outcome, say};
use crate::file::OnFile;
use crate::mirror::{self, Manner, PushRequest, Pushed, PushedChannel};
use crate::store::{Access, ObjectStore, Place};

/// Put into a bucket of an object store what a mirror shows: everything new first, then what leads to it.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign mirror push /srv/mirror/acme s3://packages/acme --url https://packages.s3.eu-west-3.amazonaws.com/acme
  consign mirror push /srv/mirror/acme s3://packages/acme
  consign mirror push /srv/mirror/acme s3://packages/acme --endpoint https://s3.site.example

Who may write is taken from the environment: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the account that the
container or the machine has. The address and what is there are remembered in the bucket.
Exit status: 0 the bucket shows what the mirror shows, 1 it could not be brought there, 3 it is refused: the bucket
shows a newer generation, or belongs to somebody else.")]
pub struct Push {
    /// The mirror: a folder
    folder: PathBuf,
    /// The bucket, and the beginning of every name in it: s3://BUCKET or s3://BUCKET/PREFIX
    place: Place,
    /// The address of a server other than Amazon's; http:// only where nobody listens in
    #[arg(long, value_name = "ADDRESS")]
    endpoint: Option<String>,
    /// The region of the bucket [default: AWS_REGION, else us-east-1]
    #[arg(long, value_name = "NAME")]
    region: Option<String>,
    /// Where hosts find the bucket, for the lists of yum [default: where they find the mirror]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    url: Option<String>,
    /// Look what is there, and send again what is missing or has another length
    #[arg(long)]
    check: bool,
    /// Take over a repository that is there, although the bucket has no record of it; all of it is sent
    #[arg(long)]
    adopt: bool,
    /// Send so many files at once
    #[arg(long, default_value_t = 4, value_name = "NUMBER")]
    lanes: usize,
    /// Ask so many times again where that may help
    #[arg(long, default_value_t = Manner::default().retries, value_name = "NUMBER")]
    retries: u32,
    /// Believe this certificate authority as well: a PEM file
    #[arg(long = "ca", value_name = "FILE")]
    authorities: Vec<PathBuf>,
    /// Write the result as JSON
    #[arg(long)]
    json: bool,
}

impl Push {
    pub fn run(self) -> Outcome {
        let bucket = ObjectStore::at(self.place.clone(), &self.access()?, mirror::heading)?;
        let Self { url, check, adopt, lanes, .. } = self;
        let request = PushRequest { url, check, adopt, lanes };
        let bar = Bar::start();
        let pushed = mirror::push(&self.folder, PATIENCE, &bucket, &request, &|progress| bar.progress(progress));
        drop(bar);
        let pushed = pushed.map_err(failed)?;
        if self.json {
            say(serde_json::to_string(&pushed)?);
        } else {
            told(&pushed);
        }
        Ok(())
    }

    fn access(&self) -> Result<Access, Failure> {
        let is_address = |text: &String| ["http://", "https://"].iter().any(|scheme| text.starts_with(scheme));
        if let Some(wrong) = self.endpoint.as_ref().filter(|endpoint| !is_address(endpoint)) {
            return Err(Failure::usage(format!(
                "{wrong:?} is no address of a server, such as https://s3.site.example"
            )));
        }
        let read = |path: &PathBuf| std::fs::read(path).on("read", path);
        let authorities = self.authorities.iter().map(read).collect::<Result<_, _>>()?;
        let (endpoint, region, retries) = (self.endpoint.clone(), self.region.clone(), self.retries);
        Ok(Access { endpoint, region, retries, pause: Manner::default().pause, authorities })
    }
}

fn told(pushed: &Pushed) {
    for PushedChannel { channel, generation, before } in &pushed.channels {
        match before {
            Some(before) if before == generation => say(format_args!("{channel}: generation {generation}, as before")),
            Some(before) => say(format_args!("{channel}: from generation {before} to {generation}")),
            None => say(format_args!("{channel}: generation {generation}")),
        }
    }
    let Pushed { sent, bytes, swapped, deleted, .. } = pushed;
    if pushed.changed {
        let (swapped, deleted) = (swapped.len(), deleted.len());
        say(format_args!("{sent} files sent ({bytes} bytes), {swapped} entry points swapped, {deleted} files deleted"));
    }
}
