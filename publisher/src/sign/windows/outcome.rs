//! What became of a program that signs.

use std::process::{Command, Stdio};

use crate::sign::SignError;

/// As much of what it said as tells why.
const LINES: usize = 6;

/// Runs it; nothing is asked.
pub fn run(command: &mut Command) -> Result<(), SignError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|cause| SignError::Windows(format!("{program} cannot be started: {cause}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    let lines: Vec<_> = said.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    Err(SignError::Windows(format!("{program} failed ({}): {}", output.status, last.join("; "))))
}
