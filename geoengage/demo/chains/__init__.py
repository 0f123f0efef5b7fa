"""Two shop chains of the demo: who their customers are and what they bought in two years, planted and written down."""
