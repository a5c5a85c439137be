//! The JSON Schema of the manifest, for editors and other checkers: what its types say, no more. Names,
//! paths and references are checked by `consign build --plan`.

use std::borrow::Cow;

use consign_metadata::version::Version;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::authored::Manifest;
use super::duration::Span;

/// The file that `consign new` lays down beside the manifest.
pub const SCHEMA_FILE: &str = "consign.schema.json";

/// The schema, draft 2020-12.
pub fn schema() -> Schema {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Manifest>();
    schema.insert("title".to_owned(), "consign.toml".into());
    schema
}

impl JsonSchema for Span {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Span".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^0*[1-9][0-9]*[smhd]$", "description": "a length of time, as in 90s, 30m, 2h, 30d" })
    }
}

/// What `acknowledge` may be.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is wanted")]
pub(super) enum Acknowledge {
    /// All notes, or none.
    Word(AcknowledgeWord),
    /// The notes on these versions.
    Versions(Vec<Version>),
}

#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "only its schema is wanted")]
pub(super) enum AcknowledgeWord {
    None,
    All,
}
