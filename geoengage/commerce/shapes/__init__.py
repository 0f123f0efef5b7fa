"""Request and answer shapes of commerce, one file a subject."""
