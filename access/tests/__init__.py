"""What access promises, proved on the database the suite runs on."""
