//! An add-on of another vendor on a host: it goes along, holds, or is left out.

use serde_json::{Value, json};

use super::world::{World, reasons};
use crate::agent::dialogue::Speaker;
use crate::agent::{barrier, decision, reconcile};
use crate::engine::event::{FORMAT, FORMAT_WITH_ADD_ONS, Failure, Person, Reason};
use crate::engine::machine::{HaltCause, State};
use crate::places::Places;
use crate::product::Product;
use crate::request::{Decision, PackageAction, Reply};
use crate::sample::vendor::Vendor;

const ADD_ON: &str = "globex/erp";
const PACKAGE: &str = "globex-erp";

/// ERP of Acme with the point `before-start`, and an add-on of Globex, both at 1.0.0.
struct Pair {
    world: World,
    globex: Vendor,
}

impl Pair {
    fn new() -> Self {
        let world = World::with_baseline();
        let globex = Vendor::new("globex");
        globex.anchor(&world.places);
        let pair = Self { world, globex };
        pair.install(&pair.add_on("1.0.0", "<1.2.0"));
        pair
    }

    /// The base, which names the add-on.
    fn base(&self, version: &str) -> Value {
        let mut plan = self.base_that_names_nobody(version);
        plan["body"]["add_ons"] = json!([{"product": ADD_ON, "primary": self.globex.primary()}]);
        plan
    }

    fn base_that_names_nobody(&self, version: &str) -> Value {
        let mut plan = self.world.vendor.plan(version);
        plan["body"]["format"] = json!(2);
        let steps = plan["body"]["steps"].as_array_mut().unwrap();
        steps.insert(3, json!({"kind": "add-ons", "point": "before-start"}));
        plan
    }

    fn add_on(&self, version: &str, supports: &str) -> Value {
        let mut plan = self.globex.plan(version);
        plan["upgrades"] = json!(["patch", "minor", "major"]);
        let body = &mut plan["body"];
        body["format"] = json!(2);
        body["engines"] = json!([]);
        body["options"] = json!({"mode": {"allowed": ["full", "light"], "default": "full"}});
        let mut own = run(&["own", version]);
        own["kind"] = json!("run");
        body["steps"] = json!([{"kind": "packages"}, own]);
        let joined = run(&["joined", version, "{from}", "{to}", "{option.mode}"]);
        body["joins"] = json!({
            "product": "acme/erp", "versions": supports, "steps": [{"point": "before-start", "run": joined}],
        });
        plan
    }

    /// The package manager unpacks and configures the add-on.
    fn install(&self, plan: &Value) {
        let signed = self.globex.sign_as_package(&plan.to_string());
        fs_err::write(self.world.places.plan_of(&PACKAGE.parse().unwrap()), signed).unwrap();
        self.world.host.set(PACKAGE, native(plan), true);
    }

    fn action(&self, plan: &Value) -> PackageAction {
        let archive = std::path::PathBuf::from(format!("/archives/{PACKAGE}_{}.deb", native(plan)));
        let signed = self.globex.sign_as_package(&plan.to_string());
        self.world.host.state().archives.insert(archive.clone(), signed);
        let (before, after) = (Some("1.0.0-1".to_owned()), Some(native(plan).to_owned()));
        PackageAction { package: PACKAGE.to_owned(), before, after, archive: Some(archive), remove: false }
    }

    fn own(&self) -> Product {
        Product::new(&self.world.places, ADD_ON.parse().unwrap())
    }

    fn reconcile_add_on(&self) {
        reconcile::reconcile(&self.world.agent, &ADD_ON.parse().unwrap()).unwrap();
    }

    fn site(&self, text: &str) {
        write_site(&self.world.places, "acme/erp", text);
    }

    fn retry(&self) -> Reply {
        let by = Person { uid: 0, name: "marie".to_owned() };
        let id = self.world.id();
        let decided = decision::decide(&self.world.agent, &id, &Decision::Retry, &by, &mut Speaker::to_nobody());
        self.world.reconcile();
        decided.unwrap()
    }
}

fn write_site(places: &Places, product: &str, text: &str) {
    let path = places.site(&product.parse().unwrap());
    fs_err::create_dir_all(path.parent().unwrap()).unwrap();
    fs_err::write(path, text).unwrap();
}

fn run(command: &[&str]) -> Value {
    json!({"name": command[0], "command": command, "user": "erp", "timeout_seconds": 5})
}

fn native(plan: &Value) -> &str {
    plan["body"]["modules"][0]["native"]["deb"].as_str().unwrap()
}

#[test]
fn an_add_on_that_the_vendor_names_joins_with_its_own_choices() {
    let pair = Pair::new();
    write_site(&pair.world.places, ADD_ON, "[options]\nmode = \"light\"\n");
    let plan = pair.base("1.1.0");
    assert_eq!(pair.world.barrier(&plan), Reply::Pass);
    pair.world.host.done();
    pair.world.install(&plan);
    pair.world.ended();
    let finish = ["migrate", "joined 1.0.0 1.0.0 1.1.0 light", "reload", "start erp.service", "start erp-web.service"];
    assert_eq!(pair.world.host.done(), finish);
    let header = pair.world.upgrade().header;
    assert_eq!((header.format, header.joined.len()), (FORMAT_WITH_ADD_ONS, 1));
    let names: Vec<_> = header.items.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(names, ["stop", "packages", "migrate", "globex/erp:joined", "daemon-reload", "start"]);
}

#[test]
fn an_upgrade_that_nobody_joins_keeps_the_first_format() {
    let pair = Pair::new();
    let plan = pair.base("1.1.0");
    fs_err::remove_file(pair.world.places.plan_of(&PACKAGE.parse().unwrap())).unwrap();
    pair.world.barrier(&plan);
    let header = pair.world.upgrade().header;
    assert_eq!((header.format, header.joined.len(), header.items.len()), (FORMAT, 0, 5));
}

#[test]
fn an_add_on_that_nobody_names_holds_until_the_site_decides() {
    let pair = Pair::new();
    let plan = pair.base_that_names_nobody("1.1.0");
    let not_allowed = |reply: &Reply| matches!(&reasons(reply)[..], [Reason::AddOnNotAllowed { .. }]);
    assert!(not_allowed(&pair.world.barrier(&plan)));
    let primary = pair.globex.primary();
    for wrong in [
        format!("[[add_on]]\nproduct = \"{ADD_ON}\"\nprimary = \"{}\"\n", "A".repeat(40)),
        format!("[[add_on]]\nproduct = \"{ADD_ON}\"\nprimary = \"{primary}\"\nversions = \">=2.0.0\"\n"),
    ] {
        pair.site(&wrong);
        assert!(not_allowed(&pair.world.barrier(&plan)), "{wrong}");
    }
    pair.site(&format!("[[add_on]]\nproduct = \"{ADD_ON}\"\nprimary = \"{primary}\"\nversions = \">=1.0.0\"\n"));
    assert_eq!(pair.world.barrier(&plan), Reply::Pass);
    assert_eq!(pair.world.upgrade().header.joined.len(), 1);
}

#[test]
fn an_add_on_that_the_site_ignores_neither_joins_nor_holds() {
    let pair = Pair::new();
    pair.site(&format!("[[add_on]]\nproduct = \"{ADD_ON}\"\nignore = true\n"));
    pair.install(&pair.add_on("1.0.0", "<1.1.0"));
    assert_eq!(pair.world.barrier(&pair.base("1.1.0")), Reply::Pass);
    assert_eq!(pair.world.upgrade().header.joined, []);
}

#[test]
fn a_key_that_another_anchor_claims_does_not_make_an_add_on_allowed() {
    let pair = Pair::new();
    // Somebody else's key in an anchor that calls itself by the name and the primary key of Globex.
    let other = Vendor::new("globex");
    other.anchor(&pair.world.places);
    let path = pair.world.places.anchors().join("globex/anchor.json");
    let anchor = fs_err::read_to_string(&path).unwrap().replace(&other.primary(), &pair.globex.primary());
    fs_err::write(&path, anchor).unwrap();
    let signed = other.sign_as_package(&pair.add_on("1.0.0", "<1.2.0").to_string());
    fs_err::write(pair.world.places.plan_of(&PACKAGE.parse().unwrap()), signed).unwrap();
    let reply = pair.world.barrier(&pair.base("1.1.0"));
    assert!(matches!(&reasons(&reply)[..], [Reason::AddOnNotAllowed { .. }]), "{reply:?}");
}

#[test]
fn an_add_on_that_does_not_know_the_version_holds_it_unless_it_goes_along() {
    let pair = Pair::new();
    let (base, newer) = (pair.base("1.2.0"), pair.add_on("2.0.0", ">=1.2.0"));
    let reply = pair.world.barrier(&base);
    assert!(
        matches!(&reasons(&reply)[..], [Reason::AddOnUnsupported { version, .. }] if version.as_str() == "1.0.0"),
        "{reply:?}"
    );
    // The add-on alone would be at a version that does not know the base as it is.
    let alone = pair.world.barrier_of(&[pair.action(&newer)]);
    assert!(matches!(&reasons(&alone)[..], [Reason::BaseUnsupported { .. }]), "{alone:?}");
    let both = [pair.world.action(&base), pair.action(&newer)];
    assert_eq!(pair.world.barrier_of(&both), Reply::Pass);
    pair.world.host.done();

    // The base is configured first: nothing of it is finished before the add-on is there.
    pair.world.install(&base);
    pair.world.reconcile();
    assert_eq!(pair.world.host.done(), Vec::<String>::new());
    pair.install(&newer);
    pair.world.ended();
    let done = pair.world.host.done();
    assert_eq!(done[..3], ["own 2.0.0", "migrate", "joined 2.0.0 1.0.0 1.2.0 full"]);
    pair.reconcile_add_on();
    assert_eq!(pair.world.host.done(), Vec::<String>::new(), "each list is walked once");
    assert_eq!(pair.own().newest().unwrap().unwrap().state, State::Completed);
}

#[test]
fn a_transaction_that_brought_the_base_and_not_its_add_on_is_half_way() {
    let pair = Pair::new();
    let (base, newer) = (pair.base("1.2.0"), pair.add_on("2.0.0", ">=1.2.0"));
    pair.world.barrier_of(&[pair.world.action(&base), pair.action(&newer)]);
    pair.world.install(&base);
    pair.world.ended();
    assert!(matches!(pair.world.state(), State::Halted { cause: HaltCause::Partial, .. }), "{:?}", pair.world.state());
    pair.world.host.done();
    // What is missing is the add-on, in the version that was to come.
    pair.retry_and_install(&newer);
    assert_eq!(pair.world.state(), State::Completed);
}

impl Pair {
    fn retry_and_install(&self, newer: &Value) {
        // The pretended package manager does not bring plans.
        let signed = self.globex.sign_as_package(&newer.to_string());
        fs_err::write(self.world.places.plan_of(&PACKAGE.parse().unwrap()), signed).unwrap();
        assert_eq!(self.retry(), Reply::Accepted);
        let done = self.world.host.done();
        assert_eq!(done[..3], ["repair", "install acme-erp 1.2.0-1", "install globex-erp 2.0.0-1"]);
    }
}

#[test]
fn past_the_gates_the_list_is_made_anew_for_the_add_on_that_fits() {
    let pair = Pair::new();
    let base = pair.base("1.2.0");
    pair.world.barrier(&base);
    pair.world.install(&base);
    pair.world.ended();
    let halted = pair.world.state();
    assert!(matches!(halted, State::Halted { cause: HaltCause::Unsatisfied { .. }, .. }), "{halted:?}");
    assert!(matches!(pair.retry(), Reply::Refuse { .. }), "the add-on is still the old one");
    assert_eq!(pair.world.state(), halted);
    pair.install(&pair.add_on("2.0.0", ">=1.2.0"));
    pair.reconcile_add_on();
    pair.world.host.done();
    assert_eq!(pair.retry(), Reply::Accepted);
    assert_eq!(pair.world.state(), State::Completed);
    assert_eq!(pair.world.host.done()[..2], ["migrate", "joined 2.0.0 1.0.0 1.2.0 full"]);
}

#[test]
fn a_step_of_an_add_on_does_not_run_while_the_add_on_itself_is_halted() {
    let pair = Pair::new();
    let (base, newer) = (pair.base("1.2.0"), pair.add_on("2.0.0", ">=1.2.0"));
    pair.world.barrier_of(&[pair.world.action(&base), pair.action(&newer)]);
    pair.world.install(&base);
    pair.install(&newer);
    pair.world.host.state().failing = ["own".to_owned()].into();
    pair.world.ended();
    let state = pair.world.state();
    let cause = Failure::AddOnUnfinished { add_on: ADD_ON.parse().unwrap(), upgrade: 1 };
    assert_eq!(state, State::Halted { item: 3, cause: HaltCause::Failed { failure: cause } });
    assert!(!pair.world.host.done().iter().any(|done| done.starts_with("joined")));
}

#[test]
fn the_first_install_of_an_add_on_comes_after_its_base() {
    let world = World::empty();
    let globex = Vendor::new("globex");
    globex.anchor(&world.places);
    let pair = Pair { world, globex };
    let base = pair.base("1.1.0");
    let preinst = super::world::preinst_of(&pair.world, &base, None);
    assert_eq!(preinst, Reply::Pass);
    pair.world.install(&base);
    pair.install(&pair.add_on("1.0.0", "<1.2.0"));
    fs_err::create_dir_all(pair.own().folder()).unwrap();
    fs_err::write(pair.own().folder().join("deferred"), "").unwrap();
    pair.world.host.state().transaction = None;
    pair.reconcile_add_on();
    let done = pair.world.host.done();
    assert_eq!((done[0].as_str(), done.last().unwrap().as_str()), ("migrate", "own 1.0.0"), "{done:?}");
    assert_eq!(pair.world.upgrade().header.joined, [], "an add-on does not join the first install of its base");
}

#[test]
fn a_point_that_the_new_version_does_not_have_is_a_reason_to_hold() {
    let pair = Pair::new();
    let mut base = pair.base("1.1.0");
    base["body"]["steps"][3]["point"] = json!("after-start");
    let reply = pair.world.barrier(&base);
    assert!(matches!(&reasons(&reply)[..], [Reason::AddOnNoPoint { .. }]), "{reply:?}");
}

#[test]
fn a_choice_that_the_add_on_does_not_know_is_met_before_anything_is_stopped() {
    let pair = Pair::new();
    write_site(&pair.world.places, ADD_ON, "[options]\nmode = \"loud\"\n");
    let reply = pair.world.barrier(&pair.base("1.1.0"));
    assert!(
        matches!(&reasons(&reply)[..], [Reason::Site { problem }] if problem.contains("globex/erp.toml")),
        "{reply:?}"
    );
    assert_eq!(pair.world.host.done(), Vec::<String>::new());
}

#[test]
fn a_new_packaging_of_the_same_version_is_not_held_by_an_add_on() {
    let pair = Pair::new();
    pair.install(&pair.add_on("1.0.0", ">=9.0.0"));
    let mut again = pair.base("1.0.0");
    again["revision"] = json!(2);
    again["body"]["modules"][0]["native"]["deb"] = json!("1.0.0-2");
    assert_eq!(pair.world.barrier(&again), Reply::Pass);
    assert_eq!(pair.world.upgrade().header.joined, []);
}

#[test]
fn an_add_on_whose_packages_differ_is_looked_at_by_nobody_and_holds() {
    let pair = Pair::new();
    let mut second = pair.add_on("1.0.1", "<1.2.0");
    second["body"]["modules"][0]["package"] = json!("globex-more");
    let signed = pair.globex.sign_as_package(&second.to_string());
    fs_err::write(pair.world.places.plan_of(&"globex-more".parse().unwrap()), signed).unwrap();
    let reply =
        barrier::barrier(&pair.world.agent, &[pair.world.action(&pair.base("1.1.0"))], true, &mut Speaker::to_nobody());
    let reply = reply.unwrap();
    assert!(matches!(&reasons(&reply)[..], [Reason::Unverified { what, .. }] if what == ADD_ON), "{reply:?}");
}
