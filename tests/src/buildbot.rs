//! A host that runs Buildbot, and what it has stored.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::host::Host;
use crate::records::RecordClient;

const CHANGES: &str = "http://127.0.0.1:8010/api/v2/changes?field=comments";
const SOON: Duration = Duration::from_secs(60);

impl Host {
    /// A client whose records are changes, committed to the database before they are acknowledged. It goes on after the
    /// last number that is stored.
    #[track_caller]
    pub fn buildbot_client(&self) -> RecordClient {
        self.wait_until("it answers", SOON, || self.exec(&["curl", "-sf", CHANGES]).success().then_some(()));
        let last = self.buildbot_records().last().copied().unwrap_or_default();
        RecordClient::form_from(last + 1, self, "http://127.0.0.1:8010/change_hook/base", |number| {
            format!("author=lab&comments={number}")
        })
    }

    /// The numbers that it shows.
    #[track_caller]
    pub fn buildbot_records(&self) -> BTreeSet<u64> {
        let answer = self.ok(&["curl", "-sf", CHANGES]).stdout;
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
