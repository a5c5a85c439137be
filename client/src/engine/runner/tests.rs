//! The runner on a host that is played.

mod deaths;
mod engines;
mod interruptions;
mod list;
mod mortal;
mod programs;
mod stage;
mod tasks;
mod walk;

use super::*;
use crate::add_on::Joined;
use crate::engine::event::{Answer, EngineState, Header, Holder};
use crate::engine::machine::HaltCause;
use crate::engine::sample::{header, packages, person, started};
use crate::host::program::{Ended, Program, Programs};
use crate::host::{HostError, ServiceManager};
use crate::places::Places;
use crate::product::Product;
use consign_metadata::name::UnitName;
use consign_metadata::plan::UpgradePlan;
use consign_metadata::version::Version;
use jiff::Timestamp;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
