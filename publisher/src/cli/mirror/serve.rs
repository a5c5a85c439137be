//! `consign mirror serve`: a web server for a mirror.

use std::fs::File;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::path::PathBuf;

use clap::Args;

use super::failed;
use crate::cli::{Failure, Outcome, say, tell};
use crate::file::OnFile;
use crate::mirror::{self, AccessLog, Missed, Site};

/// Serve a mirror, or a folder of mirrors, to the hosts of a site.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign mirror serve /srv/mirror
  consign mirror serve /srv/mirror --listen 0.0.0.0:80 --log /var/log/mirror.log
  consign mirror serve /srv/mirror --listen 0.0.0.0:80 --unit

Files with ranges and conditional requests, over http/1.1; no lists of folders, no links, nothing hidden. The figures
are at /.metrics, for Prometheus. It ends on SIGTERM, when those who are being served have what they asked for, and
opens its log again on SIGHUP. TLS, if a site wants it, is for a server before this one.
Exit status: 0 it was told to end, 1 it could not serve.")]
pub struct Serve {
    /// The mirror, or a folder of mirrors
    folder: PathBuf,
    /// Answer at this address; may be repeated
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8090")]
    listen: Vec<SocketAddr>,
    /// Write the access log, in the combined format, to this file [default: standard output]
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Keep in this file which packages hosts asked for in vain, for consign mirror status
    #[arg(long, value_name = "FILE")]
    missed: Option<PathBuf>,
    /// Show the figures to everybody, and not only on this machine
    #[arg(long)]
    metrics_for_all: bool,
    /// Only write a unit for systemd that does this
    #[arg(long)]
    unit: bool,
}

impl Serve {
    pub fn run(self) -> Outcome {
        if self.unit {
            return self.unit();
        }
        std::fs::read_dir(&self.folder).on("read", &self.folder)?;
        let missed = self.missed.map(Missed::kept_in).transpose().map_err(failed)?.unwrap_or_default();
        let log = match self.log {
            Some(path) => AccessLog::at(path.clone()).on("open", &path)?,
            None => AccessLog::to(output()?),
        };
        let site = Site::of(self.folder.clone(), log, missed).with_figures_for_all(self.metrics_for_all);
        let listeners = mirror::listeners(&self.listen).map_err(failed)?;
        for address in listeners.iter().filter_map(|listener| listener.local_addr().ok()) {
            tell(format_args!("serving {} at http://{address}", self.folder.display()));
        }
        mirror::serve(site, listeners).map_err(failed)
    }

    fn unit(self) -> Outcome {
        let folder = self.folder.canonicalize().on("find", &self.folder)?;
        let program = std::env::current_exe().on("find", &self.folder)?;
        say(mirror::unit(&program, &folder, &self.listen).trim_end());
        Ok(())
    }
}

fn output() -> Result<File, Failure> {
    let output = std::io::stdout().as_fd().try_clone_to_owned();
    Ok(File::from(output.on("open", &PathBuf::from("standard output"))?))
}
