//! A command of the vendor's that signs: jsign, signtool, what a cloud service brings.

use consign_metadata::authenticode::Pins;

use super::outcome::run;
use super::{FileSigner, SigningRequest};
use crate::sign::SignError;

const INPUT: &str = "{input}";
const OUTPUT: &str = "{output}";

/// An argument list; there is no shell. `{input}`, `{output}`, `{name}` and `{url}` are replaced.
#[derive(Debug, Clone)]
pub struct Command {
    words: Vec<String>,
    pins: Pins,
}

impl Command {
    /// A command whose words name at least the output: where the input is not named, the output is a copy of
    /// it that is signed in place.
    ///
    /// # Errors
    /// What is missing.
    pub fn new(words: Vec<String>, pins: Pins) -> Result<Self, String> {
        let names = |what: &str| words.iter().any(|word| word.contains(what));
        match (words.is_empty(), names(OUTPUT)) {
            (true, _) => Err("a program is wanted".to_owned()),
            (_, false) => Err(format!("no word of it is {OUTPUT}, the file that it has to sign")),
            _ => Ok(Self { words, pins }),
        }
    }
}

impl FileSigner for Command {
    fn sign(&self, request: &SigningRequest<'_>) -> Result<(), SignError> {
        if !self.words.iter().any(|word| word.contains(INPUT)) {
            std::fs::copy(request.input, request.output)?;
        }
        let (input, output) = (request.input.display().to_string(), request.output.display().to_string());
        let filled = self.words.iter().map(|word| {
            let word = word.replace(INPUT, &input).replace(OUTPUT, &output);
            word.replace("{name}", request.name).replace("{url}", request.url.unwrap_or_default())
        });
        let filled: Vec<String> = filled.collect();
        run(std::process::Command::new(&filled[0]).args(&filled[1..]))
    }

    fn pins(&self) -> &Pins {
        &self.pins
    }
}
