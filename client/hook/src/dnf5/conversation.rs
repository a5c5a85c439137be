//! A conversation with the actions plugin of dnf 5 (libdnf5-actions(8), "json" mode): a request, a reply,
//! each a line.

use std::io::{self, BufRead, BufReader, StdinLock, StdoutLock, Write};

use serde_json::{Value, json};

use crate::transaction::Package;

/// What is asked about each package. `location` is the path of a package that was named as a file.
const ATTRIBUTES: [&str; 6] = ["action", "name", "arch", "evr", "repo_id", "location"];

/// A package of a transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Item {
    /// I, U, D and R come; E and O go; anything else changes no file.
    pub action: String,
    /// Its name.
    pub name: String,
    /// Its architecture.
    pub architecture: String,
    /// Its version, without an epoch of 0.
    pub version: String,
    /// The repository it comes from.
    pub repository: String,
    /// Where it is in that repository; in the end, its file on this host.
    pub location: String,
}

impl Item {
    fn of(value: &Value) -> Option<Self> {
        let text = |key: &str| value.get(key)?.as_str().map(str::to_owned);
        // Of a package that is not ours nothing else matters; one of ours without a file is refused by the agent.
        let rest = |key: &str| text(key).unwrap_or_default();
        let evr = rest("evr");
        Some(Self {
            action: text("action")?,
            name: text("name")?,
            architecture: rest("arch"),
            version: evr.strip_prefix("0:").unwrap_or(&evr).to_owned(),
            repository: rest("repo_id"),
            location: rest("location"),
        })
    }

    /// Whether it comes, and not goes; `None` where neither is so.
    fn comes(&self) -> Option<bool> {
        match self.action.as_str() {
            "I" | "U" | "D" | "R" => Some(true),
            "E" | "O" => Some(false),
            _ => None,
        }
    }

    /// As a transaction has it.
    pub fn package(&self) -> Option<Package<'_>> {
        let file = if self.comes()? { self.location.as_str() } else { "" };
        Some(Package { comes: self.comes()?, name: &self.name, version: &self.version, file })
    }

    /// As the protocol `packages 1` has it.
    pub fn line(&self) -> Option<String> {
        let (sign, file) = if self.comes()? { ('+', self.location.as_str()) } else { ('-', "") };
        Some(format!("{sign}\t{}\t{}\t{}\t{file}\n", self.name, self.version, self.architecture))
    }
}

/// The two ends of it.
pub struct Conversation<R, W> {
    from: R,
    to: W,
}

impl Conversation<BufReader<StdinLock<'static>>, StdoutLock<'static>> {
    /// As the plugin starts a program.
    pub fn on_standard_streams() -> Self {
        Self { from: BufReader::new(io::stdin().lock()), to: io::stdout().lock() }
    }
}

impl<R: BufRead, W: Write> Conversation<R, W> {
    /// Between other ends.
    #[cfg(test)]
    pub fn between(from: R, to: W) -> Self {
        Self { from, to }
    }

    /// The repositories that are configured, also those that are not read.
    ///
    /// # Errors
    /// When dnf does not say.
    pub fn repositories(&mut self) -> io::Result<Vec<String>> {
        let answer = self.get("conf", &json!({ "key": "*.enabled" }))?;
        let keys = answer.get("keys_val").and_then(Value::as_array).ok_or_else(unknown)?;
        let names = keys.iter().map(|key| key.get("key")?.as_str()?.strip_suffix(".enabled").map(str::to_owned));
        names.map(|name| name.ok_or_else(unknown)).collect()
    }

    /// Sets an option for this run; what is a list gets longer.
    ///
    /// # Errors
    /// When dnf does not take it.
    pub fn set(&mut self, option: &str, value: &str) -> io::Result<()> {
        self.ask("set", "conf", &json!({ "key": option, "value": value })).map(drop)
    }

    /// What dnf is about to do.
    ///
    /// # Errors
    /// When it does not say, or says what is not understood: half a transaction is none.
    pub fn transaction(&mut self) -> io::Result<Vec<Item>> {
        let answer = self.get("trans_packages", &json!({ "output": ATTRIBUTES }))?;
        let items = answer.get("trans_packages").and_then(Value::as_array).ok_or_else(unknown)?;
        items.iter().map(|item| Item::of(item).ok_or_else(unknown)).collect()
    }

    /// Where dnf keeps what it has fetched.
    ///
    /// # Errors
    /// When it does not say.
    pub fn cache_folder(&mut self) -> io::Result<String> {
        let answer = self.get("conf", &json!({ "key": "cachedir" }))?;
        let value = answer.pointer("/keys_val/0/value").and_then(Value::as_str);
        value.map(str::to_owned).ok_or_else(unknown)
    }

    /// Has dnf stop here. Where it cannot be told, the exit status tells.
    pub fn stop(&mut self, message: &str) {
        let _ = self.say(&json!({ "op": "stop", "args": { "message": message } }));
    }

    fn get(&mut self, domain: &str, args: &Value) -> io::Result<Value> {
        self.ask("get", domain, args)
    }

    fn ask(&mut self, operation: &str, domain: &str, args: &Value) -> io::Result<Value> {
        self.say(&json!({ "op": operation, "domain": domain, "args": args }))?;
        // A path may be anything; what is not UTF-8 is no package of ours.
        let mut line = Vec::new();
        if self.from.read_until(b'\n', &mut line)? == 0 {
            return Err(io::Error::other("dnf gave no answer"));
        }
        let mut answer: Value = serde_json::from_str(&String::from_utf8_lossy(&line))?;
        match answer.get("status").and_then(Value::as_str) {
            Some("OK") => Ok(answer.get_mut("return").map(Value::take).unwrap_or_default()),
            _ => {
                Err(io::Error::other(answer.get("message").and_then(Value::as_str).unwrap_or("dnf refused to answer")))
            }
        }
    }

    fn say(&mut self, request: &Value) -> io::Result<()> {
        writeln!(self.to, "{request}")?;
        self.to.flush()
    }
}

fn unknown() -> io::Error {
    io::Error::other("dnf gave an answer of another shape")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(answer: &str) -> (io::Result<Vec<Item>>, String) {
        let mut said = Vec::new();
        let items = Conversation { from: answer.as_bytes(), to: &mut said }.transaction();
        (items, String::from_utf8(said).unwrap())
    }

    fn answer(packages: &str) -> String {
        format!(
            r#"{{ "op": "reply", "requested_op": "get", "domain": "trans_packages", "return": {{ "trans_packages": [ {packages} ] }}, "status": "OK" }}"#
        ) + "\n"
    }

    #[test]
    fn a_transaction_is_read_as_dnf_tells_it() {
        let packages = [
            r#"{ "direction": "IN", "action": "U", "name": "erp", "arch": "noarch", "evr": "1.1.0-1", "repo_id": "acme-stable", "location": "pool\/erp.rpm" }"#,
            r#"{ "action": "O", "name": "erp", "arch": "noarch", "evr": "0:1.0.0-1", "repo_id": "@System", "location": "" }"#,
            r#"{ "action": "?", "name": "other", "arch": "noarch", "evr": "1:2-1", "repo_id": "@System", "location": "" }"#,
        ];
        let (items, said) = asked(&answer(&packages.join(", ")));
        assert!(said.starts_with(r#"{"#) && said.ends_with("}\n") && said.contains("trans_packages"), "{said}");
        let lines: Vec<String> = items.unwrap().iter().filter_map(Item::line).collect();
        assert_eq!(lines, ["+\terp\t1.1.0-1\tnoarch\tpool/erp.rpm\n", "-\terp\t1.0.0-1\tnoarch\t\n"]);
    }

    #[test]
    fn half_a_transaction_is_none() {
        for wrong in ["", "{", r#"{"status":"OK"}"#, r#"{"status":"ERROR","message":"no"}"#] {
            assert!(asked(&format!("{wrong}\n")).0.is_err(), "{wrong}");
        }
        assert!(asked("").0.is_err());
        assert!(asked(&answer(r#"{ "action": "U", "evr": "1-1" }"#)).0.is_err());
    }

    #[test]
    fn of_a_package_its_name_is_enough() {
        let items = asked(&answer(r#"{ "action": "U", "name": "other" }"#)).0.unwrap();
        assert_eq!(items.iter().filter_map(Item::line).collect::<String>(), "+\tother\t\t\t\n");
    }
}
