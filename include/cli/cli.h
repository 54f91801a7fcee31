/*
 * cli.h - the subcommands that are no server: check, token, ctl, tools
 *
 * Each takes argc and argv from its own name on (argv[0] is the subcommand) and gives the exit status: 0 fine, 1 may be
 * tried again, 2 the configuration or the usage cannot work.  Results go to standard output, complaints to standard
 * error.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

int cli_check(int argc, char **argv);  /* check [-c FILE] [-s KEY=VALUE] [--print-sample|--print-man|--emit-fd N] */
int cli_token(int argc, char **argv);  /* token NAME [--scopes LIST] [--stores LIST] [--expires DATE] */
int cli_ctl(int argc, char **argv);    /* ctl status|reload|upgrade|drain|stop|reopen [--json] [--wait] */
int cli_doctor(int argc, char **argv); /* doctor [-c FILE] [-s KEY=VALUE] [--json] [STORE] */
int cli_tools(int argc, char **argv);  /* tools [--json] */

#endif
