//! A configuration file of dnf, 4 or 5, as far as `[main]` goes.

use std::path::{Path, PathBuf};

/// Its keys with their values, in order.
pub struct Main(Vec<(String, String)>);

impl Main {
    /// Of a file that is not there: none.
    pub fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let mut is_main = false;
        let mut keys: Vec<(String, String)> = Vec::new();
        for line in text.lines() {
            if let Some(section) = line.trim_end().strip_prefix('[') {
                is_main = section == "main]";
            } else if line.starts_with([' ', '\t']) {
                // A line that is indented goes on with the one before.
                if let Some((_, value)) = keys.last_mut().filter(|_| is_main) {
                    value.push(' ');
                    value.push_str(line.trim());
                }
            } else if let Some((key, value)) = line.split_once('=').filter(|_| is_main && !line.starts_with(['#', ';']))
            {
                keys.push((key.trim().to_owned(), value.trim().to_owned()));
            }
        }
        Self(keys)
    }

    // The last one counts.
    fn value(&self, key: &str) -> Option<&str> {
        self.0.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    /// Whether a key says no; where it is not there, it does not.
    pub fn is_off(&self, key: &str) -> bool {
        self.value(key).is_some_and(|value| ["0", "no", "false", "off"].contains(&value.to_lowercase().as_str()))
    }

    /// The words of a key.
    pub fn list(&self, key: &str) -> Option<Vec<PathBuf>> {
        let words = self.value(key)?.split([',', ' ', '\t']).filter(|word| !word.is_empty());
        Some(words.map(PathBuf::from).collect())
    }
}
