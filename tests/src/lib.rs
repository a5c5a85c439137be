//! Throw-away Debian and RPM hosts with real systemd, and the suites that run on them.
//!
//! A [`Host`] is an overlay over a base root built by `scripts/roots`, booted by systemd-nspawn
//! with systemd as PID 1, in a network of its own that has nothing but a loopback. Every test
//! boots its own, many run side by side, and what a dead test leaves is swept by the next one.
//! Around a host stand what an operator and a customer would have: a [`Terminal`] that can hang
//! up, a [`Server`] with the repositories, and a [`RecordClient`] that never stops working.
//!
//! ```no_run
//! # use consign_lab::{Host, Release};
//! let host = Host::boot("example", Release::Bookworm).unwrap();
//! host.ok(&["systemctl", "is-system-running"]);
//! host.cut(); // the power is gone
//! host.boot_again().unwrap();
//! ```

mod agent_msi;
mod apt;
mod archive;
mod authority;
mod back_office;
mod browser;
mod bucket;
mod buildbot;
mod canopsis;
mod carried;
mod cgroup;
mod chroot;
mod code_signer;
pub mod conformance;
mod costs;
mod disk;
mod entrance;
mod error;
mod faults;
mod folder;
mod host;
mod http;
mod lab;
mod ledger;
mod manager;
pub mod matrix;
mod mounts;
mod neighbour;
mod network;
mod nspawn;
mod office_server;
mod outcome;
mod own_index;
mod product;
mod proxy;
mod reach;
mod records;
mod root;
mod rpm;
mod server;
mod site;
mod stick;
mod sweep;
mod terminal;
mod third_party;
mod tree;
mod typed;
mod vendor;
mod wait;
mod wine;
mod yum;

pub use agent_msi::AgentMaker;
pub use archive::{Archive, TinyPackage};
pub use authority::{Authority, Certified};
pub use back_office::{BackOffice, MIGRATIONS, STATE};
pub use browser::{Browser, Reader};
pub use bucket::Bucket;
pub use canopsis::CANOPSIS;
pub use carried::{MIRROR, SITE};
pub use chroot::Chroot;
pub use code_signer::CodeSigner;
pub use entrance::Entrance;
pub use error::{LabError, Result};
pub use faults::Faults;
pub use host::Host;
pub use http::Response;
pub use lab::{Lab, NotRun};
pub use ledger::{Ledger, Outage, Record};
pub use manager::Manager;
pub use network::{FAR, NEAR, Network};
pub use office_server::{OfficeServer, PRODUCT};
pub use outcome::Outcome;
pub use own_index::OwnIndex;
pub use product::Product;
pub use proxy::Proxy;
pub use records::RecordClient;
pub use root::{BaseSystem, Release, RpmSystem, Userland};
pub use server::{Guard, Request, Server};
pub use site::Site;
pub use stick::Stick;
pub use sweep::sweep;
pub use terminal::Terminal;
pub use third_party::{Shelf, ThirdParty};
pub use tree::Tree;
pub use vendor::{AgentPackage, REPOSITORY_PORT, Vendor, edit, program};
pub use wait::until;
pub use wine::{Wine, windows_path};
pub use yum::{TinyRpm, YumRepository};
