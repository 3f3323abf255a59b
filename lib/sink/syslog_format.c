/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/syslog_format.h"

#include <errno.h>
#include <stdio.h>
#include <strings.h>

struct name {
	const char *word;
	int number;
};

/* RFC 5424 table 1, by the names of syslog.conf(5); the last rows are alternative names. */
static const struct name facilities[] = {{"kern", 0}, {"user", 1}, {"mail", 2}, {"daemon", 3},
	{"auth", 4}, {"syslog", 5}, {"lpr", 6}, {"news", 7}, {"uucp", 8}, {"cron", 9},
	{"authpriv", 10}, {"ftp", 11}, {"ntp", 12}, {"audit", 13}, {"alert", 14}, {"clock", 15},
	{"local0", 16}, {"local1", 17}, {"local2", 18}, {"local3", 19}, {"local4", 20},
	{"local5", 21}, {"local6", 22}, {"local7", 23}, {"security", 4}};

static const struct name severities[] = {{"emerg", 0}, {"alert", 1}, {"crit", 2}, {"err", 3},
	{"warning", 4}, {"notice", 5}, {"info", 6}, {"debug", 7}, {"panic", 0}, {"error", 3},
	{"warn", 4}};

static int number_of(const struct name *names, size_t count, const char *word)
{
	if (strncasecmp(word, "LOG_", 4) == 0)
		word += 4;
	for (size_t i = 0; i < count; i++)
		if (strcasecmp(word, names[i].word) == 0)
			return names[i].number;
	return -EINVAL;
}

int syslog_facility(const char *name)
{
	return number_of(facilities, BITS_COUNT(facilities), name);
}

int syslog_severity(const char *name)
{
	return number_of(severities, BITS_COUNT(severities), name);
}

static void list(struct text *t, const struct name *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i)
			text_lit(t, ", ");
		text_str(t, names[i].word);
	}
}

void syslog_facilities(struct text *t)
{
	list(t, facilities, BITS_COUNT(facilities));
}

void syslog_severities(struct text *t)
{
	list(t, severities, BITS_COUNT(severities));
}

/* Copies a header field, as RFC 5424 section 6 allows it. */
static void copy_printable(char *to, size_t size, const char *from)
{
	size_t n = 0;
	for (; n < size - 1 && from[n]; n++)
		to[n] = from[n] > ' ' && from[n] < 127 ? from[n] : '_';
	if (n == 0)
		to[n++] = '-';
	to[n] = '\0';
}

void syslog_format_init(struct syslog_format *f, unsigned pri, bool local, const char *host,
	const char *app, long pid)
{
	*f = (struct syslog_format){.pri = pri, .local = local, .second = INT64_MIN};
	copy_printable(f->host, sizeof(f->host), host);
	copy_printable(f->app, sizeof(f->app), app);
	snprintf(f->pid, sizeof(f->pid), "%ld", pid);
}

/* "Nov  5 08:02:40" (RFC 3164 section 4.1.2), in English whatever the locale. */
static void format_timestamp(struct syslog_format *f, time_t second)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	struct tm tm = {0};
	localtime_r(&second, &tm);
	unsigned month = (unsigned)tm.tm_mon % 12, day = (unsigned)tm.tm_mday % 100;
	struct text t = text_of(f->timestamp, sizeof(f->timestamp));
	text_put(&t, months + 3 * month, 3);
	text_format(&t, day < 10 ? "  %u " : " %u ", day);
	text_padded(&t, (unsigned)tm.tm_hour % 100, 2);
	text_char(&t, ':');
	text_padded(&t, (unsigned)tm.tm_min % 100, 2);
	text_char(&t, ':');
	text_padded(&t, (unsigned)tm.tm_sec % 100, 2);
	f->second = second;
}

static void header_local(struct syslog_format *f, struct text *t, int64_t ts_ns)
{
	time_t second = (time_t)(ts_ns / WHEN_NS_PER_S - (ts_ns % WHEN_NS_PER_S < 0));
	if (second != f->second)
		format_timestamp(f, second);
	text_put(t, f->timestamp, 15);
	text_char(t, ' ');
	text_str(t, f->app);
	text_char(t, '[');
	text_str(t, f->pid);
	text_lit(t, "]: ");
}

void syslog_header(struct syslog_format *f, struct text *t, int64_t ts_ns, const char *msgid)
{
	text_char(t, '<');
	text_u64(t, f->pri);
	text_char(t, '>');
	if (f->local) {
		header_local(f, t, ts_ns);
		return;
	}
	text_lit(t, "1 ");
	when_text(&f->when, t, ts_ns);
	if (!t->full) {
		t->at -= 4; /* at most six decimals (RFC 5424 section 6.2.3) */
		text_lit(t, "Z ");
	}
	text_str(t, f->host);
	text_char(t, ' ');
	text_str(t, f->app);
	text_char(t, ' ');
	text_str(t, f->pid);
	text_char(t, ' ');
	text_str(t, msgid[0] ? msgid : "-");
	text_lit(t, " - ");
}
