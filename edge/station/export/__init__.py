"""What leaves the station: report, tables, and messages to the laboratory system."""
