//! The service, for systemd: a user of its own, which may read the mirror and nothing else of anybody.

use std::net::SocketAddr;
use std::path::Path;

/// Where the service keeps what hosts missed, below the folder of services' states.
const KEPT: &str = "consign-mirror/missed.json";

/// A unit that serves a folder with this program.
pub fn unit(program: &Path, folder: &Path, addresses: &[SocketAddr]) -> String {
    let (program, folder) = (quoted(program), quoted(folder));
    let listen: String = addresses.iter().map(|address| format!(" --listen {address}")).collect();
    // Ports below 1024 belong to the system.
    let may = if addresses.iter().any(|address| address.port() < 1024) { "CAP_NET_BIND_SERVICE" } else { "" };
    format!(
        "[Unit]
Description=Mirror of packages
Wants=network-online.target
After=network-online.target

[Service]
ExecStart={program} mirror serve {folder}{listen} --missed %S/{KEPT}
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
DynamicUser=yes
StateDirectory=consign-mirror
ProtectSystem=strict
ProtectHome=tmpfs
BindReadOnlyPaths={folder}
PrivateDevices=yes
PrivateTmp=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
AmbientCapabilities={may}
CapabilityBoundingSet={may}
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictAddressFamilies=AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
UMask=0022
LimitNOFILE=16384
MemoryMax=512M

[Install]
WantedBy=multi-user.target
"
    )
}

/// As systemd.syntax(7) takes a word with anything in it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string().replace('%', "%%");
    if text.chars().all(|c| c.is_ascii_alphanumeric() || "/-_.+%".contains(c)) {
        return text;
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "$$"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_needs_it_may_have_a_port_of_the_system() {
        let unit =
            |address: &str| unit(Path::new("/usr/bin/consign"), Path::new("/srv/mirror"), &[address.parse().unwrap()]);
        let low = unit("0.0.0.0:80");
        assert!(low.contains("\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n"), "{low}");
        assert!(low.contains("ExecStart=/usr/bin/consign mirror serve /srv/mirror --listen 0.0.0.0:80 "), "{low}");
        assert!(unit("[::]:8090").contains("\nAmbientCapabilities=\n"));
    }

    #[test]
    fn a_folder_may_have_any_name() {
        assert_eq!(quoted(Path::new("/srv/a b/100%")), "\"/srv/a b/100%%\"");
    }
}
