"""viewTF: a local page that shows the runs of a server while they are worked on."""
