"""One module a command: ``add(parser)`` says its options, ``run(args, context)`` does it."""
