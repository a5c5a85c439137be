//! Credentials in an address. They go into no log, no argument list and no report.

/// A name and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login(…)")
    }
}

/// The address without its credentials, and these.
pub fn split(url: &str) -> (String, Option<Login>) {
    let Some((scheme, rest)) = url.split_once("://") else { return (url.to_owned(), None) };
    let end = rest.find('/').unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let Some((login, host)) = authority.rsplit_once('@') else { return (url.to_owned(), None) };
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let login = Login { user: decoded(user), password: decoded(password) };
    (format!("{scheme}://{host}{path}"), Some(login))
}

/// Percent-encoding, RFC 3986 section 2.1.
fn decoded(text: &str) -> String {
    let (bytes, mut decoded, mut at) = (text.as_bytes(), Vec::new(), 0);
    while at < bytes.len() {
        let pair = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match pair.and_then(|pair| u8::from_str_radix(pair, 16).ok()) {
            Some(byte) => {
                decoded.push(byte);
                at += 3;
            }
            None => {
                decoded.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_taken_out_of_an_address_and_never_shown() {
        let (url, login) = split("https://acme:pass%20w%3Ard@packages.acme.example:8443/debian/");
        let login = login.unwrap();
        assert_eq!(url, "https://packages.acme.example:8443/debian/");
        assert_eq!((&*login.user, &*login.password), ("acme", "pass w:rd"));
        assert!(!format!("{login:?}").contains("acme"));
        for plain in ["file:/srv/repository/", "http://127.0.0.1:8081/", "https://packages.example/a@b/"] {
            assert_eq!(split(plain), (plain.to_owned(), None));
        }
    }
}
