"""Long runs that search for faults nobody planted (`make soak`): they take as long as they are told to."""
