"""Campaigns: triggers, audience, hours, caps, review. Decides; messaging sends."""
