//! A host of some package manager that runs a product: what every measurement starts from.

use std::path::PathBuf;
use std::time::Duration;

use consign_lab::conformance::Sheet;
use consign_lab::{AgentPackage, Host, Manager, Outcome, Product, Shelf, Site, ThirdParty, Vendor, edit};

/// The vendor, its customer, and the packages of others that the customer has.
pub struct Case {
    pub vendor: Vendor,
    pub site: Site,
    pub id: String,
    shelf: Shelf,
    first: Vec<PathBuf>,
    edits: Edits,
}

/// What is changed in the manifest of every release.
pub type Edits = &'static [(&'static str, &'static str)];

/// What a vendor writes so that an upgrade can be taken back, and its step be run again.
pub const WITH_BACKUP: Edits = &[(
    "[[step]]\nname = \"init\"",
    "[backup]\npaths = [\"/var/lib/canopsis\"]\n\n[[step]]\nname = \"init\"\nundo = \"from-backup\"\n\
     on_interrupt = \"rerun\"",
)];

/// A script that waits while the test wants it to, and not for ever.
pub const WAITS: &str = "[ ! -e /srv/hang ] || : >/srv/waits; turn=0
while [ -e /srv/hang ] && [ $turn -lt 1200 ]; do sleep 0.1; turn=$((turn + 1)); done
exit 0";

/// Long enough on a busy machine for whatever is waited for.
pub const FINISH: Duration = Duration::from_secs(120);

impl Case {
    /// A host where this version of canopsis runs.
    #[track_caller]
    pub fn running(name: &str, sheet: &mut Sheet, product: Product, packages: &[&str]) -> Case {
        Case::of(name, sheet, Vendor::new("acme").unwrap(), product, packages)
    }

    /// The same with a plan that has a backup.
    #[track_caller]
    pub fn with_backup(name: &str, sheet: &mut Sheet, product: Product, packages: &[&str]) -> Case {
        Case::edited(name, sheet, Vendor::new("acme").unwrap(), product, packages, WITH_BACKUP)
    }

    /// The same with a product of this vendor's.
    #[track_caller]
    pub fn of(name: &str, sheet: &mut Sheet, vendor: Vendor, product: Product, packages: &[&str]) -> Case {
        Case::edited(name, sheet, vendor, product, packages, &[])
    }

    #[track_caller]
    fn edited(
        name: &str,
        sheet: &mut Sheet,
        vendor: Vendor,
        product: Product,
        packages: &[&str],
        edits: Edits,
    ) -> Case {
        let system = sheet.system;
        let vendor = if system.manager == Manager::Apt { vendor } else { vendor.with_rpms_only() };
        let first = publish(&vendor, product, edits);
        let host = Host::boot(&format!("{name}-{}", system.name), system.base).unwrap();
        sheet.ask_versions(&host);
        let id = format!("acme/{}", product.name());
        let site = Site::on(host, &vendor, &id).unwrap().by(system.manager);
        site.carry(&first);
        site.carry(&agent(&site));
        site.install(packages).expect_ok();
        site.wait_status(0);
        Case { vendor, site, id, shelf: Shelf::new().unwrap(), first, edits }
    }

    /// Publishes a release; its packages are on the host as well, for whoever takes files.
    #[track_caller]
    pub fn release(&self, product: Product) {
        self.site.carry(&publish(&self.vendor, product, self.edits));
    }

    /// Publishes a release, and everything that it asks for is acknowledged before it comes.
    #[track_caller]
    pub fn clear(&self, product: Product) {
        self.offered(product);
        self.acknowledge_all();
    }

    /// Nothing is left that anybody has to acknowledge.
    #[track_caller]
    pub fn acknowledge_all(&self) {
        self.acknowledge().expect_ok();
        assert_eq!(self.site.status()["products"][0]["upgrade"]["state"], "cleared");
    }

    /// Publishes a release, and the host knows of it.
    #[track_caller]
    pub fn offered(&self, product: Product) {
        self.release(product);
        self.site.refresh().expect_ok();
    }

    /// Acknowledges whatever waits for it, and answers how that ended.
    #[track_caller]
    pub fn acknowledge(&self) -> Outcome {
        self.site.host.exec(&["env", "LC_ALL=C.UTF-8", "consignee", "ack", &self.id, "--all", "--yes"])
    }

    /// Packages of others come into the repository that the host has beside the vendor's.
    #[track_caller]
    pub fn offer(&self, packages: &[ThirdParty]) {
        self.shelf.offer(&self.site, packages).unwrap();
    }

    /// Puts the first release's package back, past everybody.
    #[track_caller]
    pub fn put_back(&self, package: &str) {
        let is_it = |file: &&PathBuf| file.to_string_lossy().contains(&format!("/{package}-3"));
        let file = self.first.iter().find(is_it).expect("an rpm of the first release");
        self.site.host.copy_in(file, "/root/before.rpm");
        self.site.host.rpm(&["--upgrade", "--oldpackage", "/root/before.rpm"]).expect_ok();
    }

    /// From now on [`WAITS`] does.
    pub fn hang(&self) {
        self.site.host.write("/srv/hang", "", 0o644);
    }

    /// Waits until it does.
    #[track_caller]
    pub fn wait_hangs(&self) {
        let hangs = || self.site.host.exists("/srv/waits").then_some(());
        self.site.host.wait_until("a script of the transaction waits", FINISH, hangs);
    }

    /// It goes on; also while the host is off.
    #[track_caller]
    pub fn let_go(&self) {
        for file in ["/srv/hang", "/srv/waits"] {
            self.site.host.tree().remove(file).unwrap();
        }
    }

    /// The version of a package of others or of the product, without its revision.
    pub fn version_of(&self, package: &str) -> Option<String> {
        let native = self.site.host.installed(package)?;
        Some(native.split_once('-').map_or(native.clone(), |(version, _)| version.to_owned()))
    }

    /// The power is gone while a script of the transaction waits, and comes back.
    #[track_caller]
    pub fn cut_in_the_transaction(&mut self) {
        self.hang();
        let (upgrade, entrance) = (self.site.manager().upgrade(), self.site.host.entrance());
        std::thread::scope(|scope| {
            let running = scope.spawn(move || entrance.exec(&upgrade.iter().map(String::as_str).collect::<Vec<_>>()));
            self.wait_hangs();
            self.site.host.cut();
            assert_eq!(running.join().unwrap().code, 137);
        });
        self.let_go();
        self.boot_again();
    }

    /// The power is back.
    #[track_caller]
    pub fn boot_again(&mut self) {
        self.site.host.boot_again().unwrap();
        self.site.serve_again(&self.vendor).unwrap();
    }

    /// From now on an engine waits before it starts, or fails, while the test wants it to.
    #[track_caller]
    pub fn engines_ask_before_they_start(&self) {
        let asks = "while [ -e /srv/slow ]; do sleep 0.1; done; test ! -e /srv/sick";
        let drop_in = "/etc/systemd/system/canopsis-engine@.service.d/asks.conf";
        self.site.host.write(drop_in, format!("[Service]\nExecStartPre=/bin/sh -c '{asks}'\n"), 0o644);
        self.site.host.ok(&["systemctl", "daemon-reload"]);
    }

    /// Whether engines wait before they start.
    pub fn engines_wait(&self, wait: bool) {
        self.site.host.shell(if wait { "touch /srv/slow" } else { "rm /srv/slow" });
    }

    /// Whether engines fail when they start.
    pub fn engines_refuse(&self, refuse: bool) {
        self.site.host.shell(if refuse { "touch /srv/sick" } else { "rm /srv/sick" });
    }

    /// The agent is gone, with all that its service has started; the service manager starts it again.
    #[track_caller]
    pub fn kill_the_agent(&self) {
        self.site.host.ok(&["systemctl", "kill", "--signal=KILL", "consignee.service"]);
    }
}

fn publish(vendor: &Vendor, product: Product, edits: Edits) -> Vec<PathBuf> {
    let project = vendor.project(product).unwrap();
    edit(&project.join("consign.toml"), edits).unwrap();
    let packages = vendor.build(&project).unwrap();
    vendor.publish(&project, &packages).unwrap();
    packages
}

/// The agent, under the name that it is carried by.
fn agent(site: &Site) -> Vec<PathBuf> {
    if site.manager() == Manager::Rpm { vec![AgentPackage::rpm().unwrap().package] } else { Vec::new() }
}
