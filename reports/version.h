/* Version of the tool as reports print it. */
#ifndef NPUSIM_REPORTS_VERSION_H
#define NPUSIM_REPORTS_VERSION_H

#ifdef PACKAGE_VERSION
#define REP_VERSION PACKAGE_VERSION
#else
#define REP_VERSION "unknown"
#endif

#endif
