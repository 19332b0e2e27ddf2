/* The entry points of command.def. */
#ifndef TOOLS_COMMAND_H
#define TOOLS_COMMAND_H

/* Each parses ARGV (argv[0] is the command as shown to the user) and returns the exit status. */
#define C(id, name, function, link, line) int function(int argc, char **argv);
#include "tools/command.def"
#undef C

#endif
