"""What people read: sentences, figures, the workbook, a methods text."""
