/* SPDX-License-Identifier: BSD-3-Clause */
/* The text of syslog: names and numbers of facility and priority, and what stands before a message.
 */
#ifndef SINK_SYSLOG_FORMAT_H
#define SINK_SYSLOG_FORMAT_H

#include "base/when.h"

#include <time.h>

struct syslog_format {
	unsigned pri; /* facility * 8 + severity (RFC 5424 section 6.2.1) */
	bool local; /* the local daemon's form (RFC 3164 without host) in place of RFC 5424 */
	char host[256]; /* printable ASCII, never empty */
	char app[49];
	char pid[12];
	struct when when;
	time_t second; /* that `stamp` shows */
	char stamp[16]; /* "Nov  5 08:02:40" */
};

/* The number of a name, without regard to case and a leading LOG_; -EINVAL: there is none. */
int syslog_facility(const char *name);
int syslog_severity(const char *name);

/* All names, "kern, user, ...", for messages. */
void syslog_facilities(struct text *t);
void syslog_severities(struct text *t);

/* Host and app as they must stand there: other octets than printable ASCII become '_'; empty: "-".
 */
void syslog_format_init(struct syslog_format *f, unsigned pri, bool local, const char *host,
	const char *app, long pid);

/*
 * Appends all that stands before the message. RFC 5424: "<134>1 2026-11-25T20:02:40.123456Z host
 * app 7 msgid - "; local: "<134>Nov 25 20:02:40 app[7]: ", in local time, as such daemons read it.
 */
void syslog_head(struct syslog_format *f, struct text *t, int64_t ts_ns, const char *msgid);

#endif
