//! A Windows server with the back office on it, whose agent has finished its first release.

use std::time::Duration;

use serde_json::Value;

use crate::back_office::{BackOffice, MIGRATIONS, STATE};
use crate::lab::NotRun;
use crate::wait::until;
use crate::wine::Wine;

/// The product.
pub const PRODUCT: &str = "acme/backoffice";
const MODULES: [&str; 3] = ["acme-database", "acme-backoffice", "acme-webshop"];
const PATIENCE: Duration = Duration::from_secs(120);

/// The server, and the vendor of what is on it.
#[derive(Debug)]
pub struct OfficeServer {
    /// The server.
    pub wine: Wine,
    /// The vendor.
    pub office: BackOffice,
}

impl OfficeServer {
    /// One with 4.0.0, and with the agent's program as it is.
    ///
    /// # Errors
    /// Where this machine has no Wine, or no agent for it.
    pub fn new() -> Result<Self, NotRun> {
        let office = BackOffice::new().expect("a vendor");
        office.release("4.0.0", &[]).expect("a release");
        Self::of(office, Wine::serve, &[])
    }

    /// The same of a vendor that has released that, with an agent that comes as the test says, and with what the site
    /// has chosen (`OPTION_COUNTRY=be`).
    ///
    /// # Errors
    /// Where this machine has no Wine, or no agent for it.
    pub fn of(office: BackOffice, begin: impl FnOnce(&Wine), chosen: &[&str]) -> Result<Self, NotRun> {
        let wine = Wine::with_agent()?;
        let this = Self { wine, office };
        this.office.introduce(&this.wine);
        // Wine has no accounts of IIS' pools, which the product names.
        let policy = this.wine.path(r"C:\ProgramData\Consign\policy.toml");
        fs_err::create_dir_all(policy.parent().unwrap_or(&policy)).expect("a folder of the site");
        fs_err::write(policy, "[checks]\nidentities = \"tell\"\n").expect("a policy");
        begin(&this.wine);
        this.office.install(&this.wine, "4.0.0", chosen);
        this.wait_for("installed", "4.0.0");
        Ok(this)
    }

    /// What the agent has written down for people.
    pub fn bulletin(&self) -> Value {
        let text = fs_err::read_to_string(self.wine.path(&format!(r"{STATE}\status.json"))).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    /// What of it is about the product.
    pub fn line(&self) -> Value {
        let products = self.bulletin()["products"].as_array().cloned().unwrap_or_default();
        products.into_iter().find(|line| line["product"] == PRODUCT).unwrap_or_default()
    }

    /// Waits until a field of that says something.
    pub fn wait_for(&self, field: &str, value: &str) {
        let seen = until("the agent's file", PATIENCE, || (self.line()[field] == value).then_some(()));
        assert!(seen.is_ok(), "{field} is not {value}: {:#}\n{}", self.line(), self.log());
    }

    /// The agent's log.
    pub fn log(&self) -> String {
        fs_err::read_to_string(self.wine.path(&format!(r"{STATE}\agent.log"))).unwrap_or_default()
    }

    /// What the product's migration has written down.
    pub fn migrations(&self) -> String {
        fs_err::read_to_string(self.wine.path(MIGRATIONS)).unwrap_or_default().replace('\r', "")
    }

    /// Says something about the product to the agent, as a person does; the exit status, and what was said.
    pub fn consignee(&self, command: &str, more: &[&str]) -> (Option<i32>, String) {
        let output = self.wine.consignee(&[&[command, PRODUCT][..], more].concat());
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code(), said)
    }

    /// Upgrades as a person does.
    pub fn upgrade(&self, more: &[&str]) -> (Option<i32>, String) {
        self.consignee("upgrade", more)
    }

    /// Which version of each module is here, by the agent's file.
    pub fn detected(&self) -> Vec<(&'static str, Value)> {
        let line = self.line();
        MODULES.iter().map(|module| (*module, line["detected"][module].clone())).collect()
    }

    /// 4.1.0 is there, whole, and its migration was begun so often.
    pub fn assert_upgraded(&self, begun: usize) {
        self.wait_for("upgrade", "completed");
        self.wait_for("installed", "4.1.0");
        let migrations = self.migrations();
        assert_eq!(migrations.matches("4.1.0 begins").count(), begun, "{migrations}");
        assert!(migrations.ends_with("4.1.0 ends\n"), "{migrations}");
        for (module, found) in self.detected() {
            assert_eq!((&found["version"], &found["configured"]), (&"4.1.0-1".into(), &true.into()), "{module}");
        }
        for service in ["AcmeDatabase", "AcmeJobs"] {
            self.wine.wait_for(service, "RUNNING");
        }
        assert_eq!(self.office.answers().as_deref(), Some("4.1.0"));
    }
}
