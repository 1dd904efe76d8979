"""The demo: a head bank and three banks at work on this machine, under one supervisor that is no bank itself."""
