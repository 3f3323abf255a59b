/* SPDX-License-Identifier: BSD-3-Clause */
#include "sink/syslog_format.h"

#include <CUnit/CUnit.h>
#include <errno.h>
#include <stdlib.h>
#include <syslog.h>

void test_sink_syslog_format(void);

static void names(void)
{
	static const struct {
		const char *name;
		int number;
	} facilities[] = {{"kern", LOG_KERN}, {"USER", LOG_USER}, {"Mail", LOG_MAIL},
		{"daemon", LOG_DAEMON}, {"auth", LOG_AUTH}, {"syslog", LOG_SYSLOG},
		{"lpr", LOG_LPR}, {"news", LOG_NEWS}, {"uucp", LOG_UUCP}, {"cron", LOG_CRON},
		{"authpriv", LOG_AUTHPRIV}, {"ftp", LOG_FTP}, {"local0", LOG_LOCAL0},
		{"LOG_LOCAL1", LOG_LOCAL1}, {"local2", LOG_LOCAL2}, {"local3", LOG_LOCAL3},
		{"local4", LOG_LOCAL4}, {"local5", LOG_LOCAL5}, {"local6", LOG_LOCAL6},
		{"LoCaL7", LOG_LOCAL7}};
	static const char *const severities[] = {
		"EMERG", "alert", "Crit", "err", "warning", "notice", "info", "LOG_DEBUG"};
	for (size_t i = 0; i < BITS_COUNT(facilities); i++)
		CU_ASSERT_EQUAL(syslog_facility(facilities[i].name) * 8, facilities[i].number);
	for (int i = 0; i < 8; i++)
		CU_ASSERT_EQUAL(syslog_severity(severities[i]), i);
	CU_ASSERT_EQUAL(syslog_facility("local8"), -EINVAL);
	CU_ASSERT_EQUAL(syslog_facility(""), -EINVAL);
	CU_ASSERT_EQUAL(syslog_facility("local"), -EINVAL);
	CU_ASSERT_EQUAL(syslog_severity("none"), -EINVAL);
	CU_ASSERT_EQUAL(syslog_severity("local0"), -EINVAL);
}

static const char *header(
	bool local, int64_t ts_ns, const char *host, const char *app, const char *msgid)
{
	static char buffer[400];
	struct syslog_format f;
	struct text t = text_of(buffer, sizeof(buffer) - 1);
	syslog_format_init(&f, 23 * 8 + 6, local, host, app, 77);
	syslog_header(&f, &t, ts_ns, msgid);
	*t.at = '\0';
	return buffer;
}

static void headers(void)
{
	const int64_t ts = INT64_C(1447977600123456789);
	setenv("TZ", "UTC", 1);
	CU_ASSERT_STRING_EQUAL(header(false, ts, "probe-1", "dnsloupe", ""),
		"<190>1 2015-11-20T00:00:00.123456Z probe-1 dnsloupe 77 - - ");
	CU_ASSERT_STRING_EQUAL(header(false, ts, "a b\x80", "", "dns-gazer.dns.tx"),
		"<190>1 2015-11-20T00:00:00.123456Z a_b_ - 77 dns-gazer.dns.tx - ");
	CU_ASSERT_STRING_EQUAL(
		header(true, ts, "probe-1", "dnsloupe", ""), "<190>Nov 20 00:00:00 dnsloupe[77]: ");
	CU_ASSERT_STRING_EQUAL(header(true, INT64_C(1446681845000000000), "x", "d", ""),
		"<190>Nov  5 00:04:05 d[77]: ");
	CU_ASSERT_STRING_EQUAL(header(true, -1, "x", "d", ""), "<190>Dec 31 23:59:59 d[77]: ");
	unsetenv("TZ");
}

/* Whatever the buffer's size, nothing is written behind it. */
static void small_buffers(void)
{
	char buffer[100];
	struct syslog_format f;
	syslog_format_init(&f, 190, false, "probe", "dnsloupe", 77);
	for (size_t n = 0; n < 60; n++) {
		struct text t = text_of(buffer, n);
		memset(buffer, '!', sizeof(buffer));
		syslog_header(&f, &t, 1, "tag");
		CU_ASSERT(buffer[n] == '!' && (t.full || text_len(&t) <= n));
	}
}

void test_sink_syslog_format(void)
{
	CU_pSuite s = CU_add_suite("sink/syslog_form", NULL, NULL);
	CU_add_test(s, "names", names);
	CU_add_test(s, "headers", headers);
	CU_add_test(s, "small buffers", small_buffers);
}
