//! A host that runs Buildbot, and what it has stored.

use std::collections::BTreeSet;

use crate::host::Host;
use crate::records::RecordClient;

impl Host {
    /// A client whose records are changes, committed to the database before they are acknowledged.
    pub fn buildbot_client(&self) -> RecordClient {
        RecordClient::form(self, "http://127.0.0.1:8010/change_hook/base", |number| {
            format!("author=lab&comments={number}")
        })
    }

    /// The numbers that it shows.
    #[track_caller]
    pub fn buildbot_records(&self) -> BTreeSet<u64> {
        let answer = self.shell("curl -sf 'http://127.0.0.1:8010/api/v2/changes?field=comments'");
        let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
        let changes = answer["changes"].as_array().into_iter().flatten();
        changes.filter_map(|change| change["comments"].as_str()?.parse().ok()).collect()
    }

    /// The revision of the schema: 64 under 3.11.9, 67 under 4.3.0.
    #[track_caller]
    pub fn buildbot_schema(&self) -> String {
        let script = "import sqlite3; print(int(sqlite3.connect('file:/var/lib/buildbot/state.sqlite?mode=ro', \
                      uri=True).execute('select version_num from alembic_version').fetchone()[0]))";
        self.ok(&["python3", "-c", script]).stdout.trim().to_owned()
    }
}
