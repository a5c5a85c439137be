//! A paragraph of fields, `deb822(5)`, as control files and package lists are made of.

use std::fmt;

/// A paragraph of `Name: value` fields, in order. Values keep their continuation lines as written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paragraph {
    fields: Vec<(String, String)>,
}

impl Paragraph {
    /// Reads one paragraph.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut fields: Vec<(String, String)> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if line.starts_with([' ', '\t']) {
                let (_, value) = fields.last_mut().ok_or("its control file begins with a continuation line")?;
                value.push('\n');
                value.push_str(line);
            } else {
                let (name, value) =
                    line.split_once(':').ok_or_else(|| format!("its control file has the line {line:?}"))?;
                fields.push((name.to_owned(), value.trim().to_owned()));
            }
        }
        Ok(Self { fields })
    }

    /// The value of a field, as written.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The native version of the package it is of; empty where it names none.
    pub fn version(&self) -> &str {
        self.get("Version").unwrap_or_default()
    }

    /// The native architecture of the package it is of; empty where it names none.
    pub fn architecture(&self) -> &str {
        self.get("Architecture").unwrap_or_default()
    }

    /// Appends a field, unless its value is empty.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        if !value.is_empty() {
            self.fields.push((name.to_owned(), value));
        }
    }

    /// Gives a field another value; one that is not there is put before the description.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        match self.fields.iter_mut().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
            Some((_, old)) => *old = value,
            None => self.insert_before("Description", name, value),
        }
    }

    /// Puts a field before another, unless its value is empty; last where there is no other.
    pub fn insert_before(&mut self, other: &str, name: &str, value: impl Into<String>) {
        let value = value.into();
        if !value.is_empty() {
            let at = self.fields.iter().position(|(n, _)| n == other).unwrap_or(self.fields.len());
            self.fields.insert(at, (name.to_owned(), value));
        }
    }

    /// All fields, in order.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl fmt::Display for Paragraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.fields {
            // A value that begins with a continuation line has nothing beside its name.
            let space = if value.starts_with('\n') { "" } else { " " };
            writeln!(f, "{name}:{space}{value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_is_written_as_it_was_read() {
        let text = "Package: erp\nDescription: An ERP\n One.\n .\n Two.\nConffiles:\n /etc/a 1\n";
        let paragraph = Paragraph::parse(text).unwrap();
        assert_eq!(paragraph.to_string(), text);
        assert_eq!(paragraph.get("description"), Some("An ERP\n One.\n .\n Two."));
        assert!(Paragraph::parse(" x").is_err());
    }
}
