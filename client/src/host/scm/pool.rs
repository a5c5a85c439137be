//! An application pool of IIS, by `appcmd`, which came with it.

use super::Engine;
use crate::host::HostError;
use crate::host::command::HostCommand;

const APPCMD: &str = "appcmd";

/// By its name.
pub struct Pool(pub String);

impl Pool {
    fn list(&self, attribute: &str) -> Result<Option<String>, HostError> {
        let name = format!("/name:{}", self.0);
        let asked = HostCommand::new(APPCMD).args(["list", "apppool", &name, &format!("/text:{attribute}")]).run()?;
        let text = asked.text().trim().to_owned();
        // It ends with 1 where it lists nothing.
        Ok((asked.status == 0 && !text.is_empty()).then_some(text))
    }

    fn act(&self, verb: &str) -> Result<(), HostError> {
        let name = format!("/apppool.name:{}", self.0);
        HostCommand::new(APPCMD).args([verb, "apppool", &name]).output()?;
        Ok(())
    }

    fn state(&self) -> Result<Option<String>, HostError> {
        self.list("state")
    }
}

impl Engine for Pool {
    fn is_active(&self) -> Result<Option<bool>, HostError> {
        Ok(self.state()?.map(|state| state != "Stopped"))
    }

    fn is_up(&self) -> Result<bool, HostError> {
        Ok(self.state()?.as_deref() == Some("Started"))
    }

    fn start_word(&self) -> Result<String, HostError> {
        Ok(self.list("autoStart")?.unwrap_or_default())
    }

    fn is_automatic(&self, word: &str) -> bool {
        word == "true"
    }

    fn words(&self) -> [&'static str; 2] {
        ["false", "true"]
    }

    fn set_start(&self, word: &str) -> Result<(), HostError> {
        let name = format!("/apppool.name:{}", self.0);
        HostCommand::new(APPCMD).args(["set", "apppool", &name, &format!("/autoStart:{word}")]).output()?;
        Ok(())
    }

    fn ask_to_start(&self) -> Result<(), HostError> {
        self.act("start")
    }

    fn ask_to_stop(&self) -> Result<(), HostError> {
        self.act("stop")
    }

    fn describe(&self) -> String {
        match self.state() {
            Ok(Some(state)) => state.to_lowercase(),
            Ok(None) => "no such application pool".to_owned(),
            Err(problem) => problem.to_string(),
        }
    }
}
