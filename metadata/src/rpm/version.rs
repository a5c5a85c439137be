//! The order of versions as rpm has it, `rpm-version(7)`. It is proved against rpm itself where versions are
//! made, in the publisher.

use std::cmp::Ordering;

/// The order of two `version-release`, each with or without an epoch.
pub fn compare(a: &str, b: &str) -> Ordering {
    let ((a_epoch, a_version, a_release), (b_epoch, b_version, b_release)) = (parts(a), parts(b));
    compare_part(a_epoch, b_epoch)
        .then_with(|| compare_part(a_version, b_version))
        .then_with(|| compare_part(a_release, b_release))
}

fn parts(version: &str) -> (&str, &str, &str) {
    let (epoch, rest) = version.split_once(':').unwrap_or(("0", version));
    let (version, release) = rest.rsplit_once('-').unwrap_or((rest, ""));
    (epoch, version, release)
}

/// `rpmvercmp`: letters and digits in turns, whatever stands between them.
fn compare_part(a: &str, b: &str) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    let (mut a, mut b) = (a.as_bytes(), b.as_bytes());
    loop {
        (a, b) = (after_separators(a), after_separators(b));
        match (a.first(), b.first()) {
            (Some(b'~'), Some(b'~')) | (Some(b'^'), Some(b'^')) => (a, b) = (&a[1..], &b[1..]),
            (Some(b'~'), _) => return Ordering::Less,
            (_, Some(b'~')) => return Ordering::Greater,
            // More than the end, less than anything else.
            (Some(b'^'), None) => return Ordering::Greater,
            (None, Some(b'^')) => return Ordering::Less,
            (Some(b'^'), _) => return Ordering::Less,
            (_, Some(b'^')) => return Ordering::Greater,
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(first), Some(_)) => {
                let numbers = first.is_ascii_digit();
                let ((a_run, a_rest), (b_run, b_rest)) = (run(a, numbers), run(b, numbers));
                let order = compare_runs(a_run, b_run, numbers);
                if order.is_ne() {
                    return order;
                }
                (a, b) = (a_rest, b_rest);
            }
        }
    }
}

fn after_separators(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|byte| byte.is_ascii_alphanumeric() || b"~^".contains(byte));
    &text[start.unwrap_or(text.len())..]
}

fn run(text: &[u8], numbers: bool) -> (&[u8], &[u8]) {
    let belongs = |byte: &u8| if numbers { byte.is_ascii_digit() } else { byte.is_ascii_alphabetic() };
    text.split_at(text.iter().position(|byte| !belongs(byte)).unwrap_or(text.len()))
}

fn compare_runs(a: &[u8], b: &[u8], numbers: bool) -> Ordering {
    // Numbers are above letters.
    if b.is_empty() {
        return if numbers { Ordering::Greater } else { Ordering::Less };
    }
    if !numbers {
        return a.cmp(b);
    }
    let value = |run: &[u8]| run.iter().position(|byte| *byte != b'0').map_or(Vec::new(), |at| run[at..].to_vec());
    let (a, b) = (value(a), value(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(&b))
}
