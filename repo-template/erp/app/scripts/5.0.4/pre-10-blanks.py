"""Entries have no blanks around them."""

import argparse
import sqlite3

parser = argparse.ArgumentParser()
parser.add_argument("--database", required=True)
database = sqlite3.connect(parser.parse_args().database, timeout=10, isolation_level=None)
# All of it or nothing: a script that was cut off is run again.
database.execute("BEGIN IMMEDIATE")
database.execute("UPDATE entry SET text = trim(text)")
database.execute("INSERT INTO ran VALUES ('5.0.4/pre-10-blanks.py')")
database.execute("COMMIT")
