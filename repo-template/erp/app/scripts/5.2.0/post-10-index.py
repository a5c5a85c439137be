"""Entries are found by their company."""

import argparse
import sqlite3

parser = argparse.ArgumentParser()
parser.add_argument("--database", required=True)
database = sqlite3.connect(parser.parse_args().database, timeout=10, isolation_level=None)
# All of it or nothing: a script that was cut off is run again.
database.execute("BEGIN IMMEDIATE")
database.execute("CREATE INDEX entry_of_company ON entry (company)")
database.execute("INSERT INTO ran VALUES ('5.2.0/post-10-index.py')")
database.execute("COMMIT")
