"""What a bare machine lacks to run the banks, found or set up by the project itself; standard library only."""
