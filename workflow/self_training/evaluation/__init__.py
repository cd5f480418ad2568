"""From predictions to scores, tables and tests of the differences: numbers, no sentences."""
