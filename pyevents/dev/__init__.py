"""A place to run: a Kafka broker and a schema registry for development and tests, never for production.

`embedded` starts both in one small helper process; `real` starts Apache Kafka and Apicurio Registry.
"""
