//! What a module says of Windows, as it is typed.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::manifest::duration::Span;
use crate::manifest::spanned::Spanned;
use crate::package::msi::StartType;

/// `[module.windows]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Windows {
    pub upgrade_code: Option<Spanned<String>>,
    pub name: Option<Spanned<String>>,
    pub install_folder: Option<Spanned<String>>,
    pub data_folder: Option<Spanned<String>>,
    #[serde(default)]
    pub files: Vec<Files>,
    #[serde(default)]
    pub folders: Vec<Folder>,
    #[serde(default)]
    pub registry: Vec<RegistryValue>,
    #[serde(default, rename = "service")]
    pub services: Vec<Service>,
    #[serde(default)]
    pub removed_services: Vec<Spanned<String>>,
    #[serde(default)]
    pub pools: Vec<Spanned<String>>,
}

/// An entry of `files`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WindowsFiles")]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Files {
    pub from: Spanned<String>,
    pub to: Spanned<String>,
    #[serde(default)]
    pub config: bool,
}

/// An entry of `folders`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WindowsFolder")]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Folder {
    pub path: Spanned<String>,
    #[serde(default)]
    pub write: Vec<Spanned<String>>,
    #[serde(default)]
    pub read: Vec<Spanned<String>>,
}

/// An entry of `registry`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct RegistryValue {
    pub key: Spanned<String>,
    pub name: Spanned<String>,
    pub value: Spanned<TextOrNumber>,
}

/// A text, or a number that Windows keeps as one.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
#[allow(missing_docs, reason = "the names say it")]
pub enum TextOrNumber {
    Number(u32),
    Text(String),
}

/// `[[module.windows.service]]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Service {
    pub name: Spanned<String>,
    pub program: Spanned<String>,
    #[serde(default)]
    pub arguments: Option<Spanned<String>>,
    pub account: Spanned<String>,
    pub display: Option<Spanned<String>>,
    pub description: Option<Spanned<String>>,
    pub start: Option<StartType>,
    #[serde(default)]
    pub depends: Vec<Spanned<String>>,
    pub recovery: Option<Spanned<Recovery>>,
}

/// `recovery` of a service.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct Recovery {
    pub restart_after: Vec<Span>,
    pub reset_after: Option<Span>,
}

/// `[windows]`
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/manifest.md describes every key")]
pub struct WindowsSigning {
    pub certificate: Spanned<String>,
    pub time_stamp: Option<Spanned<String>>,
    pub time_stamp_certificate: Option<Spanned<String>>,
    pub pinned: Option<Spanned<String>>,
    pub sign: Option<Spanned<Vec<Spanned<String>>>>,
}
