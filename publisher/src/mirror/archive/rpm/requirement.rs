//! What a package asks for: one name, or several joined by words, as rpm's "rich dependencies" are:
//! `(a or b >= 2)`, `(langpack if langpacks-fr)`, `(x with x-plugin)`.

use std::fmt;

use super::relation::{Relation, Sense};

/// What a package asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requirement {
    /// A name.
    Is(Relation),
    /// All of them.
    Every(Vec<Requirement>),
    /// One of them.
    Any(Vec<Requirement>),
    /// One of two, by whether something is there.
    Either {
        /// Whether this is there.
        when: Box<Requirement>,
        /// It is.
        then: Option<Box<Requirement>>,
        /// It is not.
        otherwise: Option<Box<Requirement>>,
    },
    /// One package that is the first, and the second also (or not).
    Same(Box<Requirement>, bool, Box<Requirement>),
}

impl Requirement {
    /// Reads `name`, `name >= version` or something in parentheses.
    ///
    /// # Errors
    /// It is none of them.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if !text.starts_with('(') {
            return Ok(Self::Is(Relation::parse(text)));
        }
        let mut reading = Reading { rest: text };
        let found = reading.joined().filter(|_| reading.rest.trim().is_empty());
        found.ok_or_else(|| format!("cannot read the requirement {text}"))
    }

    /// The names in it.
    pub fn leaves(&self) -> Vec<&Relation> {
        match self {
            Self::Is(relation) => vec![relation],
            Self::Every(all) | Self::Any(all) => all.iter().flat_map(Self::leaves).collect(),
            Self::Either { when, then, otherwise } => {
                [Some(when), then.as_ref(), otherwise.as_ref()].into_iter().flatten().flat_map(|r| r.leaves()).collect()
            }
            Self::Same(first, _, second) => [first, second].into_iter().flat_map(|r| r.leaves()).collect(),
        }
    }
}

/// A text in parentheses that is being read.
struct Reading<'a> {
    rest: &'a str,
}

impl<'a> Reading<'a> {
    /// `(first word second …)`.
    fn joined(&mut self) -> Option<Requirement> {
        self.rest = self.rest.trim_start().strip_prefix('(')?;
        let mut parts = vec![self.part()?];
        let mut words: Vec<&str> = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if let Some(rest) = self.rest.strip_prefix(')') {
                self.rest = rest;
                return join(&words, parts);
            }
            words.push(self.word()?);
            parts.push(self.part()?);
        }
    }

    fn part(&mut self) -> Option<Requirement> {
        self.rest = self.rest.trim_start();
        if self.rest.starts_with('(') {
            return self.joined();
        }
        let name = self.word()?;
        let before = self.rest;
        let sense = self.word().and_then(Sense::parse);
        match sense {
            Some(sense) => Some(Requirement::Is(Relation::versioned(name, sense, self.word()?))),
            None => {
                self.rest = before;
                Some(Requirement::Is(Relation::any(name)))
            }
        }
    }

    /// Up to a blank, or a parenthesis that it did not open: `libc.so.6()(64bit)` is one.
    fn word(&mut self) -> Option<&'a str> {
        let text = self.rest.trim_start();
        let mut depth = 0;
        let ends = |c: char| match c {
            '(' => {
                depth += 1;
                false
            }
            ')' => {
                depth -= 1;
                depth < 0
            }
            c => c.is_whitespace(),
        };
        let (word, rest) = text.split_at(text.find(ends).unwrap_or(text.len()));
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }
}

fn join(words: &[&str], parts: Vec<Requirement>) -> Option<Requirement> {
    let boxed = |part: Requirement| Some(Box::new(part));
    let mut each = parts.clone().into_iter();
    Some(match (words, words.first()) {
        ([], _) => each.next()?,
        (_, Some(&"and")) if words.iter().all(|word| *word == "and") => Requirement::Every(parts),
        (_, Some(&"or")) if words.iter().all(|word| *word == "or") => Requirement::Any(parts),
        (["if"] | ["if", "else"], _) => {
            let (then, when) = (boxed(each.next()?), Box::new(each.next()?));
            Requirement::Either { when, then, otherwise: each.next().and_then(boxed) }
        }
        (["unless"] | ["unless", "else"], _) => {
            let (otherwise, when) = (boxed(each.next()?), Box::new(each.next()?));
            Requirement::Either { when, then: each.next().and_then(boxed), otherwise }
        }
        (["without"], _) => Requirement::Same(Box::new(each.next()?), false, Box::new(each.next()?)),
        (_, Some(&"with")) if words.iter().all(|word| *word == "with") => {
            let first = each.next()?;
            each.fold(first, |first, next| Requirement::Same(Box::new(first), true, Box::new(next)))
        }
        _ => return None,
    })
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |all: &[Self], word: &str| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(word);
        match self {
            Self::Is(relation) => write!(f, "{relation}"),
            Self::Every(all) => write!(f, "({})", list(all, " and ")),
            Self::Any(all) => write!(f, "({})", list(all, " or ")),
            Self::Same(first, true, second) => write!(f, "({first} with {second})"),
            Self::Same(first, false, second) => write!(f, "({first} without {second})"),
            Self::Either { when, then: Some(then), otherwise: None } => write!(f, "({then} if {when})"),
            Self::Either { when, then: None, otherwise: Some(otherwise) } => write!(f, "({otherwise} unless {when})"),
            Self::Either { when, then: Some(then), otherwise: Some(otherwise) } => {
                write!(f, "({then} if {when} else {otherwise})")
            }
            Self::Either { when, .. } => write!(f, "({when})"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rpm_joins_is_read_and_written_again() {
        for text in [
            "/bin/sh",
            "libc.so.6()(64bit)",
            "python3 >= 3.11",
            "(a or b >= 2 or c)",
            "(pkgconfig(x) >= 1 and libc.so.6()(64bit))",
            "(langpack if (langpacks-fr or langpacks-de))",
            "(a if b else c)",
            "(a unless b)",
            "(python3dist(x) >= 1 with python3dist(x) < 2)",
            "((a with b) without c)",
        ] {
            assert_eq!(Requirement::parse(text).unwrap().to_string(), text);
        }
        for text in ["(a", "(a or b) c", "(a or b and c)", "(a than b)", "()"] {
            assert!(Requirement::parse(text).is_err(), "{text}");
        }
    }
}
