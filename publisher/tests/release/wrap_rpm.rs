//! Packages for rpm that others built, with a plan: what they were is what they are.

mod kept;
mod refused;
mod release;

use std::fs;
use std::path::{Path, PathBuf};

use crate::packagers;
use crate::sample::output_of;

/// Every kind of path, relation, scriptlet and trigger that a spec file can say.
const SPEC: &str = r#"
%global _binary_payload @PAYLOAD@
Name: @NAME@
Version: @VERSION@
Release: 1
Summary: A package of plain parts
Summary(fr): Un paquet
License: MIT
URL: https://acme.example
Packager: Acme <packages@acme.example>
Vendor: Acme
BuildArch: noarch
AutoReqProv: no
Requires: python3 >= 3.6, (acme-a or acme-b)
Requires(post): acme-post
Recommends: acme-docs
Suggests: acme-more
Supplements: acme-base
Enhances: acme-other
Conflicts: acme-old < 1.1
Obsoletes: acme-older < 1.0
Provides: acme-thing = 2:1.1
@HEADER@

%description
One paragraph.

Another.

%install
cd %{buildroot}
mkdir -p usr/lib/systemd/system opt/acme/bin opt/acme/empty etc/acme usr/share/doc/acme-plain var/log
printf '[Service]\nExecStart=/bin/true\n' >usr/lib/systemd/system/ledger.service
printf '#!/bin/sh\n' >opt/acme/bin/tool
printf '#!/usr/bin/zz\n' >opt/acme/bin/other
chmod 755 opt/acme/bin/tool opt/acme/bin/other
ln opt/acme/bin/tool opt/acme/bin/zz-hard
ln opt/acme/bin/tool opt/acme/aa-hard
ln -s bin/tool opt/acme/link
printf 'port = 1\n' >etc/acme/ledger.conf
printf 'read me\n' >usr/share/doc/acme-plain/README
head -c 300000 /dev/zero >opt/acme/zeros
head -c 300000 %{_sourcedir}/noise >opt/acme/noise

%pre
echo pre >&2
%post -p /sbin/ldconfig
%preun -p /usr/bin/perl
print "preun\n";
%postun -p /sbin/ldconfig
%posttrans -p <lua>
local x = 1
%pretrans -p <lua>
local y = 2
%verifyscript
true
%triggerin -- acme-other
echo triggered
%filetriggerin -- /opt/acme
cat >/dev/null
%transfiletriggerin -- /opt/acme
cat >/dev/null

%files
/usr/lib/systemd/system/ledger.service
%dir /opt/acme
%dir /opt/acme/bin
%dir /opt/acme/empty
%attr(0640, daemon, adm) /opt/acme/noise
%attr(4755, root, root) /opt/acme/bin/tool
%attr(4755, root, root) /opt/acme/bin/zz-hard
%attr(0755, root, root) /opt/acme/bin/other
%attr(4755, root, root) /opt/acme/aa-hard
/opt/acme/link
%caps(cap_net_bind_service=ep) %verify(not mtime) /opt/acme/zeros
%config(noreplace) /etc/acme/ledger.conf
%doc /usr/share/doc/acme-plain/README
%ghost /var/log/acme.log

%changelog
* Sat Aug 01 2026 Acme <packages@acme.example> - @VERSION@-1
- Something new.
* Fri May 01 2026 Acme <packages@acme.example> - 1.0.0-1
- The first.
"#;

/// What a package is made of.
struct Plain<'a> {
    name: &'a str,
    version: &'a str,
    payload: &'a str,
    header: &'a str,
    /// Another processor than any.
    target: Option<&'a str>,
}

impl Default for Plain<'_> {
    fn default() -> Self {
        Self { name: "acme-ledger", version: "1.1.0", payload: "w6.gzdio", header: "", target: None }
    }
}

impl Plain<'_> {
    /// Built by rpmbuild, in a folder of its own below `folder`.
    fn build(&self, folder: &Path) -> PathBuf {
        let Self { name, version, payload, header, target } = *self;
        let parts = [("@NAME@", name), ("@VERSION@", version), ("@PAYLOAD@", payload), ("@HEADER@", header)];
        let mut spec = parts.iter().fold(SPEC.to_owned(), |spec, (mark, part)| spec.replace(mark, part));
        if target.is_some() {
            spec = spec.replacen("BuildArch: noarch\n", "", 1);
        }
        let folder = tempfile::Builder::new().tempdir_in(folder).unwrap().keep();
        let noise: Vec<u8> = (0..150_000u32).flat_map(|n| (n / 7).wrapping_mul(n).to_be_bytes()).collect();
        fs::write(folder.join("noise"), noise).unwrap();
        fs::write(folder.join("plain.spec"), spec).unwrap();
        packagers::build_rpm("plain.spec", target, &folder);
        let architecture = target.unwrap_or("noarch");
        folder.join(format!("{name}-{version}-1.{architecture}.rpm"))
    }
}

fn query(package: &Path, what: &[&str]) -> String {
    output_of("rpm", &[&["-qp", "--nosignature"], what, &[package.to_str().unwrap()]].concat())
}
