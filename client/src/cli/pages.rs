//! `consignee completions` and `man`: what the package ships beside the program.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::complaint::Complaint;
use super::session::{Exit, Session};

/// Completions for a shell, on stdout
#[derive(Debug, Args)]
pub struct Completions {
    shell: Shell,
}

/// Manual pages, into a folder
#[derive(Debug, Args)]
pub struct Man {
    folder: PathBuf,
}

impl Completions {
    pub fn run(&self, session: &mut Session) -> Result<Exit, Complaint> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::Cli::command(), "consignee", &mut script);
        session.out.bytes(&script)?;
        Ok(Exit::Done)
    }
}

impl Man {
    pub fn run(&self, _session: &mut Session) -> Result<Exit, Complaint> {
        let folder = self.folder.display();
        let written = clap_mangen::generate_to(super::Cli::command(), &self.folder);
        written.map_err(|cause| Complaint::Failed(format!("cannot write manual pages to {folder}: {cause}")))?;
        Ok(Exit::Done)
    }
}
