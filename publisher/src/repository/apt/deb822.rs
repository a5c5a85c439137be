//! Paragraphs of fields, `deb822(5)`, read where they lie.

/// The paragraphs of a text: what lies between empty lines.
pub fn paragraphs(text: &str) -> impl Iterator<Item = &str> {
    text.split("\n\n").map(|paragraph| paragraph.trim_matches('\n')).filter(|paragraph| !paragraph.is_empty())
}

/// The value of a field of one line.
pub fn field<'a>(paragraph: &'a str, name: &str) -> Option<&'a str> {
    paragraph.lines().find_map(|line| value(line, name)).map(str::trim)
}

/// The values of several fields of one line, found in one pass.
pub fn fields<'a, const N: usize>(paragraph: &'a str, names: [&str; N]) -> [Option<&'a str>; N] {
    let mut values = [None; N];
    for line in paragraph.lines() {
        for (found, name) in values.iter_mut().zip(names) {
            *found = found.or_else(|| value(line, name).map(str::trim));
        }
    }
    values
}

/// The lines of a field that follow its first.
pub fn continuation<'a>(paragraph: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let lines = paragraph.lines().skip_while(move |line| value(line, name).is_none()).skip(1);
    lines.take_while(|line| line.starts_with([' ', '\t'])).map(str::trim)
}

/// Field names do not distinguish upper and lower case.
fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (found, rest) = line.split_at_checked(name.len())?;
    let value = rest.strip_prefix(':')?;
    found.eq_ignore_ascii_case(name).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_in_their_own_paragraph() {
        let text =
            "Package: a\nDescription: one\n Package: not this\n\nPackage: b\nSHA256:\n 12 3 x\n 45 6 y\nSize: 7\n";
        let found: Vec<_> = paragraphs(text).map(|p| field(p, "package")).collect();
        assert_eq!(found, [Some("a"), Some("b")]);
        let second = paragraphs(text).nth(1).unwrap();
        assert_eq!(continuation(second, "SHA256").collect::<Vec<_>>(), ["12 3 x", "45 6 y"]);
        assert_eq!(field(second, "Description"), None);
        assert_eq!(fields("A: 1\n b: 2\nC: 3\na: 4", ["a", "b", "C"]), [Some("1"), None, Some("3")]);
    }
}
