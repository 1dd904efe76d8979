"""Real Kafka, real PostgreSQL, every bank as the processes it has in production, and everything dying."""
