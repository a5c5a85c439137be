"""What was the text of an entry is its name."""

import argparse

import psycopg2

parser = argparse.ArgumentParser()
parser.add_argument("--database", required=True)
# All of it or nothing: a script that was cut off is run again.
with psycopg2.connect(dbname=parser.parse_args().database) as database, database.cursor() as cursor:
    cursor.execute("ALTER TABLE entry RENAME COLUMN text TO name")
    cursor.execute("INSERT INTO ran (script) VALUES ('5.1.0/pre-10-rename.py')")
