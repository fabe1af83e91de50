#!/usr/bin/env bash
# Gives every user of compose.secure.yml the password of its file, and the registry the rights to its own topics.
#
# usage: make-users.sh FOLDER      with files USER.env, of make-secrets.sh
# environment: KAFKA_BOOTSTRAP_SERVERS, of a listener that asks for no password; KAFKA_WAIT_SECONDS (60)
set -euo pipefail
export PATH=$PATH:/opt/kafka/bin

broker=(--bootstrap-server "$KAFKA_BOOTSTRAP_SERVERS")
until answer=$(timeout 30 kafka-topics.sh "${broker[@]}" --list 2>&1); do
  if ((SECONDS >= ${KAFKA_WAIT_SECONDS:-60})); then
    echo "No Kafka answered at $KAFKA_BOOTSTRAP_SERVERS; it says:" >&2
    tail -n 5 <<<"$answer" >&2
    exit 1
  fi
  sleep 1
done

for file in "$1"/*.env; do
  (
    . "$file"
    # From a file, since others can see the arguments of a program.
    kafka-configs.sh "${broker[@]}" --alter --entity-type users --entity-name "$KAFKA_SASL_USERNAME" \
      --add-config-file <(echo "SCRAM-SHA-512=password=$KAFKA_SASL_PASSWORD")
  )
done

registry=(--add --allow-principal User:schema-registry --operation All)
kafka-acls.sh "${broker[@]}" "${registry[@]}" --resource-pattern-type prefixed --topic kafkasql- --group apicurio-
kafka-acls.sh "${broker[@]}" "${registry[@]}" --topic registry-events
