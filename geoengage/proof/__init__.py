"""What a campaign brought: funnels, attribution, and what would not have happened without it."""
