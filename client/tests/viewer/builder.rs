//! A host below a folder of its own, with journals written as the agent writes them.

use std::io::Write;
use std::path::Path;
use std::sync::{Arc, Mutex};

use clap::Parser;
use consign_metadata::digest::Sha256;
use consign_metadata::plan::OnInterrupt;
use consign_metadata::version::{Class, Version};
use consignee::cli::{Cli, Exit, Output, Session};
use consignee::engine::event::{Event, Failure, Header, Item, ModuleChange, Packages, Person, Reason};
use consignee::engine::journal::Journal;
use consignee::places::Places;
use consignee::product::Product;
use jiff::{SignedDuration, Timestamp};

/// The host.
pub struct Host {
    folder: tempfile::TempDir,
    pub places: Places,
    pub product: Product,
}

/// An upgrade that is being written; each record comes ten seconds after the one before.
pub struct Writing {
    journal: Journal,
    now: Timestamp,
}

/// A stream that can be read back.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What a command said.
pub struct Said {
    pub exit: Exit,
    pub out: String,
    pub err: String,
}

impl Host {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let places = Places::below(folder.path());
        let product = Product::new(&places, "acme/erp".parse().unwrap());
        Self { folder, places, product }
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// Begins an upgrade; `plan` is what lies beside the journal.
    pub fn begin(&self, from: Option<&str>, to: &str, at: &str, plan: &[u8]) -> Writing {
        self.begin_changed(from, to, at, plan, |_| {})
    }

    /// The same with another header.
    pub fn begin_changed(
        &self,
        from: Option<&str>,
        to: &str,
        at: &str,
        plan: &[u8],
        change: impl FnOnce(&mut Header),
    ) -> Writing {
        let now = at.parse().unwrap();
        let mut header = header(from, to);
        change(&mut header);
        self.keep_previous(&header);
        let journal = self.product.begin(header, plan, now).unwrap();
        Writing { journal, now }
    }

    /// The packages to go back to, as the barrier keeps them.
    fn keep_previous(&self, header: &Header) {
        let folder = self.product.packages();
        std::fs::create_dir_all(&folder).unwrap();
        for module in &header.modules {
            let Some(before) = &module.before else { continue };
            std::fs::write(folder.join(format!("{}_{before}_all.deb", module.package)), "").unwrap();
        }
    }

    /// Runs a command as a shell would split it, with nobody to answer questions.
    pub fn run(&self, line: &str) -> Said {
        self.answering(line, None)
    }

    /// Runs a command at a terminal where somebody types.
    pub fn answering(&self, line: &str, typed: Option<&str>) -> Said {
        let cli = Cli::try_parse_from(line.split_whitespace()).unwrap();
        let (out, err) = (Kept::default(), Kept::default());
        let mut session = Session {
            places: self.places.clone(),
            language: cli.language().unwrap_or(consign_metadata::text::Language::En),
            zone: jiff::tz::TimeZone::UTC,
            out: Output::plain(out.clone()),
            err: Output::plain(err.clone()),
            input: Box::new(std::io::Cursor::new(typed.unwrap_or_default().to_owned())),
            can_answer: typed.is_some(),
        };
        let exit = consignee::cli::run(cli, &mut session);
        // As on a host: paths begin at its root.
        let root = self.root().display().to_string();
        let text = |kept: Kept| String::from_utf8(kept.0.lock().unwrap().clone()).unwrap().replace(&root, "");
        Said { exit, out: text(out), err: text(err) }
    }
}

impl Writing {
    pub fn record(&mut self, event: Event) -> &mut Self {
        self.now += SignedDuration::from_secs(10);
        self.journal.append(event, self.now).unwrap();
        self
    }

    pub fn wait(&mut self, seconds: i64) -> &mut Self {
        self.now += SignedDuration::from_secs(seconds);
        self
    }

    /// A step that did what it should.
    pub fn step(&mut self, item: usize) -> &mut Self {
        self.start(item).record(Event::StepSucceeded { item })
    }

    pub fn start(&mut self, item: usize) -> &mut Self {
        let attempt = self.journal.upgrade().attempts(item) + 1;
        self.record(Event::StepStarted { item, attempt })
    }

    /// Up to the packages being there.
    pub fn unpack(&mut self) -> &mut Self {
        self.record(Event::Cleared).step(0).step(1).record(Event::Packages { observed: Packages::After, ended: true })
    }

    /// To a good end.
    pub fn complete(&mut self) -> &mut Self {
        self.unpack().step(3).step(4).step(5).step(6)
    }

    pub fn fail(&mut self, item: usize) -> &mut Self {
        let output = ["migrating", "\u{1b}[2Jcannot connect to the database"].map(str::to_owned).to_vec();
        self.start(item).record(Event::StepFailed { item, failure: Failure::Exit { status: 3, output } })
    }

    pub fn hold(&mut self) -> &mut Self {
        self.record(Event::Held { reasons: reasons() })
    }
}

pub fn marie() -> Person {
    Person { uid: 0, name: "marie".to_owned() }
}

pub fn reasons() -> Vec<Reason> {
    vec![
        Reason::NoteUnread { version: "1.5.0".parse().unwrap(), sha256: Sha256::of(b"note") },
        Reason::SideEffectUnacknowledged { id: "reset-root".parse().unwrap(), sha256: Sha256::of(b"effect") },
    ]
}

fn header(from: Option<&str>, to: &str) -> Header {
    let version = |text: &str| text.parse::<Version>().unwrap();
    let names = ["announce", "stop", "packages", "init", "daemon-reload", "start", "health"];
    Header {
        format: 1,
        upgrade: 0,
        product: "acme/erp".parse().unwrap(),
        plan: Sha256::of(b"plan"),
        from: from.map(version),
        to: version(to),
        revision: 1,
        class: from.map(|_| Class::Minor),
        modules: vec![ModuleChange {
            package: "acme-erp".parse().unwrap(),
            before: from.map(|version| format!("{version}-1")),
            after: format!("{to}-1"),
        }],
        items: names.map(item).to_vec(),
        supersedes: None,
        has_served: false,
        joined: Vec::new(),
        agent: version("0.1.0"),
    }
}

pub fn item(name: &str) -> Item {
    Item {
        name: name.to_owned(),
        packages: name == "packages",
        task: None,
        undo: !matches!(name, "packages" | "init"),
        no_return: name == "start",
        on_interrupt: if name == "init" { OnInterrupt::Ask } else { OnInterrupt::Rerun },
    }
}
