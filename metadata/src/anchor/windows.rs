//! What only a host with Windows is told of a vendor: who signs its packages for Windows.

use serde::{Deserialize, Serialize};

/// The certificates by which packages must be signed for Windows, beside the vendor's own signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowsPins {
    /// PEM, one or several: who signs, or vouches for who does.
    pub certificates: String,
    /// The same of who says when something was signed. Without them a time stamp says nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_stamps: Option<String>,
}

#[cfg(feature = "authenticode")]
impl WindowsPins {
    /// As a package is verified by them.
    ///
    /// # Errors
    /// [`crate::authenticode::AuthenticodeError`] where one of them is not understood.
    pub fn read(&self) -> Result<crate::authenticode::Pins, crate::authenticode::AuthenticodeError> {
        let pins = crate::authenticode::Pins::of(self.certificates.as_bytes())?;
        match &self.time_stamps {
            Some(pem) => pins.with_time_stampers(pem.as_bytes()),
            None => Ok(pins),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::anchor::Anchor;

    const ANCHOR: &str = r##"{"format": 1, "vendor": "acme", "products": ["erp"], "roles": {},
        "primary": "0123456789ABCDEF0123456789ABCDEF01234567""##;

    #[test]
    fn an_anchor_says_who_signs_for_windows_only_where_somebody_does() {
        let anchor = Anchor::parse(format!("{ANCHOR}}}").as_bytes()).unwrap();
        assert_eq!(anchor.windows, None);
        assert!(!serde_json::to_string(&anchor).unwrap().contains("windows"));
        let pinned = format!("{ANCHOR}, \"windows\": {{\"certificates\": \"PEM\"}}}}");
        let pins = Anchor::parse(pinned.as_bytes()).unwrap().windows.unwrap();
        assert_eq!((pins.certificates.as_str(), pins.time_stamps), ("PEM", None));
        let unknown = pinned.replace("\"PEM\"", "\"PEM\", \"more\": 1");
        assert!(Anchor::parse(unknown.as_bytes()).is_err());
    }
}
