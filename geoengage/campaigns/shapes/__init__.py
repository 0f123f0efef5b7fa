"""Request and answer shapes of campaigns, one file a subject."""
