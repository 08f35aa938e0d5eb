"""The subcommands of the command line, each with its options."""
