"""How near the banks come to what this machine could do at all: ratios of one run, never absolute promises."""
