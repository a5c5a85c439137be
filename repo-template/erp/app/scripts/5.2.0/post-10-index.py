"""Entries are found by their company."""

import argparse

import psycopg2

parser = argparse.ArgumentParser()
parser.add_argument("--database", required=True)
# All of it or nothing: a script that was cut off is run again.
with psycopg2.connect(dbname=parser.parse_args().database) as database, database.cursor() as cursor:
    cursor.execute("CREATE INDEX entry_of_company ON entry (company)")
    cursor.execute("INSERT INTO ran (script) VALUES ('5.2.0/post-10-index.py')")
