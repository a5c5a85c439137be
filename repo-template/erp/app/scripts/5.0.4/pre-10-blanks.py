"""Entries have no blanks around them."""

import argparse

import psycopg2

parser = argparse.ArgumentParser()
parser.add_argument("--database", required=True)
# All of it or nothing: a script that was cut off is run again.
with psycopg2.connect(dbname=parser.parse_args().database) as database, database.cursor() as cursor:
    cursor.execute("UPDATE entry SET text = trim(text)")
    cursor.execute("INSERT INTO ran (script) VALUES ('5.0.4/pre-10-blanks.py')")
