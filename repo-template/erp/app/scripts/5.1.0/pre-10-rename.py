"""What was the text of an entry is its name."""

import argparse
import sqlite3

parser = argparse.ArgumentParser()
parser.add_argument("--database", required=True)
database = sqlite3.connect(parser.parse_args().database, timeout=10, isolation_level=None)
# All of it or nothing: a script that was cut off is run again.
database.execute("BEGIN IMMEDIATE")
database.execute("ALTER TABLE entry RENAME COLUMN text TO name")
database.execute("INSERT INTO ran VALUES ('5.1.0/pre-10-rename.py')")
database.execute("COMMIT")
