/* SPDX-License-Identifier: BSD-3-Clause */
/* The text format of syslog: names and numbers of facilities and severities, and message headers.
 */
#ifndef SINK_SYSLOG_FORMAT_H
#define SINK_SYSLOG_FORMAT_H

#include "base/when.h"

#include <time.h>

struct syslog_format {
	unsigned pri; /* facility * 8 + severity (RFC 5424 section 6.2.1) */
	bool local; /* the local daemon's format (RFC 3164 without host) instead of RFC 5424 */
	char host[256]; /* printable ASCII, never empty */
	char app[49];
	char pid[12];
	struct when when;
	time_t second; /* that `timestamp` shows */
	char timestamp[16]; /* "Nov  5 08:02:40" */
};

/* Return the number of a name, in any case, with or without LOG_; -EINVAL: unknown. */
int syslog_facility(const char *name);
int syslog_severity(const char *name);

/* Append all names, "kern, user, ...", for messages. */
void syslog_facilities(struct text *t);
void syslog_severities(struct text *t);

/* Initialises the format. In host and app, octets other than printable ASCII become '_'; an empty
 * one becomes "-", the NILVALUE (RFC 5424 section 6.2). */
void syslog_format_init(struct syslog_format *f, unsigned pri, bool local, const char *host,
	const char *app, long pid);

/*
 * Appends the header of a message. RFC 5424: "<134>1 2026-11-25T20:02:40.123456Z host app 7 msgid -
 * "; local: "<134>Nov 25 20:02:40 app[7]: ", in local time, as local daemons expect it.
 */
void syslog_header(struct syslog_format *f, struct text *t, int64_t ts_ns, const char *msgid);

#endif
