//! Files of a repository beside its packages, fetched by curl.
//!
//! dnf 5 and zypper have no command that fetches one file of a repository; the libraries below both use
//! libcurl. What is secret goes to curl on its standard input: every user of a host may read the arguments
//! of a process. The agent has no HTTP of its own.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::host::HostError;
use crate::host::command::{CommandError, HostCommand};
use crate::host::login::Login;

/// Not the site's, which may be older than every option below.
const PROGRAM: &str = "/usr/bin/curl";
/// The status of a program that SIGXFSZ ended.
const FILE_TOO_LARGE: i32 = 128 + 25;
/// How long to wait for a server to be there at all.
const CONNECT: Duration = Duration::from_secs(10);

/// How a repository is reached, as the package manager's configuration has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// The proxy's address.
    pub proxy: Option<String>,
    /// What the proxy wants to know.
    pub proxy_login: Option<Login>,
    /// What the server wants to know.
    pub login: Option<Login>,
    /// Certificate authorities, in a file; else the host's.
    pub ca: Option<PathBuf>,
    /// The certificate of this host.
    pub client_certificate: Option<PathBuf>,
    /// Its key, where it is in a file of its own.
    pub client_key: Option<PathBuf>,
    /// Whether the server's certificate is verified.
    pub verify: Verify,
}

impl Access {
    /// By the options of a repository, as dnf 4 and dnf 5 call them; one without a value is none.
    pub fn of(option: impl Fn(&str) -> Option<String>) -> Self {
        let login = |user: &str, password: &str| {
            Some(Login { user: option(user)?, password: option(password).unwrap_or_default() })
        };
        let is_off = |value: String| matches!(value.to_lowercase().as_str(), "0" | "false" | "no" | "off");
        Self {
            proxy: option("proxy").filter(|proxy| proxy != "_none_"),
            proxy_login: login("proxy_username", "proxy_password"),
            login: login("username", "password"),
            ca: option("sslcacert").map(PathBuf::from),
            client_certificate: option("sslclientcert").map(PathBuf::from),
            client_key: option("sslclientkey").map(PathBuf::from),
            verify: if option("sslverify").is_some_and(is_off) { Verify::Nothing } else { Verify::Certificate },
        }
    }
}

/// Whether the certificate of a server counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verify {
    /// As it should be.
    #[default]
    Certificate,
    /// The administrator does not want it: what is fetched is signed.
    Nothing,
}

/// One file, at most `maximum` bytes in at most `limit`.
///
/// # Errors
/// When it cannot be had; [`HostError::reason`] has curl's words.
pub fn fetch(url: &str, access: &Access, maximum: u64, limit: Duration) -> Result<Vec<u8>, HostError> {
    let options = Options::of(url, access, maximum, limit);
    run(url, HostCommand::new(PROGRAM), options, maximum, limit)
}

/// The same into a file: a package need not fit into memory.
///
/// # Errors
/// Those of [`fetch`].
pub fn download(url: &str, access: &Access, target: &Path, maximum: u64, limit: Duration) -> Result<(), HostError> {
    let options = Options::of(url, access, maximum, limit).and_then(|mut options| {
        options.add("output", target.display())?;
        Ok(options)
    });
    // A server that sends without end, and does not say so before, is cut off by the kernel: curl looks at what
    // comes in from 8.4 on.
    let command = HostCommand::new("prlimit").arg(format!("--fsize={maximum}")).args(["--", PROGRAM]);
    run(url, command, options, maximum, limit).map(drop)
}

fn run(
    url: &str,
    command: HostCommand,
    options: Result<Options, String>,
    maximum: u64,
    limit: Duration,
) -> Result<Vec<u8>, HostError> {
    let failed = |reason: String| HostError { action: format!("fetch {url}"), reason };
    // First of all: whatever is in anybody's .curlrc.
    let command = command
        .args(["--disable", "--config", "-"])
        .input(options.map_err(failed)?.0)
        .maximum(usize::try_from(maximum).unwrap_or(usize::MAX))
        .limit(limit + CONNECT);
    command.output().map_err(|error| match error {
        CommandError::TooMuch { .. } | CommandError::Failed { status: FILE_TOO_LARGE, .. } => {
            failed(format!("it is larger than {maximum} bytes"))
        }
        other => other.of(format!("fetch {url}"), words),
    })
}

/// `curl: (22) The requested URL returned error: 404`
fn words(stderr: &str) -> String {
    let line = stderr.lines().find(|line| line.starts_with("curl: ")).unwrap_or(stderr);
    let line = line.strip_prefix("curl: ").unwrap_or(line);
    line.split_once(") ")
        .filter(|(number, _)| number.starts_with('('))
        .map_or(line, |(_, words)| words)
        .trim()
        .to_owned()
}

/// curl's own configuration: a line for each option.
struct Options(String);

impl Options {
    fn of(url: &str, access: &Access, maximum: u64, limit: Duration) -> Result<Self, String> {
        let mut options = Self(String::new());
        // The entry point was fetched past every cache; what it names has to be as new.
        for word in ["silent", "show-error", "fail", "location", "globoff", "anyauth", "proxy-anyauth"] {
            options.0.push_str(&format!("{word}\n"));
        }
        options.add("header", "Cache-Control: no-cache")?;
        options.add("proto", "=http,https,ftp,file")?;
        options.add("proto-redir", "=http,https")?;
        options.add("max-redirs", "5")?;
        options.add("connect-timeout", CONNECT.as_secs())?;
        options.add("max-time", limit.as_secs().max(1))?;
        options.add("max-filesize", maximum)?;
        options.reach(access)?;
        options.add("url", url)?;
        Ok(options)
    }

    fn reach(&mut self, access: &Access) -> Result<(), String> {
        let files = [("cacert", &access.ca), ("cert", &access.client_certificate), ("key", &access.client_key)];
        for (option, file) in files {
            if let Some(file) = file {
                self.add(option, file.display())?;
            }
        }
        if let Some(proxy) = &access.proxy {
            self.add("proxy", proxy)?;
        }
        for (option, login) in [("user", &access.login), ("proxy-user", &access.proxy_login)] {
            if let Some(login) = login {
                self.add(option, format!("{}:{}", login.user, login.password))?;
            }
        }
        if access.verify == Verify::Nothing {
            self.0.push_str("insecure\n");
        }
        Ok(())
    }

    fn add(&mut self, option: &str, value: impl fmt::Display) -> Result<(), String> {
        let value = value.to_string();
        // Nothing of it can be a line of its own.
        if value.chars().any(char::is_control) {
            return Err(format!("the option {option} has a character that cannot be"));
        }
        let value = value.replace('\\', "\\\\").replace('"', "\\\"");
        self.0.push_str(&format!("{option} = \"{value}\"\n"));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Write};
    use std::net::TcpListener;

    const LIMIT: Duration = Duration::from_secs(20);

    /// A server of one answer; what it was asked.
    fn server(answer: &str) -> (String, std::thread::JoinHandle<Vec<String>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/feed.pgp", listener.local_addr().unwrap());
        let answer = answer.to_owned();
        let asked = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
            let lines = lines.take_while(|line| !line.is_empty()).collect();
            // Whoever has heard enough hangs up.
            let _ = stream.write_all(answer.as_bytes());
            lines
        });
        (url, asked)
    }

    #[test]
    fn a_file_is_fetched_and_limited() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::write(folder.path().join("feed.pgp"), "0123456789").unwrap();
        let url = |name: &str| format!("file://{}/{name}", folder.path().display());
        let fetch = |name: &str, maximum| fetch(&url(name), &Access::default(), maximum, LIMIT);
        assert_eq!(fetch("feed.pgp", 10).unwrap(), b"0123456789");
        assert!(fetch("feed.pgp", 9).is_err());
        let error = fetch("none", 9).unwrap_err();
        assert!(error.action.ends_with("/none") && !error.reason.contains("curl: "), "{error}");
    }

    #[test]
    fn a_package_that_is_longer_than_it_says_does_not_fill_the_disk() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("erp.rpm");
        let parts = |number: usize| {
            "400\r\n".to_owned() + &"x".repeat(1024) + "\r\n" + if number > 1 { "" } else { "0\r\n\r\n" }
        };
        let answer = |number: usize| {
            let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n".to_owned();
            head + &(1..=number).rev().map(parts).collect::<String>()
        };
        let download = |answer: String| {
            let (url, asked) = server(&answer);
            let fetched = download(&url, &Access::default(), &target, 1024, LIMIT);
            asked.join().unwrap();
            (fetched.map_err(|error| error.reason), target.metadata().unwrap().len())
        };
        assert_eq!(download(answer(1)), (Ok(()), 1024));
        let (fetched, length) = download(answer(64));
        assert!(fetched.is_err() && length <= 1024, "{fetched:?} {length}");
    }

    #[test]
    fn what_is_not_there_is_an_error_in_plain_words() {
        let (url, asked) = server("HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno\n");
        let error = fetch(&url, &Access::default(), 10, LIMIT).unwrap_err();
        assert_eq!(error.reason, "The requested URL returned error: 404");
        assert!(asked.join().unwrap().contains(&"Cache-Control: no-cache".to_owned()));
    }

    #[test]
    fn a_server_is_told_the_login_and_a_proxy_its_own() {
        let login = |user: &str| Login { user: user.to_owned(), password: "pass \"w\\rd".to_owned() };
        let (proxy, asked) = server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
        let proxy = proxy.strip_suffix("/feed.pgp").map(str::to_owned);
        let access = Access { proxy, ..Access::default() };
        assert_eq!(fetch("http://packages.acme.example/feed.pgp", &access, 10, LIMIT).unwrap(), b"ok");
        assert_eq!(asked.join().unwrap()[0], "GET http://packages.acme.example/feed.pgp HTTP/1.1");
        let access = Access { login: Some(login("acme")), proxy_login: Some(login("site")), ..Access::default() };
        let options = Options::of("http://x/", &access, 10, LIMIT).unwrap().0;
        assert!(options.contains("\nuser = \"acme:pass \\\"w\\\\rd\"\n"), "{options}");
        assert!(options.contains("\nproxy-user = \"site:"), "{options}");
    }

    #[test]
    fn nothing_of_a_configuration_becomes_an_option_of_its_own() {
        let login = Login { user: "a".to_owned(), password: "b\ninsecure".to_owned() };
        let access = Access { login: Some(login), ..Access::default() };
        let error = fetch("file:///none", &access, 10, LIMIT).unwrap_err();
        assert!(error.reason.contains("user"), "{error}");
    }
}
