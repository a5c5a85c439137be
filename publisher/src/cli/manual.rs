//! Completions and manual pages, written from the same definitions that parse the arguments.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Outcome};
use crate::file::OnFile;

/// Write a completion script for a shell to standard output.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  consign completions bash > ~/.local/share/bash-completion/completions/consign
  consign completions zsh > ~/.zfunc/_consign")]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> Outcome {
        clap_complete::generate(self.shell, &mut Cli::command(), "consign", &mut std::io::stdout());
        Ok(())
    }
}

/// Write the manual pages to a folder.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  consign man ~/.local/share/man/man1")]
pub struct Man {
    /// The folder
    folder: PathBuf,
}

impl Man {
    pub fn run(self) -> Outcome {
        std::fs::create_dir_all(&self.folder).on("create", &self.folder)?;
        clap_mangen::generate_to(Cli::command(), &self.folder).on("write", &self.folder)?;
        Ok(())
    }
}
