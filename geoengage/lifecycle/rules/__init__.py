"""What lifecycle metrics mean and how they are worked out, one file a subject. Pure."""
