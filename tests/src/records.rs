//! The numbered-record client: someone who goes on working while the host is upgraded.
//!
//! It sends 1, 2, 3... to the product and keeps a [`Ledger`] of which were acknowledged. It stands
//! in the host's network, not on the host, so a power cut is an outage to it and nothing more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use crate::error::Result;
use crate::host::Host;
use crate::http;
use crate::ledger::{Ledger, Record};
use crate::wait::until;

/// From the answer to one record to the next: short against any outage worth announcing, and long against the time
/// that a product works on one, of which many hosts at once share two processors.
const PACE: Duration = Duration::from_millis(200);
/// A record not answered by then is a refused one.
const PATIENCE: Duration = Duration::from_secs(5);

/// A client at work.
#[derive(Debug)]
pub struct RecordClient {
    ledger: Arc<Mutex<Ledger>>,
    stopping: Arc<AtomicBool>,
    worker: Option<JoinHandle<()>>,
}

impl RecordClient {
    /// Sends each record with `send`, called in the host's network; `Ok` is an acknowledgement,
    /// `Err` says why not.
    pub fn start(
        host: &Host,
        send: impl FnMut(u64) -> std::result::Result<(), String> + Send + 'static,
    ) -> RecordClient {
        RecordClient::start_from(1, host, send)
    }

    fn start_from(
        first: u64,
        host: &Host,
        mut send: impl FnMut(u64) -> std::result::Result<(), String> + Send + 'static,
    ) -> RecordClient {
        let (ledger, stopping) = (Arc::new(Mutex::new(Ledger::default())), Arc::new(AtomicBool::new(false)));
        let network = host.network();
        let worker = std::thread::spawn({
            let (ledger, stopping) = (ledger.clone(), stopping.clone());
            move || {
                network.enter().expect("a client can enter the host's network");
                for number in first.. {
                    if stopping.load(Ordering::SeqCst) {
                        return;
                    }
                    let sent = SystemTime::now();
                    let refusal = send(number).err();
                    let record = Record { number, sent, answered: SystemTime::now(), refusal };
                    ledger.lock().unwrap_or_else(PoisonError::into_inner).records.push(record);
                    std::thread::sleep(PACE);
                }
            }
        });
        RecordClient { ledger, stopping, worker: Some(worker) }
    }

    /// Posts each number as the body of a request; a 2xx acknowledges it.
    pub fn post(host: &Host, url: &str) -> RecordClient {
        RecordClient::post_from(1, host, url)
    }

    /// The same from a number that nothing stored has reached: a number that is there already is never missing.
    pub fn post_from(first: u64, host: &Host, url: &str) -> RecordClient {
        RecordClient::form_from(first, host, url, |number| number.to_string())
    }

    /// Posts what `body` makes of each number; a 2xx acknowledges it.
    pub fn form_from(
        first: u64,
        host: &Host,
        url: &str,
        body: impl Fn(u64) -> String + Send + 'static,
    ) -> RecordClient {
        let url = url.to_owned();
        let send = move |number| match http::request("POST", &url, body(number).as_bytes(), PATIENCE)? {
            answer if answer.success() => Ok(()),
            answer => Err(format!("status {}", answer.status)),
        };
        RecordClient::start_from(first, host, send)
    }

    /// Runs a command on the host for each number; exit code 0 acknowledges it. While the host is
    /// off every record is refused.
    pub fn command(host: &Host, argv: impl Fn(u64) -> Vec<String> + Send + 'static) -> RecordClient {
        let entrance = host.entrance();
        RecordClient::start(host, move |number| {
            if entrance.init().is_none() {
                return Err("the host is off".to_owned());
            }
            let argv = argv(number);
            let outcome = entrance.exec(&argv.iter().map(String::as_str).collect::<Vec<_>>());
            if outcome.success() { Ok(()) } else { Err(outcome.to_string()) }
        })
    }

    /// What it has seen so far.
    pub fn ledger(&self) -> Ledger {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until a record sent from now on is acknowledged: the product works.
    pub fn wait_acknowledged(&self, within: Duration) -> Result<u64> {
        let now = SystemTime::now();
        until("a record acknowledged", within, || {
            let records = self.ledger().records;
            let new = records.iter().rev().take_while(|record| record.sent >= now);
            new.filter(|record| record.refusal.is_none()).map(|record| record.number).last()
        })
    }

    /// Waits until a record sent from now on is refused: the product is stopped.
    pub fn wait_refused(&self, within: Duration) -> Result<u64> {
        let now = SystemTime::now();
        until("a record refused", within, || {
            let records = self.ledger().records;
            let new = records.iter().rev().take_while(|record| record.sent >= now);
            new.filter(|record| record.refusal.is_some()).map(|record| record.number).last()
        })
    }

    /// Ends the work and hands over the ledger.
    pub fn stop(mut self) -> Ledger {
        self.end();
        self.ledger()
    }

    fn end(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        if let Some(worker) = self.worker.take() {
            worker.join().expect("the client did not panic");
        }
    }
}

impl Drop for RecordClient {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.end();
        }
    }
}
