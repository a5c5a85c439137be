//! What the site may choose.

use consign_metadata::plan::SiteOption;

use super::authored;
use super::error::Fault;

impl authored::SiteOption {
    pub(super) fn validate(&self) -> Result<SiteOption, Fault> {
        let allowed: Vec<String> = self.allowed.get_ref().iter().map(|value| value.get_ref().clone()).collect();
        if let Some(bad) = self.allowed.get_ref().iter().find(|value| value.get_ref().chars().any(char::is_control)) {
            return Err(Fault::at(bad.span(), "a value is one line of text"));
        }
        let default = self.default.get_ref();
        if !allowed.contains(default) {
            let message = format!("the default {default:?} is not one of the allowed values");
            return Err(Fault::at(self.default.span(), message).help(format!("allowed are {}", allowed.join(", "))));
        }
        Ok(SiteOption { allowed, default: default.clone(), help: self.help.clone() })
    }
}
