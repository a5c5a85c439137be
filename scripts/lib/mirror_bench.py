"""Mirrors: ours beside debmirror and aptly, of one repository on one server, in one run.

Everybody has the same 1,000 packages to fetch and to verify, small ones and larger ones, by turns and each time into
folders of its own (where files were just deleted ext4 searches for inodes, and whoever comes next pays); then nothing,
then one package that is new. What that took of the server is counted by the server. `consign mirror apt` verifies what
the peers verify, `consign mirror sync` every package besides. Then one package of 100 MB, of which two hundredths are new, carried by
hand; archives that others have made, with indexes as large as those of distributions; and a million requests to
`consign mirror serve`, and to nginx.
"""

import hashlib
import os
import random
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

NEEDED = {"zstd": "zstd", "xz": "xz-utils", "nginx": "nginx-light", "debmirror": "debmirror", "aptly": "aptly", "ab": "apache2-utils", "gpgv": "gpgv", "gpg": "gpg"}
PRODUCTS, MODULES, SMALL, LARGER = 10, 100, 1_000, 100_000
TURNS = 7
ALONE = 2_000_000
REQUESTS = 1_000_000
# Of the large package: files, and in each bytes that compress, those that do not, and those that each version has anew.
LARGE, LARGE_WORDS, LARGE_NOISE, LARGE_NEW = 100, 1_000_000, 520_000, 20_000
# Stanzas, as of Debian for one architecture, and bytes of lists of files, packed, as of a distribution of rpm.
STANZAS, LISTS = 65_000, 60_000_000


def install():
    """The peers, from Debian."""
    path = os.environ["PATH"] + ":/usr/sbin"
    missing = [package for command, package in NEEDED.items() if not shutil.which(command, path=path)]
    if not missing:
        return
    if os.getuid():
        sys.exit(f"bench: mirror: apt-get install {' '.join(missing)}")
    apt = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "-qq"]
    subprocess.run([*apt, "update"], check=True)
    subprocess.run([*apt, "-y", "--no-install-recommends", "install", *missing], check=True, stdout=subprocess.DEVNULL)


class Vendor:
    """Somebody who publishes with Consign."""

    def __init__(self, consign, work):
        self.consign, self.work, self.dice = consign, work, random.Random(1)
        self.public = work / "public"
        keys = ["key", "new", "--vendor", "acme", "--folder", work / "keys", "--algorithm", "ed25519", "--no-passphrase"]
        self.run(*keys)

    def run(self, *arguments):
        done = subprocess.run([self.consign, *arguments], cwd=self.work, capture_output=True)
        if done.returncode:
            sys.exit(f"bench: mirror: consign {arguments[0]}: {done.stderr.decode()}")

    def release(self, product, version, modules, size, fill=None):
        """Builds a version of so many packages; each of so many bytes of noise, unless `fill` puts others in."""
        project = self.work / product
        shutil.rmtree(project, ignore_errors=True)
        manifest = [
            'vendor = "acme"', "[product]", f'name = "{product}"', f'version = "{version}"', 'summary = "bench"',
            'maintainer = "Acme <packages@acme.example>"', "[repository]", 'url = "http://127.0.0.1"', "[notes]",
        ]
        (project / "notes").mkdir(parents=True)
        (project / f"notes/{version}.en.md").write_text("A release.\n")
        for number in range(modules):
            name = f"acme-{product}-{number}"
            (project / name).mkdir()
            if fill:
                fill(project / name)
            else:
                (project / name / "data").write_bytes(self.dice.randbytes(size))
            manifest += ["[[module]]", f'package = "{name}"', f'files = [{{ from = "{name}/", to = "/opt/{name}" }}]']
        (project / "consign.toml").write_text("\n".join(manifest) + "\n")
        self.run("build", "--manifest", project / "consign.toml", "--output", project / "dist", "--key", self.work / "keys/package.secret.pgp")
        return sorted((project / "dist").glob("*.deb")), project / "consign.toml"

    def publish(self, packages, manifest):
        self.run("publish", "--manifest", manifest, "--folder", self.public, "--keys", self.work / "keys", *packages)


class Nginx:
    """A server that counts."""

    def __init__(self, work, root):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = work / "access.log"
        temporary = "".join(f"{kind}_temp_path {work}/{kind};" for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"])
        (work / "nginx.conf").write_text(
            f"{'' if os.getuid() else 'user root; '}daemon off; worker_processes auto; pid {work}/pid; error_log {work}/error.log; events {{}}\n"
            f"http {{ access_log {self.log}; {temporary} keepalive_requests 100000000; sendfile on;\n"
            f"server {{ listen 127.0.0.1:{self.port}; root {root}; }} }}\n"
        )
        nginx = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        self.process = subprocess.Popen([nginx, "-e", work / "error.log", "-c", work / "nginx.conf"])
        wait_for(self.port)
        self.url = f"http://127.0.0.1:{self.port}"

    def asked(self):
        """Requests and bytes since the last time."""
        lines = self.log.read_text().splitlines()
        self.log.write_text("")
        return len(lines), sum(int(line.split('"')[2].split()[1]) for line in lines)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


def wait_for(port):
    for _ in range(600):
        with socket.socket() as there:
            if not there.connect_ex(("127.0.0.1", port)):
                return
        time.sleep(0.1)
    sys.exit("bench: mirror: a server does not answer")


def took(command, **options):
    """CPU seconds and peak MiB of a command and everything that it starts."""
    with tempfile.NamedTemporaryFile() as peak:
        told = ["/usr/bin/time", "--format", "%U %S %M", "--output", peak.name, *command]
        done = subprocess.run(told, capture_output=True, **options)
        if done.returncode:
            sys.exit(f"bench: mirror: {' '.join(map(str, command))}: {done.stderr.decode()[-2000:]}{done.stdout.decode()[-2000:]}")
        user, system, memory = peak.read().split()
    return float(user) + float(system), int(memory) / 1024


def tools(consign, vendor, work, url):
    """How each is told to mirror the repository; the same command again brings it up to date."""
    home = work / "home"
    home.mkdir()
    keyring = home / "trusted.gpg"
    certificate = vendor.work / "keys/certificate.pgp"
    environment = {**os.environ, "HOME": str(home), "GNUPGHOME": str(home), "LC_ALL": "C"}
    # Traces of errors that nobody sees cost more than the errors.
    environment.pop("RUST_BACKTRACE", None)
    armored = certificate.read_bytes()
    plain = subprocess.run(["gpg", "--dearmor"], input=armored, capture_output=True, env=environment).stdout
    keyring.write_bytes(plain or armored)
    (home / "aptly.conf").write_text(f'{{"rootDir": "{work}/aptly", "architectures": ["amd64"]}}')
    host, path = url.removeprefix("http://"), "/"
    debmirror = ["debmirror", "--method=http", f"--host={host}", f"--root={path}", "--dist=stable", "--section=main"]
    debmirror += ["--arch=amd64", "--nosource", "--diff=none", "--rsync-extra=none"]
    debmirror += [f"--keyring={keyring}", work / "debmirror"]
    aptly = ["aptly", f"-config={home}/aptly.conf"]
    create = [*aptly, "mirror", "create", f"-keyring={keyring}", "bench", url, "stable", "main"]
    took(create, env=environment)
    ours = [consign, "mirror", "sync", url, work / "consign", "--certificate", certificate, "--architecture", "amd64"]
    alike = [consign, "mirror", "apt", url, work / "alike", "--suite", "stable", "--keyring", certificate]
    return {
        "consign mirror sync": (ours, environment),
        "consign mirror apt": ([*alike, "--architecture", "amd64"], environment),
        "debmirror": (debmirror, environment),
        "aptly mirror update": ([*aptly, "mirror", "update", f"-keyring={keyring}", "bench"], environment),
    }


def first_time(consign, vendor, server, work):
    """What the first sync costs, the middle of several. The commands of the last."""
    figures = {}
    for turn in range(TURNS):
        folder = work / f"turn-{turn}"
        folder.mkdir()
        commands = tools(consign, vendor, folder, server.url)
        for name, (command, environment) in commands.items():
            os.sync()
            server.asked()
            figures.setdefault(name, []).append((*took(command, env=environment), *server.asked()))
    packages = sorted(path.stat().st_size for path in (vendor.public / "pool").rglob("*.deb"))
    print(f"\n{len(packages):,} packages of {statistics.median(packages):,.0f} bytes, the first time, {TURNS} turns")
    print(f"{'':32}{'CPU s':>10}{'of debm.':>10}{'peak MiB':>10}{'requests':>10}{'bytes':>16}")
    middle = {name: [statistics.median(column) for column in zip(*runs)] for name, runs in figures.items()}
    for name, (seconds, memory, requests, received) in middle.items():
        part = seconds / middle["debmirror"][0]
        print(f"{name:32}{seconds:10.2f}{part:10.2f}{memory:10.1f}{requests:10,}{received:16,}")
    return commands


def syncs(server, commands, what):
    print(f"\n{what}\n{'':32}{'CPU s':>10}{'peak MiB':>10}{'requests':>10}{'bytes':>16}")
    for name, (command, environment) in commands.items():
        server.asked()
        seconds, memory = took(command, env=environment)
        requests, received = server.asked()
        print(f"{name:32}{seconds:10.2f}{memory:10.1f}{requests:10,}{received:16,}")


def large(folder, version):
    """About 100 MB once packed, of which two hundredths are each version's own, spread over all files."""
    dice = random.Random(1)
    vocabulary = [bytes(dice.choices(b"abcdefghijklmnopqrstuvwxyz_", k=dice.randint(3, 12))) for _ in range(4000)]
    words = b" ".join(dice.choices(vocabulary, k=150_000))[:LARGE_WORDS]
    for number in range(LARGE):
        noise, at = random.Random(number).randbytes(LARGE_NOISE), number * 7_919
        new = random.Random(f"{number} {version}").randbytes(LARGE_NEW)
        (folder / f"file-{number}").write_bytes(words[at:] + new + words[:at] + noise)


def carried(consign, vendor, work, url, environment):
    """A large package of which little is new, by hand to a site that has the version before."""
    mirror, site, certificate = work / "hand", work / "site", vendor.work / "keys/certificate.pgp"
    sync = [consign, "mirror", "sync", url, mirror, "--certificate", certificate, "--product", "large"]
    for version in ["1.0.0", "1.1.0"]:
        packages, manifest = vendor.release("large", version, 1, 0, lambda folder: large(folder, version))
        vendor.publish(packages, manifest)
        took(sync, env=environment)
        export = [consign, "mirror", "export", mirror, "--to", work / f"medium-{version}"]
        if version == "1.0.0":
            took(export, env=environment)
            first = [consign, "mirror", "import", work / f"medium-{version}", site, "--certificate", certificate]
            took(first, env=environment)
            took([consign, "mirror", "receipt", site, "--to", work / "receipt.json"], env=environment)
    figures = [
        ("consign mirror export", took([*export, "--receipt", work / "receipt.json"], env=environment)),
        ("consign mirror import", took([consign, "mirror", "import", work / "medium-1.1.0", site], env=environment)),
    ]
    medium = sum(path.stat().st_size for path in (work / "medium-1.1.0").rglob("*") if path.is_file())
    size = packages[0].stat().st_size
    new = LARGE * LARGE_NEW
    print(f"\nA package of {size:,} bytes, of which {new:,} are new, by hand\n{'':32}{'CPU s':>10}{'peak MiB':>10}")
    for name, (seconds, memory) in figures:
        print(f"{name:32}{seconds:10.2f}{memory:10.1f}  ({memory * 2**20 / size:.1f} times the package)")
    print(f"the medium: {medium:,} bytes; zstd --patch-from of the packages as they are: {patch(vendor, work):,}")


def patch(vendor, work):
    """What a delta of the packed packages takes, which have next to nothing in common."""
    old, new = [next((vendor.public / "pool").rglob(f"acme-large-0_{version}-1_all.deb")) for version in ["1.0.0", "1.1.0"]]
    subprocess.run(["zstd", "-q", "-f", "--long=27", f"--patch-from={old}", new, "-o", work / "patch"], check=True)
    return (work / "patch").stat().st_size


def archives(consign, vendor, work, environment):
    """Archives that others have made, and one package of them."""
    home, root = work / "archives-home", work / "archives"
    for folder in [home, root / "repodata", root / "dists/large/main/binary-amd64"]:
        folder.mkdir(parents=True, mode=0o700)
    gpg = ["gpg", "--batch", "--yes", "--quiet", "--homedir", home]
    subprocess.run([*gpg, "--import", vendor.work / "keys/index.secret.pgp"], check=True, capture_output=True)
    digest = hashlib.sha256(b"one").hexdigest()
    (root / "one").write_bytes(b"one")
    names = [*(f"lib-package-{number}" for number in range(STANZAS)), "one"]
    needs = lambda number: [] if number == STANZAS else [names[(number + far) % STANZAS] for far in [1, 7, 60, 500, 4_000, 30_000]]
    with open(root / "dists/large/main/binary-amd64/Packages", "w") as text:
        for number, name in enumerate(names):
            text.write(
                f"Package: {name}\nVersion: 1.0.0-1\nArchitecture: amd64\nDepends: {', '.join(needs(number))}\n"
                f"Provides: {name}-virtual\nDescription: {'what it is good for, in many words ' * 10}\n"
                f"Filename: one\nSize: 3\nSHA256: {digest}\n\n"
            )
    with open(root / "repodata/primary.xml", "w") as text:
        entry = lambda name: f'<rpm:entry name="{name}()(64bit)"/>'
        text.write("<metadata>\n")
        for number, name in enumerate(names):
            text.write(
                f'<package type="rpm"><name>{name}</name><arch>x86_64</arch><checksum type="sha256">{digest}</checksum>'
                f'<size package="3"/><location href="one"/><format><rpm:provides>{entry(name)}</rpm:provides>'
                f"<rpm:requires>{''.join(map(entry, needs(number)))}</rpm:requires></format></package>\n"
            )
        text.write("</metadata>\n")
    (root / "repodata/filelists.xml.gz").write_bytes(vendor.dice.randbytes(LISTS))
    signed(gpg, root)
    server = Nginx(work / "archives-home", root)
    keyring = ["--keyring", vendor.work / "keys/certificate.pgp", "--package", "one", "--dependencies"]
    print(f"\nOne package of an archive of {STANZAS:,}\n{'':32}{'CPU s':>10}{'peak MiB':>10}")
    for name, command in {
        "consign mirror apt": ["apt", server.url, work / "slice-apt", "--suite", "large"],
        "consign mirror yum": ["yum", server.url, work / "slice-yum"],
    }.items():
        seconds, memory = took([consign, "mirror", *command, *keyring], env=environment)
        print(f"{name:32}{seconds:10.2f}{memory:10.1f}")
    server.stop()


def signed(gpg, root):
    """The entry points of the two archives."""
    def line(path):
        content = path.read_bytes()
        return hashlib.sha256(content).hexdigest(), len(content)

    suite = root / "dists/large"
    plain = suite / "main/binary-amd64/Packages"
    # As Debian's own, whose decoder takes 64 MiB.
    subprocess.run(["xz", "--keep", "--lzma2=preset=0,dict=64MiB", plain], check=True)
    listed = [(line(path), path.relative_to(suite)) for path in [plain, plain.with_suffix(".xz")]]
    release = "Origin: Large\nSuite: large\nCodename: large\nDate: Sat, 06 Sep 2025 10:14:05 UTC\nSHA256:\n"
    (suite / "Release").write_text(release + "".join(f" {digest} {size} {path}\n" for (digest, size), path in listed))
    subprocess.run([*gpg, "--clearsign", "--output", suite / "InRelease", suite / "Release"], check=True)
    repomd = root / "repodata/repomd.xml"
    data = ""
    for kind, name in [("primary", "primary.xml"), ("filelists", "filelists.xml.gz")]:
        digest, size = line(root / "repodata" / name)
        data += f'<data type="{kind}"><checksum type="sha256">{digest}</checksum><location href="repodata/{name}"/>'
        data += f"<timestamp>1700000000</timestamp><size>{size}</size></data>"
    repomd.write_text(f"<repomd><revision>1</revision>{data}</repomd>")
    subprocess.run([*gpg, "--detach-sign", "--armor", repomd], check=True)


def requests(consign, mirror, work):
    """A million requests for one small file, over connections that stay."""
    path = "dists/stable/InRelease"
    print(f"\n{REQUESTS:,} requests for {path}, {(mirror / path).stat().st_size:,} bytes")
    print(f"{'':32}{'a second':>10}{'failed':>10}{'peak MiB':>10}{'CPU s':>10}")
    command = [consign, "mirror", "serve", mirror, "--listen", "127.0.0.1:0", "--log", work / "serve.log"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        address = process.stderr.readline().rsplit("http://", 1)[1].strip()
        load("consign mirror serve", f"http://{address}/{path}", [process.pid])
        process.send_signal(signal.SIGTERM)
    folder = work / "beside"
    folder.mkdir()
    nginx = Nginx(folder, mirror)
    children = subprocess.run(["pgrep", "-P", str(nginx.process.pid)], capture_output=True, text=True).stdout.split()
    load("nginx", f"{nginx.url}/{path}", [nginx.process.pid, *map(int, children)])
    nginx.stop()


def load(name, url, processes):
    told = subprocess.run(["ab", "-q", "-k", "-n", str(REQUESTS), "-c", "32", url], capture_output=True, text=True)
    if told.returncode:
        sys.exit(f"bench: mirror: ab: {told.stderr}")
    figure = lambda words: float(re.search(rf"{words}:\s+([0-9.]+)", told.stdout).group(1))
    failed = figure("Failed requests") + (figure("Non-2xx responses") if "Non-2xx" in told.stdout else 0)
    status = "".join(Path(f"/proc/{pid}/status").read_text() for pid in processes)
    peak = sum(map(int, re.findall(r"VmHWM:\s+(\d+)", status))) / 1024
    fields = [Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in processes]
    seconds = sum(int(each[11]) + int(each[12]) for each in fields) / os.sysconf("SC_CLK_TCK")
    print(f"{name:32}{figure('Requests per second'):10,.0f}{failed:10,.0f}{peak:10.1f}{seconds:10.1f}")


def vendor_of(consign, work, size):
    """A vendor of many packages of so much noise."""
    work.mkdir()
    vendor, packages = Vendor(consign, work), []
    for number in range(PRODUCTS):
        built, manifest = vendor.release(f"p{number}", "1.0.0", MODULES, size)
        packages += built
    built, manifest = vendor.release("alone", "1.0.0", 1, ALONE)
    vendor.publish([*packages, *built], manifest)
    return vendor


def changes(vendor, server, commands):
    """The same mirrors when nothing is new, and when one package is."""
    syncs(server, commands, "Nothing is new")
    built, manifest = vendor.release("alone", "1.1.0", 1, ALONE)
    vendor.publish(built, manifest)
    syncs(server, commands, f"One package is new, of {built[0].stat().st_size:,} bytes")


def mirror(consign, top):
    install()
    with tempfile.TemporaryDirectory(dir=top / "target") as work:
        work = Path(work)
        for size in [LARGER, SMALL]:
            here = work / str(size)
            vendor = vendor_of(consign, here, size)
            server = Nginx(here, vendor.public)
            try:
                commands = first_time(consign, vendor, server, here)
                if size == SMALL:
                    environment = commands["consign mirror sync"][1]
                    changes(vendor, server, commands)
                    carried(consign, vendor, here, server.url, environment)
            finally:
                server.stop()
        archives(consign, vendor, here, environment)
        requests(consign, commands["consign mirror sync"][0][4], here)
