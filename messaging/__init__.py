"""Transport between banks: outbox, relay, consumer, signing, dead letters, peers."""
