"""What is compared: teachers, controls, chains of noisy students, and their search."""
