"""Local servers that speak our providers' protocols."""
