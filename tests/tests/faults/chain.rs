//! One host and many upgrades of one product, each from a patch release to the next.

use std::time::{Duration, Instant, SystemTime};

use consign_lab::matrix::Count;
use consign_lab::{BaseSystem, CANOPSIS, Faults, Host, Manager, Outcome, Product, RecordClient, Site, Vendor};

use crate::FINISH;
use crate::calls::{self, Calls};
use crate::data::Data;

/// So many words of a person lead out of anything.
const WORDS: usize = 12;

/// What apt says where dpkg was cut off before the product's own packages had changed.
const DPKG_WAS_CUT: &str = "you must manually run 'dpkg --configure -a'";

/// A host with a product, upgraded again and again.
pub struct Chain {
    pub vendor: Vendor,
    pub site: Site,
    pub client: RecordClient,
    /// The newest patch release, and the one that is installed.
    patch: u32,
    installed: u32,
    /// When the host was without power.
    dark: Vec<(SystemTime, SystemTime)>,
    /// When the power was last cut, and was gone.
    last_cut: Option<(SystemTime, SystemTime)>,
    /// What the data look like at the version that is installed.
    data: Data,
}

/// Where an upgrade ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Completed,
    TakenBack,
}

const EDITS: [(&str, &str); 3] = [
    ("stable = \"2s\"", "stable = \"1s\""),
    // Nothing to agree to.
    ("when.to = \"<3.27.0\"", "when.to = \"<3.0.0\""),
    // What makes a way back possible.
    (
        "[[step]]\nname = \"init\"",
        "[backup]\npaths = [\"/var/lib/canopsis\"]\n\n[[step]]\nname = \"init\"\n\
         undo = { inverse = [\"/opt/canopsis/bin/canopsinit\", \"--canopsis-edition\", \"core\", \
         \"--canopsis-stack\", \"python\", \"--take-back\"] }",
    ),
];

impl Chain {
    pub fn begin(name: &str, system: impl Into<BaseSystem>) -> Chain {
        Chain::on(Host::boot(name, system).unwrap())
    }

    /// On a host whose disk loses what was not synced when the power fails.
    pub fn on_disk(name: &str, system: impl Into<BaseSystem>) -> Chain {
        Chain::on(Host::boot_on_disk(name, system).unwrap())
    }

    fn on(host: Host) -> Chain {
        let vendor = Vendor::new("acme").unwrap();
        let vendor = if let BaseSystem::Rpm(_) = host.system() { vendor.with_rpms_only() } else { vendor };
        vendor.release_edited(Product::canopsis("3.26.1"), &EDITS).unwrap();
        let site = Site::on(host, &vendor, CANOPSIS).unwrap();
        site.install(&["canopsis"]).expect_ok();
        site.wait_status(0);
        site.host.ok(&["systemctl", "enable", "canopsis.target"]);
        let client = site.client();
        calls::write_down(&site);
        let data = Data::begin(&site);
        Chain { vendor, site, client, patch: 1, installed: 1, dark: Vec::new(), last_cut: None, data }
    }

    /// The next release, published.
    pub fn publish(&mut self) {
        self.publish_edited(&[]);
    }

    /// The same with more parts of its manifest replaced.
    pub fn publish_edited(&mut self, edits: &[(&str, &str)]) {
        self.patch += 1;
        self.vendor.release_edited(Product::canopsis_patch(self.patch), &[&EDITS[..], edits].concat()).unwrap();
    }

    /// The lists are read, and the agent has looked at the newest release, which is cleared or was taken back: zypper
    /// does not wait for that.
    #[track_caller]
    pub fn look(&self) {
        self.site.refresh();
        if self.site.manager() == Manager::Zypper {
            let is_cleared = || self.site.host.read("/etc/zypp/locks").contains(&version(self.patch));
            let is_known = || (is_cleared() || self.has_been_tried()).then_some(());
            self.site.host.wait_until("the newest release was looked at", FINISH, is_known);
        }
    }

    /// Installed by hand, whatever comes of it. Where dpkg was cut off apt does nothing before somebody has typed
    /// what it says.
    pub fn upgrade(&self) -> Outcome {
        self.look();
        let typed = self.site.upgrade();
        if !typed.text().contains(DPKG_WAS_CUT) {
            return typed;
        }
        self.site.host.ok(&["dpkg", "--force-confold", "--configure", "-a"]);
        self.site.upgrade()
    }

    /// The same, and this long after the lists were read the power fails; then it is back.
    #[track_caller]
    pub fn upgrade_cut_after(&mut self, moment: Duration) {
        self.look();
        self.sync_lists();
        let (upgrade, entrance) = (self.site.manager().upgrade(), self.site.host.entrance());
        let mut command = entrance.command(&upgrade.iter().map(String::as_str).collect::<Vec<_>>());
        std::thread::scope(|scope| {
            let running = scope.spawn(move || command.stdin(std::process::Stdio::null()).output());
            // The moment is what the test is about: nothing is waited for.
            std::thread::sleep(moment);
            self.cut();
            running.join().unwrap().unwrap();
        });
        self.boot();
    }

    /// apt does not sync its lists, and believes what it finds of them after a power cut: that is not looked into.
    pub fn sync_lists(&self) {
        let folders = "for folder in /var/lib/apt/lists /var/cache/zypp/raw /srv/archive; do [ ! -d $folder ] || echo $folder; done";
        self.site.host.shell(&format!("find $({folders}) /etc/hostname -type f -exec sync {{}} +"));
    }

    /// The power is gone, and with it what was not synced.
    #[track_caller]
    pub fn cut(&mut self) {
        let from = SystemTime::now();
        self.site.host.cut_losing_unsynced().unwrap();
        self.last_cut = Some((from, SystemTime::now()));
        self.dark.extend(self.last_cut);
    }

    /// The power is back.
    #[track_caller]
    pub fn boot(&mut self) {
        self.site.host.boot_again().unwrap();
        self.site.serve_again(&self.vendor).unwrap();
    }

    /// Waits, and types what is to be typed, until nothing is left to do: the newest release is there, or what was.
    /// Everything is as it should be then.
    #[track_caller]
    pub fn ends(&mut self, what: &str) -> End {
        self.lead_out(what);
        if let (Some((_, until)), Some(_)) = (self.dark.last_mut(), self.last_cut) {
            self.client.wait_acknowledged(FINISH).unwrap_or_else(|late| panic!("{what}: {late}"));
            *until = SystemTime::now();
        }
        let installed = self.site.host.installed("canopsis");
        let data = Data::read(&self.site);
        for engine in ["main", "worker", "web"] {
            assert_eq!(self.site.engine(engine), "active", "{what}: {engine}");
        }
        assert!(!self.site.host.exists("/var/lib/consignee/acme/canopsis/unfinished"), "{what}");
        if installed != Some(version(self.patch)) {
            assert_eq!(installed, Some(version(self.installed)), "{what}\n{}", self.told());
            assert_eq!(data, self.data, "{what}: the data before and now");
            return End::TakenBack;
        }
        data.assert_migrated_from(&self.data, self.patch + 3, what);
        assert_eq!(self.site.events().last().map(String::as_str), Some("step-succeeded"), "{what}");
        (self.data, self.installed) = (data, self.patch);
        End::Completed
    }

    /// The call that the fault came with; none where the upgrade has ended without, which apt does not wait for.
    #[track_caller]
    pub fn met(&self, faults: &Faults, what: &str) -> Option<String> {
        let met = || {
            let (is_finished, fired) = (self.is_finished(), faults.fired());
            (is_finished || fired.is_some()).then_some(fired)
        };
        self.site.host.wait_until(&format!("{what}: the fault, or the end"), FINISH, met)
    }

    /// Whether the newest release is there, with nothing left to do for it.
    fn is_finished(&self) -> bool {
        self.site.host.installed("canopsis") == Some(version(self.patch)) && self.site.last_begun() == "completed"
    }

    /// The calls that the newest release has made, and its journals.
    pub fn calls(&self) -> Calls {
        Calls::of(&self.site, &format!("3.26.{}", self.patch))
    }

    /// Whether the last power cut met an upgrade, or a rollback, at work.
    pub fn was_cut_at_work(&self) -> bool {
        self.calls().was_at_work(self.last_cut.expect("the power was cut"))
    }

    /// The newest release, met by nothing; how long it took.
    #[track_caller]
    pub fn undisturbed(&mut self) -> Duration {
        self.publish();
        self.look();
        let begun = Instant::now();
        self.site.upgrade().expect_ok();
        assert_eq!(self.ends("undisturbed"), End::Completed);
        let length = begun.elapsed();
        self.calls().assert_once(false, "undisturbed");
        length
    }

    /// Does something while the product is stopped, by a person; the client is told.
    #[track_caller]
    pub fn out_of_service(&mut self, act: impl FnOnce(&Site)) {
        let from = SystemTime::now();
        self.site.host.ok(&["systemctl", "stop", "canopsis.target", "canopsis-engine@*.service"]);
        act(&self.site);
        self.site.host.ok(&["systemctl", "start", "canopsis.target"]);
        self.client.wait_acknowledged(FINISH).expect("the product works");
        self.dark.push((from, SystemTime::now()));
    }

    /// What a bad day looks like to the init step, also after a power cut.
    #[track_caller]
    pub fn trouble(&self, word: &str) {
        self.site.trouble(word);
        self.site.host.ok(&["sync", "/var/lib/canopsis/trouble", "/var/lib/canopsis"]);
    }

    /// An upgrade, as far as its init step, which hangs.
    #[track_caller]
    pub fn upgrade_that_hangs(&mut self) {
        self.trouble("hang");
        self.upgrade().expect_ok();
        let hangs = || self.init_says("hanging").then_some(());
        self.site.host.wait_until("the init step hangs", FINISH, hangs);
    }

    fn init_says(&self, event: &str) -> bool {
        let (version, event) = (format!("\"version\": \"3.26.{}\"", self.patch), format!("\"{event}\""));
        let log = self.site.host.read("/var/lib/canopsis/init.log");
        log.lines().any(|line| line.contains(&version) && line.contains(&event))
    }

    /// The end of an upgrade that met a fault, counted. Where it was taken back the next one passes.
    #[track_caller]
    pub fn counted(&mut self, what: &str, count: &mut Count) -> End {
        count.faults += 1;
        let end = self.ends(what);
        match end {
            End::Completed => count.completed += 1,
            End::TakenBack => {
                count.taken_back += 1;
                if self.has_been_tried() {
                    self.site.consignee(&["ack", CANOPSIS, "--all", "--yes"]);
                }
                let typed = self.upgrade();
                let again = self.ends(&format!("{what}, and once more"));
                assert_eq!(again, End::Completed, "{what}\n{typed}\n{}", self.told());
            }
        }
        assert_eq!(self.finished_calls(), 1, "{what}: calls of the init step that were finished");
        self.calls().assert_accounted(what);
        end
    }

    /// Whether the newest release was there, and was taken back.
    pub fn has_been_tried(&self) -> bool {
        let status = self.site.host.exec(&["consignee", "status", "--language", "en", CANOPSIS]);
        status.text().contains("was taken back here before")
    }

    /// Whether the agent has said this since the host was booted.
    pub fn agent_says(&self, words: &str) -> bool {
        self.site.host.exec(&["journalctl", "-b", "--no-pager", "-u", "consignee*"]).stdout.contains(words)
    }

    /// The calls of its init step that came to their end, of the newest release.
    pub fn finished_calls(&self) -> usize {
        let version = format!("\"version\": \"3.26.{}\"", self.patch);
        let log = self.site.host.read("/var/lib/canopsis/init.log");
        log.lines().filter(|line| line.contains(&version) && line.contains("\"finished\"")).count()
    }

    #[track_caller]
    fn lead_out(&self, what: &str) {
        for _ in 0..WORDS {
            let status = self.stands(what);
            match status.code {
                0 => return,
                3 if status.text().contains("was taken back here before") => return,
                3 => self.answer(&status, what),
                _ => self.retry(&status, what),
            }
        }
        panic!("{what}: no way out\n{}", self.told());
    }

    /// What `consignee status` says once nothing goes on by itself.
    #[track_caller]
    fn stands(&self, what: &str) -> Outcome {
        let status = ["consignee", "status", "--language", "en", CANOPSIS];
        let mut last = None;
        let stands = consign_lab::until("the upgrade stands", FINISH, || {
            let status = self.site.host.exec(&status);
            let is_settled = [0, 3, 4].contains(&status.code);
            last = Some(status.clone());
            is_settled.then_some(status)
        });
        stands.unwrap_or_else(|late| panic!("{what}: {late}\n{last:?}\n{}", self.told()))
    }

    /// Looks whether the step that was interrupted has done its work, and says so; or reads the lists again.
    fn answer(&self, status: &Outcome, what: &str) {
        if status.text().contains("look again at what is offered") {
            return drop(self.site.refresh());
        }
        let answer = format!("consignee answer {CANOPSIS}");
        assert!(status.text().contains(&answer), "{what}: {status}");
        let word = if self.finished_calls() > 0 { "done" } else { "rerun" };
        self.site.host.ok(&["consignee", "answer", CANOPSIS, word]);
    }

    fn retry(&self, status: &Outcome, what: &str) {
        assert!(status.text().contains("consignee retry"), "{what}: nothing to type is named: {status}");
        let answer = self.site.host.exec(&["env", "LC_ALL=C.UTF-8", "consignee", "retry", CANOPSIS]);
        let text = answer.text();
        // The agent may have gone on by itself since the status was asked.
        if answer.success() || text.contains("is running") {
            return;
        }
        let named = text.split_once("to put it right: ").and_then(|(_, rest)| rest.split([',', '\n']).next());
        let named = named.unwrap_or_else(|| panic!("{what}: no way out is named: {answer}\n{}", self.told()));
        self.site.as_told(named);
    }

    /// Everything that a person could look at.
    pub fn told(&self) -> String {
        let journal = self.site.host.exec(&["journalctl", "-b", "--no-pager", "-n", "200", "-u", "consignee*"]).stdout;
        let packages = match self.site.host.system() {
            BaseSystem::Apt(_) | BaseSystem::Databases | BaseSystem::Desktop => {
                "dpkg --audit; dpkg -l 'canopsis*' consignee"
            }
            BaseSystem::Rpm(_) => "rpm -qa 'canopsis*' consignee | xargs rpm --verify; rpm -qa 'canopsis*' consignee",
        };
        let packages = self.site.host.exec(&["sh", "-c", packages]).text();
        format!("{:#?}\n{packages}\n{journal}", self.site.journal())
    }

    /// Nothing that was acknowledged so far is lost, and no outage was unannounced.
    #[track_caller]
    pub fn nothing_was_lost(&self) {
        self.client.wait_acknowledged(FINISH).expect("the product works");
        let windows = [self.site.announced(), self.dark.clone()].concat();
        // What is acknowledged while the product is asked what it has is not looked for in that.
        self.client.ledger().assert_kept(&self.site.canopsis_records(), &windows);
    }

    /// The same at the end, with the packages sound.
    #[track_caller]
    pub fn over(self) {
        self.site.host.assert_packages_sound();
        self.nothing_was_lost();
        drop(self.client);
    }
}

fn version(patch: u32) -> String {
    format!("3.26.{patch}-1")
}
