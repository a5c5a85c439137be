"""There is no entry without a company."""

import argparse
import sqlite3

parser = argparse.ArgumentParser()
parser.add_argument("--database", required=True)
database = sqlite3.connect(parser.parse_args().database, timeout=10, isolation_level=None)
# All of it or nothing: a script that was cut off is run again.
database.execute("BEGIN IMMEDIATE")
database.execute("UPDATE entry SET company = 'main' WHERE company IS NULL")
database.execute("INSERT INTO ran VALUES ('5.2.0/pre-10-companies.py')")
database.execute("COMMIT")
