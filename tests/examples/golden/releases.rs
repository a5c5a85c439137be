//! What is released, as projects: the example product with everything that body format 3 of the plan brought.
//! The first release has its backup and its probe, so that what is gone back to has them, too; the second is
//! what the host is upgraded to; the third is only offered, and says the rest.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use consign_lab::{Product, Vendor, edit};

use crate::Result;

const SCHEMA: &str = r#"#!/usr/bin/python3
"""The schema that the data is at."""
import sqlite3

rows = sqlite3.connect("/var/lib/canopsis/canopsis.db").execute("SELECT version FROM schema_version")
print(rows.fetchone()[0])
"#;
/// Makes an index, keeps it while it is asked for, and takes it away; that takes its time while a file is there.
const INDEX: &str = r#"#!/usr/bin/python3
"""canopsis-index make|serve|remove"""
import os
import sys
import time

INDEX = "/var/lib/canopsis/index"
if sys.argv[1] == "make":
    open(INDEX, "w").close()
elif sys.argv[1] == "serve":
    print("the index is ready", flush=True)
    time.sleep(3600)
else:
    print("taking the index away", flush=True)
    while os.path.exists("/run/canopsis-hangs"):
        time.sleep(0.02)
    if os.path.exists(INDEX):
        os.unlink(INDEX)
"#;
const NOTE: &str = r#"#!/usr/bin/python3
"""Since 3.26.0 records may have a remark."""
import sqlite3

database = sqlite3.connect("/var/lib/canopsis/canopsis.db", timeout=30)
database.execute("CREATE TABLE IF NOT EXISTS remark (number INTEGER, text TEXT)")
database.commit()
"#;
/// In every release.
const BACKUP: &str = r#"
[backup]
paths = ["/var/lib/canopsis/edition", "/etc/canopsis.conf"]
timeout = "5m"

[[backup.database]]
name = "records"
sqlite = "/var/lib/canopsis/canopsis.db"
user = "canopsis"

[[backup.command]]
name = "log"
save = ["/usr/bin/cp", "/var/lib/canopsis/init.log", "{file}"]
verify = ["/usr/bin/test", "-s", "{file}"]
restore = ["/usr/bin/cp", "{file}", "/var/lib/canopsis/init.log"]
user = "canopsis"

[data]
probe = { command = ["/opt/canopsis/bin/canopsis-schema"], user = "canopsis", timeout = "5s" }
version = "@SCHEMA@"
"#;
const STEPS: &str = r#"
[maintenance]
flag = "/var/lib/canopsis/maintenance"

[[step]]
name = "remarks"
run = ["/usr/bin/python3", "{script}"]
user = "canopsis"
scripts = { folder = "/opt/canopsis/scripts", prefix = "pre" }
on_interrupt = "rerun"
undo = "from-backup"

[[step]]
name = "index"
run = ["/opt/canopsis/bin/canopsis-index", "make"]
user = "canopsis"
on_interrupt = "rerun"
undo = { inverse = ["/opt/canopsis/bin/canopsis-index", "remove"] }

[[step]]
name = "serve"
run = ["/opt/canopsis/bin/canopsis-index", "serve"]
user = "canopsis"
until = { line = "the index is ready", stop = "10s" }
limits = { memory_mib = 256, oom_policy = "stop", oom_score = 100, nice = 5, cpu_weight = 50 }
on_interrupt = "rerun"
undo = "harmless"

[[step]]
name = "init"
undo = "from-backup"
on_interrupt = "rerun"
"#;
const MORE_PARTS: &str = r#"
[[backup.database]]
name = "reports"
postgresql = "reports"
user = "postgres"
socket = "/run/postgresql"
port = 5432

[[backup.database]]
name = "events"
mariadb = "events"
socket = "/run/mysqld/mysqld.sock"

[data]
steps = ["remarks", "init"]
lock = { postgresql = "reports", user = "postgres", socket = "/run/postgresql", port = 5432 }
"#;
const MORE_STEPS: &str = r#"
[[step]]
name = "warm"
run = ["/opt/canopsis/bin/canopsis-index", "serve"]
user = "canopsis"
until = { http = "http://127.0.0.1:8084/ready", exit = true }
limits = { oom_policy = "kill" }
undo = "harmless"

[[step]]
name = "site"
run = ["/usr/local/bin/site-index", "{from}"]
user = "canopsis"
limits = { oom_policy = "continue" }
undo = "harmless"

[[step]]
name = "init"
"#;
const MAINTENANCE: &str = "flag = \"/var/lib/canopsis/maintenance\"\n";
const MORE_MAINTENANCE: &str = r#"flag = "/var/lib/canopsis/maintenance"
enter = ["/usr/bin/touch", "/var/lib/canopsis/quiet"]
leave = ["/usr/bin/rm", "--force", "/var/lib/canopsis/quiet"]
user = "canopsis"
timeout = "30s"
"#;

/// The first one.
pub fn canopsis_3_25_0(vendor: &Vendor) -> Result<PathBuf> {
    let product = Product::canopsis("3.25.0");
    let project = vendor.project(product)?;
    with_backup(&project, product)?;
    Ok(project)
}

/// The one that the golden host is upgraded to, and taken back from.
pub fn canopsis_3_26_0(vendor: &Vendor) -> Result<PathBuf> {
    with_steps(vendor, Product::canopsis("3.26.0"))
}

/// The one after it, of which every part says all that it can say.
pub fn canopsis_3_26_1(vendor: &Vendor) -> Result<PathBuf> {
    let project = with_steps(vendor, Product::canopsis("3.26.1"))?;
    let edits = [
        ("\n[data]\n", MORE_PARTS),
        ("\n[[step]]\nname = \"init\"\n", MORE_STEPS),
        (MAINTENANCE, MORE_MAINTENANCE),
        (
            "supported_from = \"3.25.0\"\n",
            "supported_from = \"3.25.0\"\nrequired_stops = [\"3.26.0\"]\npreparation = \"10m\"\n",
        ),
    ];
    edit(&project.join("consign.toml"), &edits)?;
    Ok(project)
}

fn with_steps(vendor: &Vendor, product: Product) -> Result<PathBuf> {
    let project = vendor.project(product)?;
    with_backup(&project, product)?;
    fs_err::create_dir_all(project.join("tree/scripts/3.26.0"))?;
    program(&project.join("tree/scripts/3.26.0/pre-10-remarks.py"), NOTE)?;
    edit(&project.join("consign.toml"), &[("\n[[step]]\nname = \"init\"\n", STEPS)])?;
    Ok(project)
}

fn with_backup(project: &Path, product: Product) -> Result<()> {
    program(&project.join("tree/bin/canopsis-schema"), SCHEMA)?;
    program(&project.join("tree/bin/canopsis-index"), INDEX)?;
    let backup = format!("{}\n[[health]]\n", BACKUP.replace("@SCHEMA@", &product.schema().to_string()));
    Ok(edit(&project.join("consign.toml"), &[("\n[[health]]\n", &backup)])?)
}

fn program(path: &Path, text: &str) -> Result<()> {
    fs_err::write(path, text)?;
    Ok(fs_err::set_permissions(path, std::fs::Permissions::from_mode(0o755))?)
}
