"""What webhooks promise, proved on the database the suite runs on."""
