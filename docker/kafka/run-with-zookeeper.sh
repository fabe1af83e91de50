#!/usr/bin/env bash
# Starts a broker of the ZooKeeper mode as soon as ZooKeeper has forgotten the one that was there before.
#
# A broker that was killed leaves its node behind until its session expires. One that starts meanwhile finds the
# node, takes itself for a second broker of the same id, and ends with NodeExists.
#
# usage: run-with-zookeeper.sh [COMMAND...]      default: what the image runs by itself
# environment: KAFKA_ZOOKEEPER_CONNECT, KAFKA_BROKER_ID, ZOOKEEPER_WAIT (seconds, 120)
set -euo pipefail

server=${KAFKA_ZOOKEEPER_CONNECT%%[,/]*}
node=/brokers/ids/${KAFKA_BROKER_ID}
limit=${ZOOKEEPER_WAIT:-120}

# What ZooKeeper knows of sessions and their nodes; its answer to anything that it does not allow has no such head.
sessions() {
  timeout 5 bash -c "exec 3<>/dev/tcp/${server%:*}/${server##*:}; printf dump >&3; cat <&3" 2>&1
}

until answer=$(sessions) && grep -q '^ephemeral nodes dump' <<<"$answer" && ! grep -q "$node\$" <<<"$answer"; do
  if ((SECONDS >= limit)); then
    echo "ZooKeeper at $server has not given up $node within $limit s; it says:" >&2
    echo "$answer" >&2
    exit 1
  fi
  echo "waiting for ZooKeeper at $server to answer and to give up $node" >&2
  sleep 1
done

exec "${@:-/etc/confluent/docker/run}"
