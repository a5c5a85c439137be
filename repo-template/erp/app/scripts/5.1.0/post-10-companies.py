"""Every entry belongs to a company."""

import argparse
import sqlite3

parser = argparse.ArgumentParser()
parser.add_argument("--database", required=True)
database = sqlite3.connect(parser.parse_args().database, timeout=10, isolation_level=None)
# All of it or nothing: a script that was cut off is run again.
database.execute("BEGIN IMMEDIATE")
database.execute("UPDATE entry SET company = 'main' WHERE company IS NULL")
database.execute("INSERT INTO ran VALUES ('5.1.0/post-10-companies.py')")
database.execute("COMMIT")
