"""What a user may be allowed to do in messaging."""

END_RECOVERY = "messaging.end_recovery"
DECIDE_DEAD_LETTER = "messaging.decide_dead_letter"
