//! The proxies of the host, which SUSE keeps as variables of a shell in `/etc/sysconfig/proxy`.

use crate::places::Places;

const FILE: &str = "/etc/sysconfig/proxy";

/// The proxy for an address; none where there is none, or the address goes without.
pub fn of_host(places: &Places, url: &str) -> Option<String> {
    let text = std::fs::read_to_string(places.at(FILE)).ok()?;
    let value = |name: &str| {
        let mut pairs = text.lines().filter_map(|line| line.trim().split_once('='));
        pairs.find(|(known, _)| *known == name).map(|(_, value)| value.trim_matches(['"', '\'']))
    };
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split(['/', ':']).next()?;
    let is_without = |name: &str| host == name || host.ends_with(&format!(".{}", name.trim_start_matches('.')));
    let without = value("NO_PROXY").unwrap_or_default();
    if value("PROXY_ENABLED") != Some("yes")
        || without.split([',', ' ']).any(|name| !name.is_empty() && is_without(name))
    {
        return None;
    }
    let proxy = value(&format!("{}_PROXY", scheme.to_uppercase()))?;
    (!proxy.is_empty()).then(|| proxy.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_the_proxy_of_its_scheme_unless_it_goes_without() {
        let root = tempfile::tempdir().unwrap();
        let places = Places::below(root.path());
        let of = |url: &str| of_host(&places, url);
        assert_eq!(of("http://packages.example/"), None);
        fs_err::create_dir_all(places.at("/etc/sysconfig")).unwrap();
        let text = "# x\nPROXY_ENABLED=\"yes\"\nHTTP_PROXY=\"http://p:3128\"\nHTTPS_PROXY=\"\"\nNO_PROXY=\"localhost, .intern.example\"\n";
        fs_err::write(places.at(FILE), text).unwrap();
        assert_eq!(of("http://packages.example/").as_deref(), Some("http://p:3128"));
        for without in
            ["https://packages.example/", "http://a.intern.example:8080/x", "http://localhost/", "file:///srv"]
        {
            assert_eq!(of(without), None, "{without}");
        }
        fs_err::write(places.at(FILE), text.replace("yes", "no")).unwrap();
        assert_eq!(of("http://packages.example/"), None);
    }
}
