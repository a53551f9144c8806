"""postgresql - the queue in PostgreSQL; the only home of psycopg"""
