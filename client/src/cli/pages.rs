//! `consignee completions` and `man`: what the package ships beside the program.

use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::complaint::Complaint;
use super::session::{Exit, Session};

/// Commands of the system's administrator.
const SECTION: &str = "8";

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
        let mut command = super::Cli::command();
        command.build();
        let written = write(command, &self.folder);
        written.map_err(|cause| Complaint::Failed(format!("cannot write manual pages to {folder}: {cause}")))?;
        Ok(Exit::Done)
    }
}

/// A page for the command and each of its commands that people type.
fn write(command: clap::Command, folder: &Path) -> io::Result<()> {
    for shown in command.get_subcommands().filter(|command| !command.is_hide_set()) {
        write(shown.clone(), folder)?;
    }
    let manual = "System administration";
    clap_mangen::Man::new(command).section(SECTION).manual(manual).generate_to(folder).map(drop)
}
