#!/bin/sh
# start_kafka.sh PROPERTIES: start the broker; an empty disk is given a cluster id of its own first, by which banks notice that a log is gone.
set -eu

bin=/opt/kafka/bin
if [ ! -f /var/lib/kafka/data/meta.properties ]; then
    "$bin/kafka-storage.sh" format --cluster-id "$("$bin/kafka-storage.sh" random-uuid)" --config "$1"
fi
exec "$bin/kafka-server-start.sh" "$1"
